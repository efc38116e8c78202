"""What a price was in a stretch of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.model.bar import Bar, opening, standing
from feed.model.codec import JsonObject, encode
from feed.model.entry import Entry, way_back

PRICES = st.sampled_from(["1", "1.0", "2.50", "-3", "1e2", "0.1"])


def _bar(before: str | None, prices: list[str]) -> Bar:
    bar = Bar(before)
    for price in prices:
        bar = bar.told(price)
    return bar


BARS = st.builds(Bar, st.none() | PRICES) | st.builds(
    _bar, st.none() | PRICES, st.lists(PRICES, min_size=1)
)


def _entry(data: JsonObject | None, back: JsonObject | None) -> Entry:
    text = None if data is None else encode(data)
    undo = None if back is None else way_back(1000, back)
    return Entry(40, 3000, "price:A", 8, 2000, b"{}", None, text, undo)


def test_first_highest_lowest_and_last() -> None:
    bar = _bar("5", ["100.5", "99", "1e2", "101.00", "100.50"])
    assert bar == Bar("5", "100.5", "101.00", "99", "100.50")


def test_equal_prices_stay_as_they_were_first_written() -> None:
    bar = _bar(None, ["1.0", "1.00", "1"])
    assert bar == Bar(None, "1.0", "1.0", "1.0", "1")
    assert bar.told("1") is bar


def test_prices_are_compared_as_numbers() -> None:
    assert _bar(None, ["9", "10", "-2", "-10"]) == Bar(None, "9", "10", "-10", "-10")


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (Bar("1"), Bar("2"), Bar("1")),
        (Bar("1"), Bar("9", "3", "3", "3", "3"), Bar("1", "3", "3", "3", "3")),
        (Bar("1", "3", "3", "3", "3"), Bar("3"), Bar("1", "3", "3", "3", "3")),
        (
            Bar(None, "3", "4", "2", "3"),
            Bar("3", "1", "3", "1", "3"),
            Bar(None, "3", "4", "1", "3"),
        ),
        (
            Bar(None, "3", "4", "2", "3"),
            Bar("3", "3", "5", "3", "4"),
            Bar(None, "3", "5", "2", "4"),
        ),
    ],
)
def test_two_stretches_are_one(one: Bar, other: Bar, both: Bar) -> None:
    assert one.then(other) == both


@given(BARS, BARS, BARS)
def test_it_does_not_matter_which_are_joined_first(a: Bar, b: Bar, c: Bar) -> None:
    assert a.then(b).then(c) == a.then(b.then(c))


@pytest.mark.parametrize(
    ("data", "price"),
    [
        ({"price": "1"}, "1"),
        ({"price": "1", "state": "live", "book": {"price": "2"}}, "1"),
        ({"price": "1", "state": "closed"}, "1"),
        ({"price": "1", "state": "stale"}, None),
        ({"price": "1", "state": "down"}, None),
        ({"price": "1", "state": "halted"}, None),
        ({"bid": "1"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_price_that_an_item_shows(data: JsonObject | None, price: str | None) -> None:
    assert standing(None if data is None else encode(data)) == price


@pytest.mark.parametrize(
    ("data", "back", "bar"),
    [
        ({"price": "2"}, None, Bar(None, "2", "2", "2", "2")),
        ({"price": "2"}, {"price": "1"}, Bar("1", "2", "2", "2", "2")),
        ({"price": "2"}, {"bid": "1"}, Bar("2", "2", "2", "2", "2")),
        ({"price": "2"}, {"price": None}, Bar(None, "2", "2", "2", "2")),
        ({"price": "2", "state": "live"}, {"state": "stale"}, Bar(None, "2", "2", "2", "2")),
        ({"price": "2", "state": "live"}, {"state": None}, Bar("2", "2", "2", "2", "2")),
        ({"price": "2", "state": "stale"}, {"state": "live"}, Bar("2")),
        ({"price": "2", "state": "stale"}, {"price": "1"}, Bar(None)),
        ({"price": "2", "state": "halted"}, {"state": None, "price": "1"}, Bar("1")),
        ({"bid": "2"}, {"price": "1"}, Bar("1")),
        (None, {"price": "1", "state": "live"}, Bar("1")),
        (None, {"price": "1", "state": "down"}, Bar(None)),
    ],
)
def test_one_entry_says_what_it_told_and_what_stood_before(
    data: JsonObject | None, back: JsonObject | None, bar: Bar
) -> None:
    assert opening(_entry(data, back)) == bar
