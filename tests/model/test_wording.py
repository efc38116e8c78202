"""What items say to people."""

from datetime import UTC, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.model.codec import Json, JsonObject
from feed.model.wording import (
    compact,
    direction,
    grouped,
    instant,
    integer,
    kicks,
    match_clock,
    match_order,
    signed,
    text,
)

NOW = 1_790_000_000_000
PLAYED = {"ms": 61_000, "at": NOW - 9_000, "running": True}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("x", "x"),
        ("", ""),
        (0, "0"),
        (Decimal("1.50"), "1.50"),
        (None, ""),
        (True, ""),
        (["x"], ""),
        ({"x": "y"}, ""),
    ],
)
def test_text(value: Json, said: str) -> None:
    assert text(value) == said


@pytest.mark.parametrize(
    ("value", "number"),
    [(7, 7), (0, 0), (-1, -1), (True, None), ("7", None), (Decimal(7), None), (None, None)],
)
def test_integer(value: Json, number: int | None) -> None:
    found = integer(value)
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize(
    ("penalties", "said"),
    [
        ([4, 3], {"home": "4", "away": "3"}),
        (["4", None], {"home": "4", "away": ""}),
        ([4], {}),
        ([], {}),
        (None, {}),
        ("43", {}),
    ],
)
def test_kicks(penalties: Json, said: dict[str, str]) -> None:
    assert kicks({"penalties": penalties}) == said


@pytest.mark.parametrize(
    ("decimal", "said"),
    [
        ("", ""),
        ("0", "0"),
        ("999", "999"),
        ("1000", "1,000"),
        ("1234567", "1,234,567"),
        ("1234.56789", "1,234.56789"),
        ("0.00001234", "0.00001234"),
        ("-1412.55", "−1,412.55"),
        ("-0.00", "−0.00"),
        ("+1234", "+1234"),
        ("1e9", "1e9"),
        ("1234.", "1234."),
        ("1٢34", "1٢34"),
        ("1234\n", "1234\n"),
        ("n/a", "n/a"),
    ],
)
def test_grouped(decimal: str, said: str) -> None:
    assert grouped(decimal) == said


@pytest.mark.parametrize(
    ("change", "said", "way"),
    [
        ("1.05", "+1.05", "up"),
        ("1412.55", "+1,412.55", "up"),
        ("+1", "+1", "up"),
        ("-1.05", "−1.05", "down"),
        ("0.00", "0.00", "flat"),
        ("-0.00", "−0.00", "flat"),
        ("1e9", "1e9", "up"),
        ("n/a", "n/a", "flat"),
        ("", "", "flat"),
    ],
)
def test_a_change_has_a_sign_and_a_direction(change: str, said: str, way: str) -> None:
    assert (signed(change), direction(change)) == (said, way)


@pytest.mark.parametrize(
    ("decimal", "said"),
    [
        ("0", "0"),
        ("0.00012345", "0.00012345"),
        ("7.129", "7.12"),
        ("1204.539", "1,204.53"),
        ("9999.9", "9,999.9"),
        ("12049", "12.04 K"),
        ("999999", "999.9 K"),
        ("1000000", "1.000 M"),
        ("3512887000.5", "3.512 B"),
        ("999999999999", "999.9 B"),
        ("1000000000000", "1.000 T"),
        ("12345678901234567", "12,345 T"),
        ("-12049", "-12049"),
        ("many", "many"),
        ("", ""),
    ],
)
def test_compact(decimal: str, said: str) -> None:
    assert compact(decimal) == said


@given(st.decimals(0, 10**30, places=3).map(lambda number: f"{number:f}"))
def test_a_compact_number_is_short_and_never_more_than_it_is(decimal: str) -> None:
    said, _, unit = compact(decimal).replace(",", "").partition(" ")
    worth = Decimal(said) * 1000 ** ["", "K", "M", "B", "T"].index(unit)
    assert worth <= Decimal(decimal)
    assert Decimal(decimal) - worth <= Decimal(decimal) / 1000 + Decimal("0.01")


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        (PLAYED, "1:10"),
        ({**PLAYED, "ms": 4_020_000, "at": NOW - 12_900}, "67:12"),
        ({**PLAYED, "ms": 0, "at": NOW}, "0:00"),
        ({**PLAYED, "ms": 7_325_000, "at": NOW}, "122:05"),
        ({**PLAYED, "running": False}, "1:01"),
        ({**PLAYED, "running": 1}, "1:01"),
        ({**PLAYED, "at": NOW + 9_000}, "1:01"),
        ({**PLAYED, "at": "now"}, "1:01"),
        ({**PLAYED, "rate": Decimal("1.5")}, "1:14"),
        ({**PLAYED, "rate": 60}, "10:01"),
        ({**PLAYED, "rate": 100_000}, "15001:01"),
        ({**PLAYED, "rate": 0}, "1:10"),
        ({**PLAYED, "rate": -3}, "1:10"),
        ({**PLAYED, "rate": True}, "1:10"),
        ({**PLAYED, "rate": "60"}, "1:10"),
        ({**PLAYED, "rate": Decimal("1E+999999999")}, "1:10"),
        ({**PLAYED, "ms": "61000"}, ""),
        ({}, ""),
        ("67:12", ""),
        (None, ""),
    ],
)
def test_a_clock_ticks_from_its_anchor(clock: Json, said: str) -> None:
    assert match_clock({"phase": "live", "clock": clock}, NOW) == said


@pytest.mark.parametrize("phase", ["pre", "break", "post", "postponed", "abandoned", "", None])
def test_a_clock_shows_only_in_play(phase: Json) -> None:
    assert match_clock({"phase": phase, "clock": {**PLAYED}}, NOW) == ""


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"phase": "live", "start": 3}, (0, 3, "score:A")),
        ({"phase": "break", "start": 4}, (0, 4, "score:A")),
        ({"phase": "pre"}, (1, 0, "score:A")),
        ({"phase": "post", "start": "soon"}, (2, 0, "score:A")),
        ({"phase": "postponed"}, (3, 0, "score:A")),
        ({"phase": "abandoned"}, (4, 0, "score:A")),
        ({"phase": "warm-up"}, (1, 0, "score:A")),
        ({}, (1, 0, "score:A")),
    ],
)
def test_what_is_played_comes_first(data: JsonObject, place: tuple[int, int, str]) -> None:
    assert match_order("score:A", data) == place


@pytest.mark.parametrize(
    ("ms", "hours", "said"),
    [
        (NOW, 0, "2026-09-21T14:13:20+00:00"),
        (NOW, 2, "2026-09-21T16:13:20+02:00"),
        (0, 0, "1970-01-01T00:00:00+00:00"),
        (253_370_764_799_000, 14, "9999-01-01T13:59:59+14:00"),
    ],
)
def test_instant(ms: int, hours: int, said: str) -> None:
    moment = instant(ms, timezone(timedelta(hours=hours)))
    assert moment is not None
    assert moment.isoformat() == said


@pytest.mark.parametrize("ms", [None, -1, 253_370_764_800_000, 10**64])
def test_no_instant_beyond_the_calendar(ms: int | None) -> None:
    assert instant(ms, UTC) is None
