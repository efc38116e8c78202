"""The minutes that a log keeps, as the bars of a chart: read once for all who ask for the same."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from feed.hub.fold import MINUTE_MS, Minute
from feed.hub.kept import Kept
from feed.hub.points import Span, Steps, gather
from feed.log.base import EventLog
from feed.model.bar import Bar

_AT_ONCE = 1500
"""Bars that are read at once, which takes about 15 ms, so that others get in between."""

_MOST = 16
"""Answers that are remembered: some megabytes each at the most."""


class Recalled(NamedTuple):
    """The bars of a span, and its `units` of which something is kept, see `Span.unit`."""

    bars: Mapping[str, Steps]
    units: frozenset[int]


class Recall:
    """Reads one log. What it keeps of a minute never changes."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._read = Kept(_MOST)

    async def bars(self, topics: Sequence[str], span: Span, besides: frozenset[int]) -> Recalled:
        """What is kept of a span, but for some minutes. Raises LogUnavailable."""
        key = (*topics, span.step_ms, span.minutes, besides)

        def read() -> "asyncio.Task[Recalled]":
            reading = asyncio.create_task(self._recall(topics, span, besides), name="kept bars")
            reading.add_done_callback(done)
            return reading

        def done(reading: "asyncio.Task[Recalled]") -> None:
            if reading.cancelled() or reading.exception():
                self._read.drop(key)

        return await asyncio.shield(self._read.get(key, read))

    async def _recall(self, topics: Sequence[str], span: Span, besides: frozenset[int]) -> Recalled:
        begin, last = span.minutes
        bars: dict[str, Steps] = {}
        units: set[int] = set()
        some = max(1, _AT_ONCE // max(1, len(topics)))
        for first in range(begin, last + 1, some):
            found = await self._log.bars(topics, first, min(last, first + some - 1))
            minutes = [Minute(*each) for each in found.items() if each[0] not in besides]
            gather(each_of(minutes, topics), span, bars)
            units.update(span.unit(minute.number * MINUTE_MS) for minute in minutes)
        return Recalled(bars, frozenset(units))


def each_of(minutes: Iterable[Minute], topics: Iterable[str]) -> Iterator[tuple[int, str, Bar]]:
    """The bars of some topics: when each begins, its topic and the bar."""
    topics = frozenset(topics)
    for minute in minutes:
        for topic in topics & minute.bars.keys():
            yield minute.number * MINUTE_MS, topic, minute.bars[topic]
