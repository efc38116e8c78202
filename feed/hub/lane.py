"""The part of the hub that one `delay_ms` sees: a tail, and the groups that stand at its head."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from feed.clock import Clock
from feed.hub.conflate import Held, every, versions
from feed.hub.group import NOTHING, Group, elements
from feed.hub.interest import Interest
from feed.hub.kept import Kept
from feed.hub.member import Member, write
from feed.hub.pages import Pages
from feed.hub.subscription import Subscription
from feed.hub.tail import Tail
from feed.hub.traffic import Traffic
from feed.model.cursor import Cursor
from feed.model.entry import Entry, Item
from feed.model.frame import Frame, Heading, heading, plain, update
from feed.model.payload import Heartbeat
from feed.model.topic import Filters

_MOST_KEPT = 64
"""Different answers at one head: more would be those of clients who want each something else."""


_TOGETHER = 64
"""Groups whose frames are made at once, before any is written: megabytes at the most."""


class Standing(NamedTuple):
    """Items sorted by topic, all of them there, and the cursor that they are valid at."""

    cursor: str
    items: list[Item]


class Lane:
    """Moves along the log, and with it every group in it.

    All methods run in the loop, to their end. `kept`: what was made for one who asked at this
    head, until the lane moves. `fell_behind` is called with a member that is to be
    brought up by itself: its cursor is set, and it is in no group any longer.
    """

    def __init__(
        self,
        epoch: str,
        tail: Tail,
        pages: Pages,
        clock: Clock,
        fell_behind: Callable[[Member], None],
        traffic: Traffic,
    ) -> None:
        self.epoch = epoch
        self.tail = tail
        self.pages = pages
        self.groups: dict[Subscription, Group] = {}
        self.users = 0
        self.used_s = self._now_s()
        self.is_closed = False
        self.kept = Kept(_MOST_KEPT)
        self.traffic = traffic
        self._clock = clock
        self._fell_behind = fell_behind
        self._interest: Interest[Group] = Interest()
        self._gathering: dict[Group, None] = {}
        self._awaited: set[Group] = set()  # those that may have late members
        self._timer: asyncio.Handle | None = None
        self._timer_s = float("inf")
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def cursor(self, offset: int) -> str:
        """A place in this lane as clients carry it."""
        return str(Cursor(self.epoch, offset))

    def standing(self, filters: Filters) -> Standing:
        """The items that are there now, and the place that they are valid at."""
        return Standing(self.cursor(self.tail.head), self.tail.current(filters))

    def extend(self, entries: Sequence[Entry]) -> None:
        """What the log appended, in order: note it where it is wanted, and send what may not wait.

        The body of the inner loop runs once for each delivery.
        """
        before, now_s = self.tail.head, self._now_s()
        self.tail.extend(entries)
        self.kept.clear()
        ready: list[Group] = []
        wanted_by = self._interest.of
        for entry in entries:
            for group in wanted_by(entry.topic):
                if group.pending:
                    group.pending.append(entry)
                    continue
                group.pending = [entry]
                group.cursor = before
                if group.is_patient:
                    self._gather(group, now_s)
                else:
                    ready.append(group)
        head = self._heading(self.tail.head)
        self._send(ready, now_s, head)
        if self._timer_s <= now_s:
            self._send_gathered()
        if self._waiting:
            self._wake_waiting()

    def _gather(self, group: Group, now_s: float) -> None:
        """Let a group wait for more, from the first of what is pending on."""
        options = group.subscription.options
        gathered_s = now_s + options.window_ms / 1000
        group.due_s = max(gathered_s, group.flushed_s + options.conflate_ms / 1000)
        self._gathering[group] = None
        if group.due_s < self._timer_s:
            self._come_back(group.due_s)

    def _come_back(self, due_s: float) -> None:
        """Have one timer, for the first that is due; infinite: none is.

        uvloop's handle does not tell when, where that is now: so `_timer_s` does.
        """
        if self._timer:
            self._timer.cancel()
        self._timer, self._timer_s = None, due_s
        if due_s < float("inf"):
            self._timer = asyncio.get_running_loop().call_at(due_s, self._send_gathered)

    def _send_gathered(self) -> None:
        """Send what has waited long enough, and come back for the rest when it has."""
        now_s, head = self._now_s(), self._heading(self.tail.head)
        due = [group for group in self._gathering if group.due_s <= now_s]
        for group in due:
            del self._gathering[group]
            group.flushed_s = now_s
        self._send(due, now_s, head)
        self._come_back(min((group.due_s for group in self._gathering), default=float("inf")))

    def _wake_waiting(self) -> None:
        head = self.tail.head
        for offset, future in self._waiting:
            if offset <= head and not future.done():
                future.set_result(None)
        self._waiting = [(offset, future) for offset, future in self._waiting if offset > head]

    async def reached(self, offset: int) -> None:
        """Wait until the lane has moved to an offset, or is closed."""
        if self.tail.head < offset and not self.is_closed:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((offset, future))
            await future

    def _heading(self, upto: int) -> Heading:
        return heading(self.cursor(upto), self._clock.now_ms())

    def _send(self, groups: Sequence[Group], now_s: float, head: Heading) -> None:
        """Tell groups what is pending; they stand at the head from here on."""
        for start in range(0, len(groups), _TOGETHER):
            some = groups[start : start + _TOGETHER]
            told = []
            for group in some:
                pending, group.pending = group.pending, NOTHING
                new = (
                    every(pending)
                    if group.is_plain
                    else elements(pending, group.subscription, group.held)
                )
                if new.items or new.events:
                    group.told_s = now_s
                    frame = update(head, new.items, new.events)
                    if group.conflates:
                        frame.merged = versions(pending) - len(new.items)
                    told.append((group, frame))
            self._push(told)
            for group in self._awaited.intersection(some):
                self._bring_up_late(group)
                self._forget_empty(group)

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
        new = elements(entries, subscription, held, merge=merge)
        if not (new.items or new.events):
            return None
        frame = update(self._heading(upto), new.items, new.events)
        if merge or subscription.options.conflate_ms:
            frame.merged = versions(entries) - len(new.items)
        return frame

    def _push(self, told: Sequence[tuple[Group, Frame]]) -> None:
        """Write groups their frames; who takes no more leaves with its place before it."""
        full = write(told)
        self.traffic.told(told, full)
        for group, member in full:
            member.cursor = group.cursor
            member.held = Held(resumed=True)  # what it holds is not told apart from the group's
            group.remove(member)
            self._fell_behind(member)
            self._forget_empty(group)

    def _bring_up_late(self, group: Group) -> None:
        for member in [member for member in group.late if member.cursor <= self.tail.head]:
            del group.late[member]
            self._fell_behind(member)  # each in a turn of its own: after a restart they are many
        if not group.late:
            self._awaited.discard(group)

    def join(self, member: Member) -> None:
        """Let a member into the group of its subscription; it holds everything up to its cursor.

        Nothing that it wants may lie between its cursor and the head of this lane.
        """
        subscription = member.subscription
        group = self.groups.get(subscription)
        if group is None:
            group = Group(subscription, self._now_s())
            self.groups[subscription] = group
            self._interest.add(subscription.filters, group)
        if group.pending or member.cursor > self.tail.head:
            group.late[member] = self._now_s()
            self._awaited.add(group)
        else:
            group.add(member)
            if subscription.options.fields:
                group.held.join(member.held)
        member.subscription = group.subscription  # the same for all, where each came with its own

    def leave(self, member: Member) -> None:
        """Take a member out, its cursor up to date; nothing happens when it is in no group."""
        group = self.groups.get(member.subscription)
        if group is None:
            return
        if member.crowd is group:
            member.cursor = self.place(member)
            group.remove(member)
            member.held = Held(resumed=True)
        elif member in group.late:
            del group.late[member]
        self._forget_empty(group)

    def is_watched(self, topic: str) -> bool:
        """Whether anybody here wants a topic."""
        return self._interest.is_in(topic)

    def place(self, member: Member) -> int:
        """The offset up to which a member was sent everything."""
        group = self.groups.get(member.subscription)
        if group is None or member.crowd is not group:
            return member.cursor
        return group.cursor if group.pending else self.tail.head

    def _forget_empty(self, group: Group) -> None:
        """Let go of a group that nobody is left in."""
        if not group and not group.late:
            del self.groups[group.subscription]
            self._interest.remove(group.subscription.filters, group)
            self._gathering.pop(group, None)
            self._awaited.discard(group)

    def beat(self, silence_s: float) -> None:
        """Send a heartbeat to every group that was told nothing for so long."""
        now_s, now_ms = self._now_s(), self._clock.now_ms()
        for group in list(self.groups.values()):
            if not group.pending:
                group.cursor = self.tail.head
            for member, told_s in group.late.items():
                if now_s - told_s >= silence_s and not member.sink.is_full:
                    group.late[member] = now_s
                    place = self.cursor(max(member.cursor, group.cursor))
                    member.sink.write(plain(Heartbeat(cursor=place, now=now_ms)))
            if now_s - group.told_s >= silence_s:
                group.told_s = now_s
                place = self.cursor(group.cursor)
                self._push([(group, plain(Heartbeat(cursor=place, now=now_ms)))])

    def close(self) -> list[Member]:
        """Move no more; gives those who stood here, with their cursors."""
        self.is_closed = True
        if self._timer:
            self._timer.cancel()
        for _, future in self._waiting:
            if not future.done():
                future.set_result(None)
        members = [m for group in self.groups.values() for m in (*group, *group.late)]
        for member in members:
            self.leave(member)
        return members
