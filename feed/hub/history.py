"""What prices were, for charts: follows the log, and keeps its bars beyond what it holds.

A bar follows from the log alone, so that every instance makes the same ones, and it does not
matter who keeps them (decision 0014).
"""

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence

from feed.clock import Clock
from feed.errors import FeedError, LogUnavailable
from feed.hub.fold import MINUTE_MS, Fold, Minute
from feed.hub.hub import Hub
from feed.hub.lane import Lane
from feed.hub.points import Point, Span, gather, points_of
from feed.hub.recall import Recall, each_of
from feed.hub.timeline import Timelines
from feed.log.bars import Bars
from feed.log.base import EventLog
from feed.model.bar import standing
from feed.model.entry import Entry

log = logging.getLogger(__name__)

_PAUSE_S = 0.5
"""Between two tries to follow the log."""

_LOOK_S = (0.5, 1.5)
"""How often it is looked whether a minute is over: at random, so that instances take turns."""

_GRACE_MS = 10_000
"""How long after a minute a change of it may still come, by another's clock."""

_PATIENCE_S = 5.0
"""How long who asks waits for what was appended before."""


_AT_ONCE = 512
"""Entries that may wait to be taken in: a millisecond's work."""


class _Following:
    """What is known of one log, read from its first entry on.

    What came last waits in `_later` until somebody asks, or it is much: gone through together it
    costs half as much, since nothing else has been in the caches between.
    """

    def __init__(self, events: EventLog, epoch: str, place: int, fold: Fold, began_ms: int) -> None:
        self.log = events
        self.epoch = epoch
        self.began_ms = began_ms
        self.place = place
        self.fold = fold
        self.timelines = Timelines()
        self.recall = Recall(events)
        self.over: dict[int, Bars] = {}
        self._later: list[Entry] = []

    def extend(self, entries: Sequence[Entry]) -> None:
        """What comes next."""
        self._later += entries
        self.place = entries[-1].offset
        if len(self._later) >= _AT_ONCE:
            self.catch_up()

    def catch_up(self) -> None:
        """Take in all that came."""
        entries, self._later = self._later, []
        self.note(self.fold.extend(entries))
        self.timelines.extend(entries)

    def note(self, minutes: Sequence[Minute]) -> None:
        """They are over, and to be kept."""
        self.over.update(minutes)


class History:
    """Moves along the log beside the lanes. `most`: bars of a minute that the log is to keep.

    `start` to `stop`, which comes before the hub's.
    """

    def __init__(self, hub: Hub, clock: Clock, most: int) -> None:
        self._hub = hub
        self._clock = clock
        self._most = most
        self._following: _Following | None = None
        self._moved = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to follow the log, once there is one."""
        for name, work in (("history", self._run()), ("minutes of history", self._look())):
            self._tasks.append(asyncio.create_task(work, name=name))

    @property
    def place(self) -> int | None:
        """The offset up to which it knows the log; None before there is one."""
        return self._following.place if self._following else None

    async def stop(self) -> None:
        """Follow no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def reached(self, lane: Lane) -> "Past":
        """What is known of the past, once all is that the lane has seen. Raises LogUnavailable."""
        place = lane.tail.head
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    now = self._following
                    if now and now.epoch == lane.epoch and now.place >= place:
                        now.catch_up()
                        return Past(now, lane, self._clock.now_ms())
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise LogUnavailable("the history is still being read") from None

    # ---- following the log ----

    async def _run(self) -> None:
        while True:
            await self._hub.began()
            try:
                await self._follow(self._hub.log)
            except FeedError as error:
                log.debug("the history begins again: %s", error)
            except Exception:  # the task's border: without it there would be no history
                log.exception("the history cannot be read; it is tried again")
            await asyncio.sleep(_PAUSE_S)

    async def _follow(self, events: EventLog) -> None:
        """Read a log from its first entry, and go on as it grows, to its end."""
        now_ms, bounds = self._clock.now_ms(), await events.bounds()
        place = bounds.first - 1
        oldest = await events.read(place, 1)
        fold = Fold(oldest[0].at if oldest else now_ms, is_whole=bounds.first == 1)
        self._following = _Following(events, bounds.epoch, place, fold, now_ms)
        self._moved.set()
        async for entries in events.follow(place):
            self._following.extend(entries)
            self._moved.set()

    # ---- keeping minutes ----

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(random.uniform(*_LOOK_S))
            if self._following is None:
                continue
            try:
                self._following.catch_up()
                await self._end_quiet_minute(self._following)
                await self._keep(self._following)
            except FeedError as error:
                log.debug("a minute cannot be kept now: %s", error)
            except Exception:  # the task's border: without it nothing would be kept
                log.exception("a minute cannot be kept; it is tried again")

    async def _end_quiet_minute(self, now: _Following) -> None:
        """See that a minute is over where nothing came after it that would have said so.

        Only who has read all of the log may: what comes from now on is of a later minute.
        """
        upto_ms = self._clock.now_ms() - _GRACE_MS
        if upto_ms < (now.fold.number + 1) * MINUTE_MS:
            return
        bounds = await now.log.bounds()
        if bounds.head == now.place:
            now.note(now.fold.advance(max(upto_ms, now.began_ms)))

    async def _keep(self, now: _Following) -> None:
        """Keep the minutes that are over, where no other instance has."""
        if now.over:
            now.timelines.trim((await now.log.bounds()).first)
        for number in sorted(now.over):
            if number not in await now.log.bars((), number, number):
                await now.log.keep(number, now.over[number], self._most)
            del now.over[number]


class Past:
    """What was at the moment `now_ms`, as far as a lane has seen it."""

    def __init__(self, known: _Following, lane: Lane, clock_ms: int) -> None:
        self.cursor = lane.cursor(lane.tail.head)
        self.now_ms = max(clock_ms, known.fold.now_ms)
        self.fine_since_ms = known.fold.fine_since_ms
        self._known = known
        self._items = lane.tail.items
        self._place = lane.tail.head

    def events(self, topic: str) -> list[bytes]:
        """The events of a score that the log holds, in order, as frames have them."""
        return self._known.timelines.of(topic, self._place)

    async def points(self, topics: Sequence[str], span: Span) -> Mapping[str, list[Point]]:
        """The points of prices, oldest first. Raises LogUnavailable."""
        known, fold = self._known, self._known.fold
        prices = {
            topic: standing(item.data) for topic in topics if (item := self._items.get(topic))
        }
        recent = [*map(Minute._make, known.over.items()), fold.running()]
        numbers = frozenset(number for number, _ in recent)
        besides = numbers if fold.is_whole else frozenset()
        if span.is_fine:
            told = list(fold.fine(span.first * span.step_ms, topics))
            kept = await known.recall.bars((), span, besides)
        else:
            told = list(each_of(recent, topics))
            kept = await known.recall.bars(topics, span, besides)
        bars = {topic: {**steps} for topic, steps in kept.bars.items()}
        gather(told, span, bars)
        here = {*numbers, self.now_ms // MINUTE_MS}
        attended = kept.units.union(span.unit(number * MINUTE_MS) for number in here)
        return {
            topic: points_of(bars.get(topic, {}), span, prices.get(topic), attended)
            for topic in topics
        }
