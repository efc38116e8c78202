"""Subscribers that want the same and are up to date: one cursor, one frame, the same bytes."""

from collections.abc import Sequence

from feed.hub.conflate import Elements, Held, every, merged, projected
from feed.hub.member import Crowd, Member
from feed.hub.subscription import Subscription
from feed.model.entry import Entry

NOTHING: list[Entry] = []
"""The `pending` of all groups that have none: to look at one of each group's own, which nobody
looked at for long, is a wait for memory. It stays empty."""


class Group(Crowd):
    """One for each subscription that anybody has, within one lane.

    While something is `pending`, its members hold everything up to `cursor`, and nothing of it;
    else they stand at the lane's head. `late` ones have a cursor of their own, at or after it, and
    are brought up right after the next flush, when nothing is pending; with each stands when it
    was told something. `due_s` says when what is pending is to be sent, where it may wait.
    """

    __slots__ = (
        "conflates",
        "cursor",
        "due_s",
        "flushed_s",
        "held",
        "is_patient",
        "is_plain",
        "late",
        "pending",
        "subscription",
        "told_s",
    )

    def __init__(self, subscription: Subscription, now_s: float) -> None:
        super().__init__()
        options = subscription.options
        self.subscription = subscription
        self.is_patient = options.window_ms > 0 or options.conflate_ms > 0
        self.conflates = options.conflate_ms > 0
        self.is_plain = options.conflate_ms == 0 and options.fields is None
        self.cursor = 0
        self.late: dict[Member, float] = {}
        self.pending: list[Entry] = NOTHING
        self.held = Held(resumed=False)
        self.due_s = 0.0
        self.told_s = now_s
        self.flushed_s = -float("inf")


def elements(
    entries: Sequence[Entry], subscription: Subscription, held: Held, *, merge: bool = False
) -> Elements:
    """What a subscription sends of entries that match it. `merge`: its reader has fallen behind."""
    options = subscription.options
    merge = merge or options.conflate_ms > 0
    fields = subscription.interest
    if fields is not None:
        return projected(entries, fields, held, merge=merge)
    return merged(entries) if merge else every(entries)
