"""What the server works out of a price."""

import pytest

from feed.hub.derive import derive
from feed.model.codec import JsonObject

TABLE: list[tuple[JsonObject, set[str], JsonObject]] = [
    # the state after the change, the fields of the change → what follows
    ({}, {"price"}, {}),
    ({"price": "5"}, {"volume"}, {}),
    ({"price": "5"}, {"price"}, {"high": "5", "low": "5"}),
    ({"price": "5", "high": "6", "low": "4"}, {"price"}, {}),
    ({"price": "7.0", "high": "6", "low": "4"}, {"price"}, {"high": "7.0"}),
    ({"price": "3.9", "high": "6", "low": "4"}, {"price"}, {"low": "3.9"}),
    ({"price": "7", "high": "9", "low": "4"}, {"price", "high"}, {}),
    ({"price": "3", "high": "9", "low": "1"}, {"price", "low"}, {}),
    (
        {"price": "191.05", "open": "190.00", "high": "192", "low": "189"},
        {"price"},
        {"change": "1.05", "change_pct": "0.55"},
    ),
    (
        {"price": "9", "open": "5", "prev_close": "10", "high": "9", "low": "9"},
        {"price"},
        {"change": "-1", "change_pct": "-10.00"},
    ),
    (
        {"price": "9999999", "open": "10000000"},
        {"open"},
        {"change": "-1", "change_pct": "0.00"},
    ),
    ({"price": "9", "open": "8"}, {"open"}, {"change": "1", "change_pct": "12.50"}),
    ({"price": "9", "open": "8"}, {"open", "change"}, {"change_pct": "12.50"}),
    ({"price": "9", "open": "8"}, {"open", "change", "change_pct"}, {}),
    ({"price": "9", "open": "0"}, {"open"}, {}),
    (
        {"price": "1e300", "open": "1e-300"},
        {"open"},
        {"change": "1.00000000000000000000000000000000000000000000000000000000000E+300",
         "change_pct": "1.00000000000000000000000000000000000000000000000000000000000E+602"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("state", "given", "derived"), TABLE)
def test_what_follows_from_a_price(state: JsonObject, given: set[str], derived: JsonObject) -> None:
    assert derive(state, given) == derived
