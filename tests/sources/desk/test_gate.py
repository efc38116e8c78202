"""What is not believed at once: the rules as tables."""

from decimal import Decimal
from itertools import product

import pytest

from feed.model.codec import JsonObject
from feed.sources.desk.gate import Doubt, alike, begins_anew, doubts, is_another
from tests.support.desk import recent

PHASES = ("pre", "live", "break", "post", "postponed", "abandoned")

FORWARD = {
    "pre": {"pre", "live", "break", "post", "postponed", "abandoned"},
    "live": {"live", "break", "post", "postponed", "abandoned"},
    "break": {"live", "break", "post", "postponed", "abandoned"},
    "post": {"post"},
    "postponed": {"pre", "live", "break", "post", "postponed", "abandoned"},
    "abandoned": {"abandoned"},
}

FALLS: list[tuple[tuple[int, int], tuple[int, int], list[str]]] = [
    ((0, 0), (0, 0), []),
    ((0, 0), (1, 0), []),
    ((0, 0), (3, 2), []),
    ((1, 0), (0, 0), ["home.score"]),
    ((1, 2), (1, 1), ["away.score"]),
    ((2, 2), (0, 0), ["home.score", "away.score"]),
    ((2, 2), (1, 3), ["home.score"]),
]

PRICES: list[tuple[list[str], str, bool]] = [
    ([], "100", True),
    (["100"], "100", True),
    (["100"], "120", True),
    (["100"], "120.01", False),
    (["100"], "80", True),
    (["100"], "79.99", False),
    (["100"], "0", False),
    (["100"], "-100", False),
    (["100"], "100000", False),
    (["100", "110", "120"], "144", True),
    (["100", "110", "120"], "144.1", False),
    (["100", "110", "120"], "76", True),
    (["-10"], "-12", True),
    (["-10"], "-12.1", False),
    (["0"], "0.01", False),
]

DAY_MS = 86_400_000

FOLLOWING: list[tuple[JsonObject, JsonObject, bool]] = [
    ({"phase": "post", "start": 0}, {"phase": "pre", "start": DAY_MS}, True),
    ({"phase": "post", "start": 0}, {"phase": "live", "start": DAY_MS}, True),
    ({"phase": "abandoned", "start": 0}, {"phase": "pre", "start": DAY_MS}, True),
    ({"phase": "postponed", "start": 0}, {"phase": "pre", "start": DAY_MS}, True),
    ({"phase": "live", "start": 0}, {"phase": "pre", "start": DAY_MS}, False),
    ({"phase": "post", "start": 0}, {"phase": "pre", "start": 3_600_000}, False),
    ({"phase": "post", "start": DAY_MS}, {"phase": "pre", "start": 0}, False),
    ({"phase": "post"}, {"phase": "pre", "start": DAY_MS}, False),
]


def match(phase: str, home: int = 0, away: int = 0) -> JsonObject:
    return {"phase": phase, "home": {"score": home}, "away": {"score": away}}


@pytest.mark.parametrize(("before", "after"), [*product(PHASES, PHASES)])
def test_a_phase_goes_on_and_not_back(before: str, after: str) -> None:
    expected = () if after in FORWARD[before] else (
        Doubt("phase", after, before, f"{after} after {before}"),
    )  # fmt: skip
    assert doubts("score", match(before), match(after)) == expected


@pytest.mark.parametrize(("before", "after", "fields"), FALLS)
def test_a_score_does_not_fall(
    before: tuple[int, int], after: tuple[int, int], fields: list[str]
) -> None:
    found = doubts("score", match("live", *before), match("live", *after))
    assert [doubt.field for doubt in found] == fields


def test_a_fall_that_events_tell_of_is_none() -> None:
    before, after = match("live", 2, 2), match("live", 1, 1)
    found = doubts("score", before, after, explained=["home"])
    assert found == (Doubt("away.score", 1, 2, "the score falls without a correction"),)


@pytest.mark.parametrize(("before", "after"), [({}, match("pre")), (match("live", 1), {})])
def test_what_is_not_said_is_not_in_doubt(before: JsonObject, after: JsonObject) -> None:
    assert doubts("score", before, after) == ()


@pytest.mark.parametrize(("before", "price", "believed"), PRICES)
def test_a_price_stays_within_a_band(before: list[str], price: str, *, believed: bool) -> None:
    shown: JsonObject = {"price": before[-1]} if before else {}
    found = doubts("price", shown, {"price": price}, recent(*before))
    why = "further than 20% from what was shown lately"
    assert found == (() if believed else (Doubt("price", price, shown.get("price"), why),))


QUOTES: list[tuple[JsonObject, JsonObject, list[str]]] = [
    ({"bid": "99", "ask": "101"}, {"bid": "98", "ask": "120"}, []),
    ({"bid": "99", "ask": "101"}, {"bid": "9.9", "ask": "101"}, ["bid"]),
    ({"bid": "99", "ask": "101"}, {"bid": "9900", "ask": "10100"}, ["bid", "ask"]),
    ({"bid": "99"}, {"bid": "99", "ask": "1000"}, []),
    ({"bid": "99", "price": "100"}, {"bid": "0.01", "price": "100"}, []),
    ({"bid": "99"}, {"bid": "0.01", "price": "100"}, []),
]


@pytest.mark.parametrize(("shown", "said", "fields"), QUOTES)
def test_quotes_are_held_to_the_band_where_there_is_no_price(
    shown: JsonObject, said: JsonObject, fields: list[str]
) -> None:
    assert [doubt.field for doubt in doubts("price", shown, said)] == fields


def test_a_source_stands_by_a_quote_that_moves_a_little() -> None:
    first, second, third = (Doubt("bid", bid, "100", "") for bid in ("150", "160", "190"))
    assert alike([first], [second])
    assert not alike([first], [third])


def test_the_price_that_is_shown_is_recent_too() -> None:
    assert doubts("price", {"price": "50"}, {"price": "52"}, [Decimal(100)]) == ()


@pytest.mark.parametrize(("before", "after", "expected"), FOLLOWING)
def test_another_match_begins(before: JsonObject, after: JsonObject, *, expected: bool) -> None:
    assert begins_anew(before, after) is expected
    is_held = bool(doubts("score", before, after))
    assert not (expected and is_held)


def test_what_was_over_and_is_yet_to_come_is_another_match() -> None:
    assert is_another(match("post", 2), match("pre"))
    assert not is_another(match("post", 2), match("live"))
    assert not is_another(match("live", 2), match("pre"))


def test_a_source_stands_by_a_price_that_moves_a_little() -> None:
    first, second, third = (Doubt("price", price, "100", "") for price in ("150", "160", "190"))
    assert alike([first], [second])
    assert not alike([first], [third])


def test_a_source_does_not_stand_by_another_score() -> None:
    none, one = Doubt("home.score", 0, 2, ""), Doubt("home.score", 1, 2, "")
    phase = Doubt("phase", "pre", "live", "")
    assert alike([none], [none])
    assert not alike([none], [one])
    assert not alike([none], [phase, none])
