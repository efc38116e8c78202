"""The part of the hub that one `delay_ms` sees: a tail, and the groups that stand at its head."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from feed.clock import Clock
from feed.hub.conflate import Held
from feed.hub.group import Group, elements
from feed.hub.interest import Interest
from feed.hub.member import Member
from feed.hub.subscription import Subscription
from feed.hub.tail import Tail
from feed.model.cursor import Cursor
from feed.model.entry import Entry, Item
from feed.model.frame import Frame, moving, update
from feed.model.topic import Filters


class Standing(NamedTuple):
    """Items sorted by topic, all of them there, and the cursor that they are valid at."""

    cursor: str
    items: list[Item]


class Lane:
    """Moves along the log, and with it every group in it.

    All methods run in the loop, to their end. `fell_behind` is called with a member that is to be
    brought up by itself: its cursor is set, and it is in no group any longer.
    """

    def __init__(
        self, epoch: str, tail: Tail, clock: Clock, fell_behind: Callable[[Member], None]
    ) -> None:
        self.tail = tail
        self.groups: dict[Subscription, Group] = {}
        self.users = 0
        self.used_s = self._now_s()
        self.is_closed = False
        self._epoch = epoch
        self._clock = clock
        self._fell_behind = fell_behind
        self._interest: Interest[Group] = Interest()
        self._dirty: dict[Group, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def cursor(self, offset: int) -> str:
        """A place in this lane as clients carry it."""
        return str(Cursor(self._epoch, offset))

    def standing(self, filters: Filters) -> Standing:
        """The items that are there now, and the place that they are valid at."""
        return Standing(self.cursor(self.tail.head), self.tail.current(filters))

    def extend(self, entries: Sequence[Entry]) -> None:
        """What the log appended, in order: note it where it is wanted, and send what is due."""
        self.tail.extend(entries)
        now_s = self._now_s()
        for entry in entries:
            for group in self._interest.of(entry.topic):
                group.note(entry, now_s)
                self._dirty[group] = None
        head = self.tail.head
        for offset, future in self._waiting:
            if offset <= head and not future.done():
                future.set_result(None)
        self._waiting = [(offset, future) for offset, future in self._waiting if offset > head]
        self.flush()

    async def reached(self, offset: int) -> None:
        """Wait until the lane has moved to an offset, or is closed."""
        if self.tail.head < offset and not self.is_closed:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((offset, future))
            await future

    def flush(self) -> None:
        """Send every group what is due, and come back for the others when they are."""
        now_s = self._now_s()
        for group in [group for group in self._dirty if group.due_s <= now_s]:
            del self._dirty[group]
            self._send(group, now_s)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._dirty:
            due_s = min(group.due_s for group in self._dirty)
            self._timer = asyncio.get_running_loop().call_at(due_s, self.flush)

    def _send(self, group: Group, now_s: float) -> None:
        before, head = group.cursor, self.tail.head
        entries = group.take(head, now_s)
        frame = self.frame(entries, head, group.subscription, group.held)
        if frame:
            group.told_s = now_s
            self._push(group, frame, before)
        for member in [member for member in group.late if member.cursor <= head]:
            del group.late[member]
            self._fell_behind(member)  # each in a turn of its own: after a restart they are many
        self._close_if_empty(group)

    def frame(
        self,
        entries: Sequence[Entry],
        upto: int,
        subscription: Subscription,
        held: Held,
        *,
        merge: bool = False,
    ) -> Frame | None:
        """The update that tells matching entries and moves to `upto`; None: nothing to tell."""
        items, events = elements(entries, subscription, held, merge=merge)
        if not items and not events:
            return None
        return update(self.cursor(upto), self._clock.now_ms(), items, events)

    def _push(self, group: Group, frame: Frame, before: int) -> None:
        """Write one frame to every member; who takes no more leaves with its place before it."""
        full = []
        for member in group.members:
            if member.sink.is_full:
                full.append(member)
            else:
                member.sink.write(frame)
        for member in full:
            member.cursor = before
            member.held = Held(resumed=True)  # what it holds is not told apart from the group's
            del group.members[member]
            self._fell_behind(member)

    def join(self, member: Member) -> None:
        """Let a member into the group of its subscription; it holds everything up to its cursor.

        Nothing that it wants may lie between its cursor and the head of this lane.
        """
        subscription = member.subscription
        group = self.groups.get(subscription)
        if group is None:
            group = Group(subscription, self.tail.head, self._now_s())
            self.groups[subscription] = group
            self._interest.add(subscription.filters, group)
        if group.pending or member.cursor > self.tail.head:
            group.late[member] = self._now_s()
        else:
            group.cursor = self.tail.head
            group.members[member] = None
            group.held.join(member.held)

    def leave(self, member: Member) -> None:
        """Take a member out, its cursor up to date; nothing happens when it is in no group."""
        group = self.groups.get(member.subscription)
        if group is None:
            return
        if member in group.members:
            member.cursor = self.place(member)
            del group.members[member]
            member.held = Held(resumed=True)
        elif member in group.late:
            del group.late[member]
        self._close_if_empty(group)

    def place(self, member: Member) -> int:
        """The offset up to which a member was sent everything."""
        group = self.groups.get(member.subscription)
        if group is None or member not in group.members:
            return member.cursor
        return group.cursor if group.pending else self.tail.head

    def _close_if_empty(self, group: Group) -> None:
        """Forget a group that nobody is left in."""
        if group.is_empty:
            del self.groups[group.subscription]
            self._interest.remove(group.subscription.filters, group)
            self._dirty.pop(group, None)

    def beat(self, silence_s: float) -> None:
        """Send a heartbeat to every group that was told nothing for so long."""
        now_s, now_ms = self._now_s(), self._clock.now_ms()
        for group in list(self.groups.values()):
            for member, told_s in group.late.items():
                if now_s - told_s >= silence_s and not member.sink.is_full:
                    group.late[member] = now_s
                    place = self.cursor(max(member.cursor, group.cursor))
                    member.sink.write(moving("heartbeat", place, now=now_ms))
            if now_s - group.told_s < silence_s:
                continue
            group.told_s = now_s
            before = group.cursor
            if not group.pending:
                group.cursor = self.tail.head
            frame = moving("heartbeat", self.cursor(group.cursor), now=now_ms)
            self._push(group, frame, before)
            self._close_if_empty(group)

    def close(self) -> list[Member]:
        """Move no more; gives those who stood here, with their cursors."""
        self.is_closed = True
        if self._timer:
            self._timer.cancel()
        for _, future in self._waiting:
            if not future.done():
                future.set_result(None)
        members = [m for group in self.groups.values() for m in (*group.members, *group.late)]
        for member in members:
            self.leave(member)
        return members
