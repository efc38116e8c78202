"""The minutes that a log keeps, as the bars of a chart: read once for all who ask for the same."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from feed.hub.fold import MINUTE_MS, Minute
from feed.hub.kept import Kept
from feed.hub.points import Span, Steps, gather
from feed.log.base import EventLog
from feed.model.bar import Bar

_AT_ONCE = 240
"""Minutes that are read at once, so that others get in between."""

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

    async def bars(self, topics: Sequence[str], span: Span, upto: int) -> Recalled:
        """What is kept of a span up to a minute. Raises LogUnavailable."""
        first, last = span.minutes
        last = min(last, upto)
        key = (*topics, span.step_ms, first, last)

        def read() -> "asyncio.Task[Recalled]":
            reading = asyncio.create_task(self._recall(topics, span, last), name="kept bars")
            reading.add_done_callback(done)
            return reading

        def done(reading: "asyncio.Task[Recalled]") -> None:
            if reading.cancelled() or reading.exception():
                self._read.drop(key)

        return await asyncio.shield(self._read.get(key, read))

    async def _recall(self, topics: Sequence[str], span: Span, last: int) -> Recalled:
        bars: dict[str, Steps] = {}
        units: set[int] = set()
        for first in range(span.minutes[0], last + 1, _AT_ONCE):
            found = await self._log.bars(topics, first, min(last, first + _AT_ONCE - 1))
            minutes = [Minute(number, each) for number, each in found.items()]
            gather(told(minutes, topics), span, bars)
            units.update(span.unit(minute.number * MINUTE_MS) for minute in minutes)
        return Recalled(bars, frozenset(units))


def told(minutes: Iterable[Minute], topics: Iterable[str]) -> Iterator[tuple[int, str, Bar]]:
    """The bars of some topics: when each begins, its topic and the bar."""
    topics = frozenset(topics)
    for minute in minutes:
        for topic in topics & minute.bars.keys():
            yield minute.number * MINUTE_MS, topic, minute.bars[topic]
