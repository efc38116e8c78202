"""Subscribers that want the same and are up to date: one cursor, one frame, the same bytes."""

from collections.abc import Sequence

from feed.hub.conflate import Elements, Held, every, merged, projected
from feed.hub.member import Member
from feed.hub.subscription import Subscription
from feed.model.entry import Entry


class Group:
    """One for each subscription that anybody has, within one lane.

    `members` hold everything up to `cursor`, and nothing of `pending`. `late` ones have a cursor
    of their own, at or after it, and are brought up right after the next flush, when nothing is
    pending; with each stands when it was told something.
    """

    def __init__(self, subscription: Subscription, cursor: int, now_s: float) -> None:
        self.subscription = subscription
        self.cursor = cursor
        self.members: dict[Member, None] = {}
        self.late: dict[Member, float] = {}
        self.pending: list[Entry] = []
        self.held = Held(resumed=False)
        self.due_s = 0.0
        self.told_s = now_s
        self._flushed_s = -float("inf")

    def note(self, entry: Entry, now_s: float) -> None:
        """Take in a change that the group wants; `due_s` says when it is to be sent."""
        if not self.pending:
            options = self.subscription.options
            gathered = now_s + options.window_ms / 1000
            self.due_s = max(gathered, self._flushed_s + options.conflate_ms / 1000)
        self.pending.append(entry)

    def take(self, head: int, now_s: float) -> list[Entry]:
        """Everything pending, now that it is sent; the group stands at `head` from here on."""
        pending, self.pending = self.pending, []
        self.cursor = head
        self._flushed_s = now_s
        return pending

    @property
    def is_empty(self) -> bool:
        """Whether nobody is left in it."""
        return not self.members and not self.late


def elements(
    entries: Sequence[Entry], subscription: Subscription, held: Held, *, merge: bool = False
) -> Elements:
    """What a subscription sends of entries that match it. `merge`: its reader has fallen behind."""
    merge = merge or subscription.options.conflate_ms > 0
    fields = subscription.interest
    if fields is not None:
        return projected(entries, fields, held, merge=merge)
    return merged(entries) if merge else every(entries)
