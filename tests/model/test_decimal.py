"""Exact decimals: a string stays, a number is taken by its text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import Fault
from feed.model.codec import Json, decode
from feed.model.field import check_fields, check_value, decimal_text

LONGEST = "9" * 64


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-0",
        "191.05",
        "70000.00",
        "-0.50",
        "007.10",
        "1e5",
        "1E+5",
        "1.5e-7",
        "1e308",
        "-1e308",
        "1.7976931348623157e308",
        "5e-324",
        "0e-400",
        "0e99999",
        LONGEST,
        "-" + LONGEST[1:],
        "0." + LONGEST[2:],
    ],
)
def test_a_string_stays(text: str) -> None:
    assert decimal_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        " 1",
        "1 ",
        "1\n",
        "+1",
        ".5",
        "5.",
        "1.5.2",
        "1,5",
        "1_000",
        "0x1F",
        "--1",
        "1e",
        "e5",
        "1e5.0",
        "NaN",
        "Infinity",
        "-inf",
        "١",
        "５",
        "1\ud800",
        "1.8e308",
        "-1e309",
        "2e-324",
        "-1e-400",
        "1e99999999999999999999",
        "0e-99999999999999999999",
        LONGEST + "9",
        "-" + LONGEST,
        "0." + LONGEST[1:],
    ],
)
def test_no_decimal(text: str) -> None:
    assert decimal_text(text) is None
    assert check_fields("price", {"price": text}, "$")[-1].path == "$.price"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (b"0", "0"),
        (b"5", "5"),
        (b"-5", "-5"),
        (b"70000.00", "70000.00"),
        (b"0.10", "0.10"),
        (b"-0.0", "-0.0"),
        (b"0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        (b"1e5", "100000"),
        (b"1.50E+3", "1500"),
        (b"1e-7", "0.0000001"),
        (b"1e-62", "0." + "0" * 61 + "1"),
        (b"1e-63", "1E-63"),
        (b"1e63", "1" + "0" * 63),
        (b"1e64", "1E+64"),
        (b"1e308", "1E+308"),
        (b"1e-320", "1E-320"),
        (b"0e-5", "0.00000"),
        (b"0e-999999999", "0E-999999999"),
        (b"0e999999999", "0E+999999999"),
        (LONGEST.encode(), LONGEST),
        (b"-" + LONGEST[1:].encode(), "-" + LONGEST[1:]),
        (b"0." + LONGEST[2:].encode(), "0." + LONGEST[2:]),
    ],
)
def test_a_number_is_taken_by_its_text(number: bytes, text: str) -> None:
    value = decode(number)

    assert decimal_text(value) == text
    assert check_value(value, "$") == []


@pytest.mark.parametrize(
    "value",
    [
        10**64,
        -(10**63),
        pytest.param(10**5000, id="five thousand digits"),
        Decimal("1." + "0" * 63),
        Decimal("1E+309"),
        Decimal("-1E+309"),
        Decimal("1E-400"),
        Decimal("Infinity"),
        Decimal("NaN"),
    ],
)
def test_a_number_that_nobody_could_hold(value: Json) -> None:
    assert decimal_text(value) is None
    assert check_value(value, "$") == [Fault("$", "a number over 64 characters or beyond a double")]


@pytest.mark.parametrize("value", [None, True, False, [], {}, ["1"]])
def test_what_is_no_number(value: Json) -> None:
    assert decimal_text(value) is None


@given(st.one_of(st.integers(), st.decimals(allow_nan=False, allow_infinity=False)))
def test_the_text_is_the_number_and_is_taken_again(value: int | Decimal) -> None:
    text = decimal_text(value)

    if text is None:
        assert check_value(value, "$") != []
    else:
        assert len(text) <= 64
        assert Decimal(text) == value
        assert decimal_text(text) == text
