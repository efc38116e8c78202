from decimal import Decimal

import pytest

from feed.errors import BadInput
from feed.model.codec import Json
from feed.sources.moments import Unit, to_ms


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (4000, "ms", 4000),
        ("4000", "ms", 4000),
        ("1475798400.25", "s", 1_475_798_400_250),
        (Decimal("1.5"), "s", 1500),
        ("2016-10-07", "iso", 1_475_798_400_000),
        ("2016-10-07T00:00:01Z", "iso", 1_475_798_401_000),
        ("2024-03-13T11:10:41.270099Z", "iso", 1_710_328_241_270),
        ("2016-10-07T02:00:00+02:00", "iso", 1_475_798_400_000),
    ],
)
def test_a_time_is_milliseconds(value: Json, unit: Unit, expected: int) -> None:
    assert to_ms(value, unit) == expected


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        ("noon", "ms"),
        ("", "s"),
        (True, "ms"),
        (None, "s"),
        ("NaN", "ms"),
        ("Infinity", "ms"),
        ("1e30", "ms"),
        ("1e9999999", "s"),
        (Decimal("1e9999999"), "s"),
        (-1, "ms"),
        ("yesterday", "iso"),
        (4000, "iso"),
    ],
)
def test_what_is_no_time_is_refused(value: Json, unit: Unit) -> None:
    with pytest.raises(BadInput):
        to_ms(value, unit)
