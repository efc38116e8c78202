import pytest

from feed.commands.number import compact, direction, grouped, signed


@pytest.mark.parametrize(
    ("decimal", "shown"),
    [
        ("1234.50", "1,234.50"),
        ("-1234567", "-1,234,567"),
        ("999", "999"),
        ("0.12345", "0.12345"),
        ("1e5", "1e5"),
        ("", ""),
    ],
)
def test_grouped(decimal: str, shown: str) -> None:
    assert grouped(decimal) == shown


@pytest.mark.parametrize(
    ("decimal", "shown", "way"),
    [
        ("1.05", "+1.05", "up"),
        ("-1.05", "-1.05", "down"),
        ("0.00", "0.00", ""),
        ("-0.00", "-0.00", ""),
        ("n/a", "n/a", ""),
    ],
)
def test_signed(decimal: str, shown: str, way: str) -> None:
    assert (signed(decimal), direction(decimal)) == (shown, way)


@pytest.mark.parametrize(
    ("decimal", "shown"),
    [
        ("4.0321", "4.032"),
        ("473", "473"),
        ("9999.9", "9999"),
        ("12999", "12.99K"),
        ("1234567.8", "1.234M"),
        ("999999999999", "999.9B"),
        ("12345678901234567", "12345T"),
        ("many", "many"),
    ],
)
def test_compact(decimal: str, shown: str) -> None:
    assert compact(decimal) == shown
