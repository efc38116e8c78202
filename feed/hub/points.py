"""The points of a chart: of which stretches of time, and what is shown in each. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from feed.hub.fold import MINUTE_MS, SLOT_MS
from feed.model.bar import Bar

_HOUR_MS, _DAY_MS = 60 * MINUTE_MS, 24 * 60 * MINUTE_MS
_FINE_MS = (SLOT_MS, 10_000, 15_000, 20_000, 30_000)
_COARSE_MS = (
    *(minutes * MINUTE_MS for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR_MS for hours in (1, 2, 4, 6, 12, 24)),
)


class Span(NamedTuple):
    """Stretches of `step_ms` each, the first and the last by how many of them after the epoch."""

    step_ms: int
    first: int
    last: int

    @property
    def is_fine(self) -> bool:
        """Whether bars of a minute are too long for it."""
        return self.step_ms < MINUTE_MS

    @property
    def minutes(self) -> tuple[int, int]:
        """The first and the last minute that it touches, or the stretch after it."""
        end_ms = (self.last + 2) * self.step_ms
        return self.first * self.step_ms // MINUTE_MS, (end_ms - 1) // MINUTE_MS

    def unit(self, at_ms: int) -> int:
        """The stretch of a moment, or its minute where that is longer."""
        return at_ms // max(self.step_ms, MINUTE_MS)


Steps: TypeAlias = dict[int, Bar]
"""The bars of one topic by their stretch."""


class Point(NamedTuple):
    """A bar and when its stretch begins."""

    ts: int
    bar: Bar


def span_of(
    points: int, span_ms: int | None, now_ms: int, fine_since_ms: int, *, is_over: bool
) -> Span:
    """The last `points` minutes; or the last `span_ms`, in as short steps as so many points allow.

    The stretch of `now_ms` is the last one, or the one before where it must be over. Of what was
    before `fine_since_ms` no step is below a minute.
    """
    if span_ms is None:
        step_ms, count = MINUTE_MS, points
    else:
        fine_ms = _FINE_MS if now_ms - span_ms >= fine_since_ms else ()
        steps = (step for step in (*fine_ms, *_COARSE_MS) if step * points >= span_ms)
        step_ms = next(steps, -(-span_ms // (points * _DAY_MS)) * _DAY_MS)
        count = -(-span_ms // step_ms)
    last = now_ms // step_ms - is_over
    return Span(step_ms, last + 1 - count, last)


def gather(bars: Iterable[tuple[int, str, Bar]], span: Span, into: dict[str, Steps]) -> None:
    """Add bars, each with when it begins and its topic, in their order, to those of a span.

    That of the stretch after the span is wanted too: it says what stood at its end.
    """
    for begin_ms, topic, bar in bars:
        step = begin_ms // span.step_ms
        if span.first <= step <= span.last + 1:
            steps = into.setdefault(topic, {})
            had = steps.get(step)
            steps[step] = had.then(bar) if had else bar


def points_of(
    bars: Mapping[int, Bar], span: Span, price: str | None, attended: Collection[int]
) -> list[Point]:
    """The points of one topic, oldest first: bars, and what stood still between them.

    `price`: what stands at the end. `attended`: the units in which somebody would have noticed a
    change. Where there was no word of a price there is no point.
    """
    points = []
    after = bars.get(span.last + 1)
    price = after.before if after else price
    for step in range(span.last, span.first - 1, -1):  # since each bar says what stood before it
        ts, bar = step * span.step_ms, bars.get(step)
        if bar is None:
            if price is not None and span.unit(ts) in attended:
                points.append(Point(ts, Bar(price, price, price, price, price)))
        else:
            if bar.close:
                points.append(Point(ts, bar))
            price = bar.before
    points.reverse()
    return points
