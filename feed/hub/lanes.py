"""The lane of each delay in use, and the tasks that move them along the log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from functools import partial

from feed.clock import Clock
from feed.errors import LogTrimmed, LogUnavailable
from feed.hub.delay import follow_late, lasting, snapshot_at
from feed.hub.lane import Lane
from feed.hub.member import Member
from feed.hub.pages import Pages
from feed.hub.tail import Tail
from feed.hub.traffic import Traffic
from feed.log.base import EventLog, Snapshot
from feed.model.entry import Entry
from feed.model.topic import ALL

log = logging.getLogger(__name__)

_TAIL = 4_096
"""Entries remembered at the head, at most twice as many: some 6 MB, half a busy minute."""

_TAIL_LATE = 1_024
"""The same behind a delay, where nobody else needs them."""

_IDLE_S = 60.0
"""How long a delay that nobody uses is kept up, for pollers that come back."""

_MOST = 100
"""Different delays at once: each costs a table of all items."""

_BUSY_S, _REST_S = 0.001, 0.010
"""From when on a lane is busy, and the longest that it then gathers (protocol section 3)."""


class Lanes:
    """The lanes of one log. That without a delay is always there; others come when asked for.

    They go when they are unused. `failed` ends with the error when the log can be followed no
    longer.
    """

    def __init__(
        self,
        events: EventLog,
        clock: Clock,
        fell_behind: Callable[[Member], None],
        traffic: Traffic,
    ) -> None:
        self.log = events
        self.pages = Pages(events)
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._epoch = ""
        self._clock = clock
        self._fell_behind = fell_behind
        self._traffic = traffic
        self._lanes: dict[int, Lane] = {}
        self._opening: dict[int, asyncio.Task[Lane]] = {}
        self._followers: dict[int, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Read the current items, and follow from there."""
        self._epoch = (await self.log.bounds()).epoch
        tail = Tail(await self.log.items(ALL), _TAIL)
        self.live = self._lanes[0] = self._lane(tail)
        following = _follow(self.live, self.log.follow(tail.head), self._note_latency)
        self._followers[0] = self._start("live lane", following)

    @property
    def late(self) -> int:
        """How many have a delay."""
        return len(self._lanes) - 1

    def close(self) -> list[Member]:
        """Move nobody any more; gives those who stood here, with their cursors."""
        for task in (*self._followers.values(), *self._opening.values()):
            task.cancel()
        return [member for lane in self._lanes.values() for member in lane.close()]

    async def stop(self) -> None:
        """Let every task end, after `close`; the log is not closed."""
        tasks = (*self._followers.values(), *self._opening.values())
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, name: str, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.warning("the %s ends: %s", task.get_name(), error)
        if not self.failed.done():
            self.failed.set_exception(error)

    def _lane(self, tail: Tail) -> Lane:
        return Lane(self._epoch, tail, self.pages, self._clock, self._fell_behind, self._traffic)

    def _note_latency(self, entries: Sequence[Entry]) -> None:
        """What was appended has been handed to the sockets."""
        self._traffic.latency.observe(max(0, self._clock.now_ms() - entries[0].at) / 1000)

    async def of(self, delay_ms: int) -> Lane:
        """The lane of a delay. Raises LogUnavailable, also where too many others are in use."""
        delay_ms = lasting(delay_ms)
        lane = self._lanes.get(delay_ms)
        if lane is None:
            opening = self._opening.get(delay_ms)
            if opening is None:
                opening = asyncio.create_task(self._open(delay_ms))
                self._opening[delay_ms] = opening
                opening.add_done_callback(partial(self._opened, delay_ms))
            await asyncio.wait([opening])  # others wait for the same
            if opening.cancelled():
                raise LogUnavailable("the log begins again")
            lane = opening.result()
        if lane.is_closed:
            raise LogUnavailable("the log is followed no more")
        lane.used_s = asyncio.get_running_loop().time()
        return lane

    def _opened(self, delay_ms: int, opening: "asyncio.Task[Lane]") -> None:
        """Let others try again where it failed; all who waited may have left by then."""
        del self._opening[delay_ms]
        if not opening.cancelled():
            opening.exception()

    async def _open(self, delay_ms: int) -> Lane:
        if self.late + len(self._opening) > _MOST:  # this one is among them
            raise LogUnavailable(f"more than {_MOST} different delays are in use")
        now = partial(_standing, self.live.tail)
        past = await snapshot_at(self.log, now, self._clock.now_ms() - delay_ms)
        lane = self._lanes[delay_ms] = self._lane(Tail(past, _TAIL_LATE))
        following = follow_late(self.log, past.offset, delay_ms, self._clock)
        work = self._follow_late(delay_ms, lane, following)
        self._followers[delay_ms] = self._start(f"lane of {delay_ms} ms", work)
        return lane

    async def _follow_late(
        self, delay_ms: int, lane: Lane, following: AsyncIterator[Sequence[Entry]]
    ) -> None:
        try:
            await _follow(lane, following)
        except LogTrimmed:
            log.warning("retention is shorter than a delay of %d ms: it is reset", delay_ms)
            del self._lanes[delay_ms], self._followers[delay_ms]
            for member in lane.close():
                self._fell_behind(member)

    def is_watched(self, topic: str) -> bool:
        """Whether anybody wants a topic, with whichever delay; but for who is being caught up."""
        return any(lane.is_watched(topic) for lane in self._lanes.values())

    def beat(self, silence_s: float) -> None:
        """Tell those who were told nothing for so long, and let go of delays that nobody uses."""
        now_s = asyncio.get_running_loop().time()
        for delay_ms, lane in list(self._lanes.items()):
            lane.beat(silence_s)
            if lane.users:
                lane.used_s = now_s
            elif delay_ms and now_s - lane.used_s > _IDLE_S:
                self._followers.pop(delay_ms).cancel()
                del self._lanes[delay_ms]
                lane.close()
        self.pages.frames.clear()  # they say when they were sent


async def _follow(
    lane: Lane,
    following: AsyncIterator[Sequence[Entry]],
    moved: Callable[[Sequence[Entry]], None] | None = None,
) -> None:
    """Move a lane along; let it rest for as long as it was busy, `_REST_S` at the most.

    What comes meanwhile goes out together: fewer and larger writes. `moved` is told of it.
    """
    now_s = asyncio.get_running_loop().time
    async for entries in following:
        began_s = now_s()
        lane.extend(entries)
        if moved:
            moved(entries)
        busy_s = now_s() - began_s
        if busy_s > _BUSY_S:
            await asyncio.sleep(min(busy_s, _REST_S))


def _standing(tail: Tail) -> Snapshot:
    return Snapshot(tail.head, list(tail.items.values()))
