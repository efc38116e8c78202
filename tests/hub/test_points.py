"""The points of a chart: which stretches, and what is shown in each."""

import pytest

from feed.hub.points import Point, Span, gather, points_of, span_of
from feed.model.bar import Bar

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
NOW_MS = 20_000 * DAY_MS + 12 * HOUR_MS + 34 * MINUTE_MS + 56_789


def bar(before: str | None, price: str) -> Bar:
    return Bar(before, price, price, price, price)


def flat(price: str) -> Bar:
    return bar(price, price)


@pytest.mark.parametrize(
    ("points", "span_ms", "fine_since_ms", "step_ms", "count"),
    [
        (300, None, 0, MINUTE_MS, 300),
        (1, None, 0, MINUTE_MS, 1),
        (180, 15 * MINUTE_MS, 0, 5_000, 180),
        (300, 15 * MINUTE_MS, 0, 5_000, 180),
        (60, 15 * MINUTE_MS, 0, 15_000, 60),
        (60, 15 * MINUTE_MS, NOW_MS - 15 * MINUTE_MS, 15_000, 60),
        (60, 15 * MINUTE_MS, NOW_MS - 15 * MINUTE_MS + 1, MINUTE_MS, 15),
        (300, 5_000, 0, 5_000, 1),
        (300, 7_000, 0, 5_000, 2),
        (60, HOUR_MS, 0, MINUTE_MS, 60),
        (59, HOUR_MS, 0, 2 * MINUTE_MS, 30),
        (300, DAY_MS, 0, 5 * MINUTE_MS, 288),
        (1000, 31 * DAY_MS, 0, HOUR_MS, 744),
        (7, 7 * DAY_MS, 0, DAY_MS, 7),
        (1, 31 * DAY_MS, 0, 31 * DAY_MS, 1),
        (10, 31 * DAY_MS, 0, 4 * DAY_MS, 8),
    ],
)
def test_the_step_is_as_short_as_so_many_points_allow(
    points: int, span_ms: int | None, fine_since_ms: int, step_ms: int, count: int
) -> None:
    span = span_of(points, span_ms, NOW_MS, fine_since_ms, is_over=False)
    assert (span.step_ms, span.last + 1 - span.first) == (step_ms, count)
    assert span.last * step_ms <= NOW_MS < (span.last + 1) * step_ms
    assert span.is_fine == (step_ms < MINUTE_MS)
    over = span_of(points, span_ms, NOW_MS, fine_since_ms, is_over=True)
    assert over == Span(step_ms, span.first - 1, span.last - 1)


def test_the_minutes_of_a_span_are_also_those_of_the_stretch_after_it() -> None:
    assert Span(MINUTE_MS, 100, 109).minutes == (100, 110)
    assert Span(5_000, 24, 34).minutes == (2, 2)
    assert Span(5_000, 24, 35).minutes == (2, 3)
    assert Span(5 * MINUTE_MS, 2, 3).minutes == (10, 24)


def test_units_are_minutes_or_longer() -> None:
    assert Span(5_000, 0, 0).unit(119_999) == 1
    assert Span(HOUR_MS, 0, 0).unit(119_999) == 0


def test_bars_are_gathered_by_their_stretch() -> None:
    span = Span(2 * MINUTE_MS, 1, 2)
    told = [
        (MINUTE_MS, "price:A", bar("0", "1")),
        (2 * MINUTE_MS, "price:A", bar("1", "2")),
        (3 * MINUTE_MS, "price:B", bar(None, "7")),
        (3 * MINUTE_MS, "price:A", bar("2", "3")),
        (6 * MINUTE_MS, "price:A", bar("3", "4")),
        (8 * MINUTE_MS, "price:A", bar("4", "5")),
    ]
    into = {"price:A": {1: bar("0", "9")}}
    gather(told, span, into)
    assert into == {
        "price:A": {1: Bar("0", "9", "9", "2", "3"), 3: bar("3", "4")},
        "price:B": {1: bar(None, "7")},
    }


SPAN = Span(MINUTE_MS, 10, 14)
ALWAYS = range(100)


def shown(bars: dict[int, Bar], price: str | None, attended: range = ALWAYS) -> dict[int, Bar]:
    points = points_of(bars, SPAN, price, attended)
    assert points == sorted(points, key=lambda point: point.ts)
    return {point.ts // MINUTE_MS: point.bar for point in points}


def test_a_price_that_stands_still_has_points() -> None:
    assert shown({}, "1") == {n: flat("1") for n in range(10, 15)}
    assert points_of({}, Span(MINUTE_MS, 7, 7), "1", ALWAYS) == [Point(7 * MINUTE_MS, flat("1"))]


def test_before_a_bar_stands_what_it_says() -> None:
    assert shown({12: bar("1", "2")}, "2") == {
        10: flat("1"),
        11: flat("1"),
        12: bar("1", "2"),
        13: flat("2"),
        14: flat("2"),
    }


def test_without_word_of_a_price_there_is_no_point() -> None:
    assert shown({}, None) == {}
    assert shown({12: bar(None, "2")}, None) == {12: bar(None, "2")}
    silent_from_11_to_13 = {11: Bar("1"), 13: bar(None, "2")}
    assert shown(silent_from_11_to_13, "2") == {10: flat("1"), 13: bar(None, "2"), 14: flat("2")}


def test_where_nobody_was_there_to_notice_is_no_point() -> None:
    assert shown({10: bar(None, "1")}, "1", range(13)) == {
        10: bar(None, "1"),
        11: flat("1"),
        12: flat("1"),
    }


def test_the_bar_after_the_span_says_what_stood_at_its_end() -> None:
    assert shown({15: bar("1", "2")}, "2") == {n: flat("1") for n in range(10, 15)}
    assert shown({15: bar(None, "2")}, "2") == {}
