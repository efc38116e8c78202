"""The hub: follows the log, and leads every subscriber along it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from feed.clock import Clock
from feed.errors import LogUnavailable
from feed.hub.catchup import begin_again, begins_anew, bring_up, new_topics, restart
from feed.hub.conflate import Held
from feed.hub.following import Following
from feed.hub.lane import Lane
from feed.hub.member import Member
from feed.hub.plan import plan
from feed.hub.subscription import Subscription
from feed.hub.traffic import Traffic
from feed.log.base import EventLog
from feed.model.cursor import Cursor
from feed.model.entry import Item
from feed.model.frame import plain
from feed.model.payload import Heartbeat
from feed.model.topic import NONE

log = logging.getLogger(__name__)

_RETRY_S = 1.0
"""Between two tries to read a log that is out of reach."""


class Hub:
    """Knows every member and the lane that it stands in. Runs in one loop, `start` to `stop`."""

    def __init__(
        self, open_log: Callable[[], Awaitable[EventLog]], clock: Clock, heartbeat_s: float
    ) -> None:
        self.clock = clock
        self.heartbeat_s = heartbeat_s
        self.members: dict[Member, Lane] = {}
        self.behind: dict[Member, None] = {}
        self.traffic = Traffic()
        self._following = Following(open_log, clock, heartbeat_s, self._fell_behind, self.traffic)

    async def start(self) -> None:
        """Open the log and follow it. A server that keeps it may come later, and it begins then.

        Raises what opening it raises.
        """
        await self._following.start()

    async def stop(self) -> None:
        """Let every task end, and let go of the log; nothing is sent any more."""
        tasks = [member.catching_up for member in self.behind if member.catching_up]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._following.stop()

    @property
    def has_begun(self) -> bool:
        """Whether there is a log. Before that, whatever needs one raises LogUnavailable."""
        return self._following.began.is_set()

    async def began(self) -> None:
        """Wait until there is a log."""
        await self._following.began.wait()

    @property
    def failed(self) -> "asyncio.Future[None]":
        """Ends with the error when the log can no longer be told: the process must stop."""
        return self._following.failed

    @property
    def log(self) -> EventLog:
        """The log that is followed now. Raises LogUnavailable before there is one."""
        return self._following.lanes.log

    @property
    def epoch(self) -> str:
        """The log's."""
        return self.live.epoch

    @property
    def live(self) -> Lane:
        """The lane without a delay."""
        return self._following.lanes.live

    @property
    def head(self) -> int:
        """The newest offset that this instance has read."""
        return self.live.tail.head

    @property
    def delays(self) -> int:
        """How many lanes there are behind the live one."""
        return self._following.lanes.late

    def current(self, topic: str) -> Item | None:
        """A topic's item as this instance has read it; None where it never was there."""
        return self.live.tail.items.get(topic)

    async def lane(self, delay_ms: int) -> Lane:
        """The lane of a delay. Raises LogUnavailable, also where too many others are in use."""
        return await self._following.lanes.of(delay_ms)

    async def subscribe(
        self,
        member: Member,
        wanted: Subscription,
        acknowledge: Callable[[bool], None],
        *,
        cursor: Cursor | None = None,
        with_snapshot: bool = True,
    ) -> None:
        """Change what a member wants; a new member begins so.

        With a cursor it resumes there, or is reset. Without, it keeps its place: what is older of
        its other topics is sent, and then, `with_snapshot`, the items of the topics that are new
        to it. `acknowledge` is called before, with whether it resumed. Raises ConnectionError
        once the connection is closed, and LogUnavailable: the member keeps what it had then.
        """
        await self._halt(member)
        try:
            first = lane = await self.lane(wanted.options.delay_ms)
            if cursor is not None:
                await self._come_back(member, lane, wanted, cursor, acknowledge)
            else:
                if begins_anew(member, wanted):
                    first = await self._finish(member, lane)
                self._add(member, first, wanted, with_snapshot=with_snapshot)
                acknowledge(False)  # noqa: FBT003  (the callable's one argument)
            if member.cursor <= first.tail.head:
                with suppress(LogUnavailable):  # it is tried again, in the background
                    await bring_up(first, member)
            if first is not lane:
                self.enter(member, lane)
        finally:
            self._go_on(member)

    async def _finish(self, member: Member, lane: Lane) -> Lane:
        """Tell a member what is older by what it wanted so far: events of it would be lost else.

        Gives where it stands then: in the lane that it goes to, or in its own where it is ahead.
        """
        if lane.tail.head < member.cursor:
            lane = self.members[member]
        self.enter(member, lane)
        if member.cursor <= lane.tail.head:
            await bring_up(lane, member)
        return lane

    async def _come_back(
        self,
        member: Member,
        lane: Lane,
        wanted: Subscription,
        cursor: Cursor,
        acknowledge: Callable[[bool], None],
    ) -> None:
        bounds = await lane.pages.bounds(cursor.offset)
        step = plan(cursor, bounds, lane.tail.first, lane.tail.head)
        self.enter(member, lane)
        member.subscription = wanted
        self.traffic.begun["reset" if step.is_reset else "resumed"] += 1
        acknowledge(not step.is_reset)
        if step.is_reset:
            await restart(lane, member, step)
        else:
            member.cursor, member.held = cursor.offset, Held(resumed=True)

    def _add(
        self, member: Member, lane: Lane, wanted: Subscription, *, with_snapshot: bool
    ) -> None:
        if member not in self.members:
            member.cursor = lane.tail.head
        self.enter(member, lane)
        before, member.subscription = member.subscription, wanted
        if before.filters == NONE != wanted.filters:
            self.traffic.begun["snapshot"] += 1
        fresh = new_topics(before, wanted)
        if member.owed is not None:
            fresh = fresh.plus(member.owed).within(wanted.filters)
        waits = with_snapshot or member.owed is not None
        is_owed = fresh != NONE or (waits and wanted.filters != NONE)
        member.owed = fresh if is_owed else None

    def enter(self, member: Member, lane: Lane) -> None:
        """Note the lane that a member stands in from now on, of another epoch maybe."""
        before = self.members.get(member)
        if before and before.epoch != lane.epoch:
            begin_again(lane, member)
        self._leave_lane(member)
        self.members[member] = lane
        lane.users += 1

    def leave(self, member: Member) -> None:
        """Let a member go, whose sink takes no more. Idempotent."""
        self.behind.pop(member, None)
        if member.catching_up:
            member.catching_up.cancel()
        self._leave_lane(member)

    def _leave_lane(self, member: Member) -> None:
        if lane := self.members.pop(member, None):
            lane.leave(member)
            lane.users -= 1

    async def _halt(self, member: Member) -> None:
        """Stop sending to a member, between two frames."""
        self.behind.pop(member, None)
        if member.catching_up:
            member.catching_up.cancel()
            await asyncio.wait([member.catching_up])
            member.catching_up = None
        if lane := self.members.get(member):
            lane.leave(member)

    def _go_on(self, member: Member) -> None:
        lane = self.members.get(member)
        if lane is None:
            return  # it left while it was being served
        if lane.is_closed or member.cursor < lane.tail.head or member.owed is not None:
            self._fell_behind(member)
        else:
            lane.join(member)

    def _fell_behind(self, member: Member) -> None:
        self.behind[member] = None
        member.catching_up = asyncio.create_task(self._bring_up(member), name="hub catch-up")

    async def _bring_up(self, member: Member) -> None:
        """Read the log for a member until it stands at the head, and let it in again there."""
        try:
            lane = await self._brought_up(member)
        except ConnectionError:
            return
        except Exception:
            log.exception("a subscriber could not be caught up; it is cut and comes back")
            member.sink.abort()
            return
        self.behind.pop(member, None)
        member.catching_up = None
        lane.join(member)

    async def _brought_up(self, member: Member) -> Lane:
        while True:
            try:
                lane = await self.lane(member.subscription.options.delay_ms)
                self.enter(member, lane)
                await self._until_reached(member, lane)
                if not lane.is_closed:
                    await bring_up(lane, member)
            except LogUnavailable as error:
                log.warning("a subscriber cannot catch up yet: %s", error)
                await asyncio.sleep(_RETRY_S)
            else:
                if not lane.is_closed:
                    return lane

    async def _until_reached(self, member: Member, lane: Lane) -> None:
        """Wait for a lane that is behind a member which is owed items as of its place."""
        while member.owed is not None and lane.tail.head < member.cursor and not lane.is_closed:
            try:
                async with asyncio.timeout(self.heartbeat_s):
                    await lane.reached(member.cursor)
            except TimeoutError:
                place, now_ms = lane.cursor(member.cursor), self.clock.now_ms()
                member.sink.write(plain(Heartbeat(cursor=place, now=now_ms)))

    def place(self, member: Member) -> str | None:
        """A cursor that a member may come back with: everything up to it has been sent.

        None while nothing of what it wants was: it may come back with what it came with.
        """
        lane = self.members.get(member)
        if lane is None or (member.told == NONE and member.subscription.filters != NONE):
            return None
        return lane.cursor(lane.place(member))

    def lag(self, member: Member) -> int:
        """How many entries of the log, wanted by it or not, came after a member's place.

        They are counted as its lane has them: a delay that was asked for is no lag.
        """
        lane = self.members.get(member, self.live)
        return max(0, lane.tail.head - lane.place(member))

    def is_watched(self, topic: str) -> bool:
        """Whether anybody here follows a topic now; looked up, however many they are."""
        return self._following.lanes.is_watched(topic)

    def watching(self, topics: Sequence[str]) -> int:
        """How many subscribers want any of these topics."""
        return sum(member.subscription.filters.match_any(topics) for member in self.members)
