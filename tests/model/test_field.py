"""What the protocol says of an item's fields, rule by rule."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import Fault
from feed.model.codec import Json, JsonObject
from feed.model.field import check_fields, check_value, exact, moment
from tests.model.values import shape

DECIMAL = 'expected a decimal, such as "191.05"'
STRING = "expected a string"
INTEGER = "expected an integer"
MOMENT = "expected milliseconds since the Unix epoch, an integer"
FLAG = "expected true or false"
OBJECT = "expected an object"
STATE = "expected one of live, stale, closed, halted, down"
PHASE = "expected one of pre, live, break, post, postponed, abandoned"
NUMBER = "a number over 64 characters or beyond a double"

STRINGS: list[Json] = ["", "x", "Zürich \U0001f600"]
NO_STRINGS: list[Json] = [1, True, Decimal("1.5"), [], {}]
MOMENTS: list[Json] = [0, 1_790_000_000_000, 8_640_000_000_000_000]
NO_MOMENTS: list[Json] = [-1, 8_640_000_000_000_001, True, Decimal("1.0"), "1", [], {}]
COUNTS: list[Json] = [0, 2, -1]
NO_COUNTS: list[Json] = [True, "2", Decimal("2.0"), [], {}]
DECIMALS: list[Json] = ["191.05", "-0.5", "1e5", 5, Decimal("191.05")]
NO_DECIMALS: list[Json] = ["", "1,5", "x", True, [], {}]

PRICES = [
    *("price", "bid", "ask", "size", "volume", "open", "high", "low"),
    *("prev_close", "change", "change_pct"),
]
SIDES: list[tuple[str, str, list[Json], list[Json], str]] = [
    ("score", "home", [{}, {"further": 1}], ["ARS", 1, True, []], OBJECT),
    ("score", "home.name", STRINGS, NO_STRINGS, STRING),
    ("score", "home.abbr", STRINGS, NO_STRINGS, STRING),
    ("score", "home.score", COUNTS, NO_COUNTS, INTEGER),
]
RULES: list[tuple[str, str, list[Json], list[Json], str]] = [
    *(("price", name, DECIMALS, NO_DECIMALS, DECIMAL) for name in PRICES),
    ("price", "currency", STRINGS, NO_STRINGS, STRING),
    ("price", "name", STRINGS, NO_STRINGS, STRING),
    ("price", "why", STRINGS, NO_STRINGS, STRING),
    (
        "price",
        "state",
        ["live", "stale", "closed", "halted", "down"],
        ["", "Live", 1, True, [], {}],
        STATE,
    ),
    ("score", "state", ["live", "down"], ["open", 1], STATE),
    ("score", "why", STRINGS, NO_STRINGS, STRING),
    ("score", "name", STRINGS, NO_STRINGS, STRING),
    ("score", "sport", STRINGS, NO_STRINGS, STRING),
    ("score", "league", STRINGS, NO_STRINGS, STRING),
    ("score", "period", STRINGS, NO_STRINGS, STRING),
    ("score", "start", MOMENTS, NO_MOMENTS, MOMENT),
    (
        "score",
        "phase",
        ["pre", "live", "break", "post", "postponed", "abandoned"],
        ["over", 1, False, ["live"], {}],
        PHASE,
    ),
    ("score", "clock", [{}, {"further": 1}], ["1H", 1, True, []], OBJECT),
    ("score", "clock.ms", COUNTS, NO_COUNTS, INTEGER),
    ("score", "clock.at", MOMENTS, NO_MOMENTS, MOMENT),
    ("score", "clock.running", [True, False], [0, 1, "true", [], {}], FLAG),
    *SIDES,
    *((r[0], r[1].replace("home", "away"), *r[2:]) for r in SIDES),
]


def _fields(name: str, value: Json) -> JsonObject:
    """`clock.ms` and a value → an item with that field."""
    outer, _, inner = name.partition(".")
    return {outer: {inner: value} if inner else value}


@pytest.mark.parametrize(
    ("kind", "name", "good", "bad", "message"), RULES, ids=[f"{r[0]}-{r[1]}" for r in RULES]
)
def test_every_rule(kind: str, name: str, good: list[Json], bad: list[Json], message: str) -> None:
    for value in [*good, None]:  # a null removes, in a patch, and so fits everywhere
        assert check_fields(kind, _fields(name, value), "$.set") == []
    for value in bad:
        assert check_fields(kind, _fields(name, value), "$.set") == [
            Fault(f"$.set.{name}", message)
        ]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("price", {"home": "x", "clock": 1, "phase": 1, "score": "x", "further": [{"price": 1}]}),
        ("score", {"price": "x", "quarters": [[1, 2], None], "home": {"name": "A", "fouls": 3}}),
        ("score", {"clock": None, "home": None, "away": None}),
        ("price", {}),
    ],
)
def test_further_fields_are_carried_through(kind: str, fields: JsonObject) -> None:
    assert check_fields(kind, fields, "$") == []


def test_every_fault_is_told() -> None:
    fields: JsonObject = {
        "home": {"score": "2", "name": 1},
        "start": "today",
        "clock": [],
        "further": 10**64,
    }

    assert sorted(check_fields("score", fields, "$[3].data")) == [
        Fault("$[3].data.clock", OBJECT),
        Fault("$[3].data.further", NUMBER),
        Fault("$[3].data.home.name", STRING),
        Fault("$[3].data.home.score", INTEGER),
        Fault("$[3].data.start", MOMENT),
    ]


@pytest.mark.parametrize("value", MOMENTS)
def test_moments(value: Json) -> None:
    assert moment(value) is None


@pytest.mark.parametrize("value", [*NO_MOMENTS, None])
def test_no_moments(value: Json) -> None:
    assert moment(value) == MOMENT


def taken(kind: str, fields: JsonObject) -> JsonObject:
    """The fields as they are carried, which must be without faults."""
    faults: list[Fault] = []
    carried = exact(kind, fields, "$", faults)
    assert faults == []
    return carried


def test_exact_makes_strings_of_the_decimals_of_a_price() -> None:
    fields: JsonObject = {
        "price": Decimal("70000.00"),
        "bid": 5,
        "ask": "1.10",
        "volume": None,
        "further": Decimal("1.50"),
        "name": "5",
    }

    assert taken("price", fields) == {
        "price": "70000.00",
        "bid": "5",
        "ask": "1.10",
        "volume": None,
        "further": Decimal("1.50"),
        "name": "5",
    }
    assert fields["price"] == Decimal("70000.00")


def test_exact_leaves_a_score() -> None:
    assert taken("score", {"price": 1, "home": {"score": 2}}) == {"price": 1, "home": {"score": 2}}


def test_exact_leaves_what_is_at_fault_and_says_it() -> None:
    fields: JsonObject = {"price": "1,5", "bid": Decimal("1.50")}
    faults = [Fault("$", "there before")]

    assert exact("price", fields, "$.set", faults) is fields
    assert faults == [Fault("$", "there before"), Fault("$.set.price", DECIMAL)]


PLAIN: list[JsonObject] = [
    {},
    {"price": "191.05", "bid": "-0.5", "ask": "007.10", "volume": "0"},
    {"price": "9" * 31 + "." + "9" * 31, "low": "-" + "9" * 31 + "." + "9" * 31},
    {"currency": "USD", "name": "", "why": "x", "state": "halted", "t": "2026-11-22T23:26:12Z"},
]
VALUES: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from(["1", "1.5", "1e5", "1E400", "-1e-400", ".5", "5.", "", "live", "Live", "é"]),
    st.sampled_from(
        ["\ud800", "9" * 31, "9" * 32, "0." + "9" * 32, "9" * 64, "9" * 65, "1\n", "١"]
    ),
    st.sampled_from([None, True, 0, -5, 10**30, 10**64, [], {"a": 1}, {"price": "x"}, ["\ud800"]]),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.text(max_size=5),
)


@pytest.mark.parametrize("fields", PLAIN)
def test_what_most_prices_hold_is_carried_as_it_is(fields: JsonObject) -> None:
    assert taken("price", fields) is fields


@given(st.dictionaries(st.sampled_from([*PRICES, "name", "state", "t", "é", "\ud800"]), VALUES))
def test_what_is_looked_at_once_is_judged_as_all_else(fields: JsonObject) -> None:
    beside: JsonObject = {"further": [1]}  # nothing that most prices hold: every rule is asked
    faults: list[Fault] = []
    thorough: list[Fault] = []
    carried = exact("price", fields, "$", faults)
    carried_thoroughly = exact("price", fields | beside, "$", thorough)

    assert faults == thorough == check_fields("price", fields, "$")
    assert shape(carried | beside) == shape(carried_thoroughly)


def _arrays(depth: int) -> Json:
    value: Json = []
    for _ in range(depth - 1):
        value = [value]
    return value


def _objects(depth: int) -> Json:
    value: Json = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def test_depth() -> None:
    assert check_value(_arrays(16), "$") == []
    assert check_value(_objects(16), "$") == []
    assert check_value(_arrays(17), "$") == [Fault("$" + "[0]" * 16, "nested deeper than 16")]
    assert check_value(_objects(17), "$") == [Fault("$" + ".a" * 16, "nested deeper than 16")]
    assert check_fields("price", {"further": _arrays(15)}, "$.set") == []
    assert check_fields("price", {"further": _arrays(16)}, "$.set") == [
        Fault("$.set.further" + "[0]" * 15, "nested deeper than 16")
    ]


def test_depth_counts_what_is_within_not_beside() -> None:
    assert check_value([_arrays(15)] * 100, "$") == []


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        ([1, Decimal("1E+309")], [Fault("$[1]", NUMBER)]),
        ({"a": [{"b": 10**64}]}, [Fault("$.a[0].b", NUMBER)]),
        ([True, None, False, "x", 1, Decimal("1.5")], []),
        ("\ud800", [Fault("$", "a lone surrogate")]),
        (["ok", "\U0001f600", "x\udfff"], [Fault("$[2]", "a lone surrogate")]),
        ({"\ud800": 1}, [Fault("$", "a lone surrogate")]),
        ({"a": {"\ud800": "\ud800"}, "b": "\ud800"}, None),
    ],
)
def test_what_no_value_may_hold(value: Json, faults: list[Fault] | None) -> None:
    if faults is None:
        faults = [Fault("$.a", "a lone surrogate"), Fault("$.b", "a lone surrogate")]
    assert check_value(value, "$") == faults


def test_a_fault_can_always_be_sent() -> None:
    value: Json = {"\ud800": {"x": 10**64, "\udfff": "\ud800"}, "ü": "\ud800"}
    faults = check_value(value, "$")

    assert [fault.path.encode() for fault in faults] == [b"$", "$.ü".encode()]


def test_a_float_is_no_value_of_the_feed() -> None:
    with pytest.raises(AssertionError):
        check_value(1.5, "$")  # type: ignore[arg-type]
