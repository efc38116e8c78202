"""The hub: follows the log, and leads every subscriber along it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

from feed.clock import Clock
from feed.errors import LogUnavailable
from feed.hub.catchup import catch_up, new_topics, restart, send_snapshot
from feed.hub.conflate import Held
from feed.hub.delay import follow_late, snapshot_at
from feed.hub.lane import Lane
from feed.hub.member import Member
from feed.hub.plan import plan
from feed.hub.subscription import Subscription
from feed.hub.tail import Tail
from feed.log.base import EventLog
from feed.model.cursor import Cursor
from feed.model.entry import Entry, Item
from feed.model.topic import ALL, NONE

log = logging.getLogger(__name__)

_TAIL = 4_096
"""Entries remembered at the head, at most twice as many: some 6 MB, half a busy minute."""

_TAIL_LATE = 1_024
"""The same behind a delay, where nobody else needs them."""

_RETRY_S = 1.0
"""Between two tries to read a log that is out of reach."""

_IDLE_S = 60.0
"""How long a delay that nobody uses is kept up, for pollers that come back."""


class Hub:
    """Owns one lane for each `delay_ms` in use. Runs in one loop, between `start` and `stop`.

    `failed` ends with the error when the log can no longer be followed: the process must stop.
    """

    def __init__(self, events: EventLog, clock: Clock, heartbeat_s: float) -> None:
        self.log = events
        self.clock = clock
        self.heartbeat_s = heartbeat_s
        self.epoch = ""
        self.members: set[Member] = set()
        self.behind: dict[Member, None] = {}
        self._lanes: dict[int, Lane] = {}
        self._opening = asyncio.Lock()
        self._tasks: dict[int | str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Read the current items, and follow from there."""
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.epoch = (await self.log.bounds()).epoch
        tail = Tail(await self.log.items(ALL), _TAIL)
        self._run(0, tail, self.log.follow(tail.head))
        self._start("heartbeat", self._beat())

    async def stop(self) -> None:
        """Let every task end; nothing is sent any more."""
        for lane in self._lanes.values():
            lane.close()
        tasks = [*self._tasks.values()]
        tasks += [member.catching_up for member in self.members if member.catching_up]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
        to it. `acknowledge` is called in between, with whether it resumed. Raises ConnectionError
        once the connection is closed, LogUnavailable.
        """
        await self._halt(member)
        try:
            lane = await self.lane(wanted.options.delay_ms)
            if cursor is not None:
                await self._come_back(member, lane, wanted, cursor, acknowledge)
            else:
                await self._add(member, lane, wanted, acknowledge, with_snapshot=with_snapshot)
        finally:
            self._go_on(member)  # also where it could not be done: it keeps what it had

    async def _come_back(
        self,
        member: Member,
        lane: Lane,
        wanted: Subscription,
        cursor: Cursor,
        acknowledge: Callable[[bool], None],
    ) -> None:
        step = plan(cursor, await self.log.bounds(), lane.tail.first, lane.tail.head)
        self.members.add(member)
        member.subscription = wanted
        acknowledge(not step.is_reset)
        if step.is_reset:
            await restart(lane, member, step.value)
        else:
            member.cursor, member.held = cursor.offset, Held(resumed=True)

    async def _add(
        self,
        member: Member,
        lane: Lane,
        wanted: Subscription,
        acknowledge: Callable[[bool], None],
        *,
        with_snapshot: bool,
    ) -> None:
        if member in self.members:
            await lane.reached(member.cursor)
            await catch_up(self.log, lane, member)
        else:
            self.members.add(member)
            member.cursor = lane.tail.head
        acknowledge(False)  # noqa: FBT003  (the callable's one argument)
        before, member.subscription = member.subscription, wanted
        fresh = new_topics(before, wanted)
        if fresh == wanted.filters:
            member.held = Held(resumed=False)
        if fresh != NONE or (with_snapshot and wanted.filters != NONE):
            await send_snapshot(lane, member, fresh)

    async def leave(self, member: Member) -> None:
        """Let a member go; its cursor is where it was. Idempotent."""
        self.members.discard(member)
        await self._halt(member)

    async def _halt(self, member: Member) -> None:
        """Stop sending to a member, between two frames."""
        self.behind.pop(member, None)
        if member.catching_up:
            member.catching_up.cancel()
            await asyncio.wait([member.catching_up])
            member.catching_up = None
        self._lanes[member.subscription.options.delay_ms].leave(member)

    def _go_on(self, member: Member) -> None:
        if member not in self.members:
            return  # it left while it was being served
        lane = self._lanes[member.subscription.options.delay_ms]
        if member.cursor < lane.tail.head:
            self._fell_behind(member)
        else:
            lane.join(member)

    def _fell_behind(self, member: Member) -> None:
        self.behind[member] = None
        member.catching_up = asyncio.create_task(self._bring_up(member), name="hub catch-up")

    async def _bring_up(self, member: Member) -> None:
        """Read the log for a member until it stands at the head, and let it in again there."""
        try:
            while True:
                lane = await self.lane(member.subscription.options.delay_ms)
                try:
                    await catch_up(self.log, lane, member)
                    break
                except LogUnavailable as error:
                    log.warning("a subscriber cannot catch up yet: %s", error)
                    await asyncio.sleep(_RETRY_S)
        except ConnectionError:
            return
        except Exception:
            log.exception("a subscriber could not be caught up; it is cut and comes back")
            member.sink.abort()
            return
        self.behind.pop(member, None)
        member.catching_up = None
        lane.join(member)

    @property
    def live(self) -> Lane:
        """The lane without a delay."""
        return self._lanes[0]

    @property
    def head(self) -> int:
        """The newest offset that this instance has read."""
        return self.live.tail.head

    def current(self, topic: str) -> Item | None:
        """A topic's item as this instance has read it; None where it never was there."""
        return self.live.tail.items.get(topic)

    async def lane(self, delay_ms: int) -> Lane:
        """The lane of a delay; made when it is first asked for."""
        async with self._opening:
            lane = self._lanes.get(delay_ms)
            if lane is None:
                snapshot = await snapshot_at(self.log, self.clock.now_ms() - delay_ms)
                tail = Tail(snapshot, _TAIL_LATE)
                late = follow_late(self.log, tail.head, delay_ms, self.clock)
                lane = self._run(delay_ms, tail, late)
            lane.used_s = asyncio.get_running_loop().time()
            return lane

    def place(self, member: Member) -> str:
        """A cursor that a member may come back with: everything up to it has been sent."""
        lane = self._lanes[member.subscription.options.delay_ms]
        return lane.cursor(lane.place(member))

    def watching(self, topics: Sequence[str]) -> int:
        """How many subscribers want any of these topics."""
        return sum(
            any(member.subscription.filters.matches(topic) for topic in topics)
            for member in self.members
        )

    def _run(self, delay_ms: int, tail: Tail, following: AsyncIterator[Sequence[Entry]]) -> Lane:
        lane = self._lanes[delay_ms] = Lane(self.epoch, tail, self.clock, self._fell_behind)
        self._start(delay_ms, _follow(lane, following))
        return lane

    def _start(self, name: int | str, work: Coroutine[None, None, None]) -> None:
        task = self._tasks[name] = asyncio.create_task(work, name=f"hub {name}")
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Nobody may be left without news in silence: what fails here stops the process."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("the %s failed: the log can no longer be told", task.get_name(), exc_info=error)
        if not self.failed.done():
            self.failed.set_exception(error)

    async def _beat(self) -> None:
        """Tell who was told nothing; look a few times in each period, and drop unused delays."""
        while True:
            await asyncio.sleep(min(1.0, self.heartbeat_s / 8))
            for delay_ms, lane in list(self._lanes.items()):
                lane.beat(self.heartbeat_s)
                if delay_ms:
                    self._drop_if_idle(delay_ms, lane)

    def _drop_if_idle(self, delay_ms: int, lane: Lane) -> None:
        now_s = asyncio.get_running_loop().time()
        if any(member.subscription.options.delay_ms == delay_ms for member in self.members):
            lane.used_s = now_s  # also by who is behind, and in no group of it
        elif now_s - lane.used_s > _IDLE_S:
            self._tasks.pop(delay_ms).cancel()
            del self._lanes[delay_ms]
            lane.close()


async def _follow(lane: Lane, following: AsyncIterator[Sequence[Entry]]) -> None:
    async for entries in following:
        lane.extend(entries)
