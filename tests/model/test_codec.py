"""JSON in and out, exactly."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given

from feed.model.codec import Json, JsonObject, decode, decode_object, encode
from tests.model.values import PATCHES, shape


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"null", None),
        (b"true", True),
        (b"1", 1),
        (b"-7", -7),
        (b"1.0", Decimal("1.0")),
        (b"70000.00", Decimal("70000.00")),
        (b"0.1000000000000000055511151231257827", Decimal("0.1000000000000000055511151231257827")),
        (b"1E+5", Decimal("1E+5")),
        (b"18446744073709551616", 18446744073709551616),
        (b'"x"', "x"),
        ('"Zürich €"'.encode(), "Zürich €"),
        (b'[1,true,[],{"a":null}]', [1, True, [], {"a": None}]),
        (b'{"b":1,"a":2}', {"b": 1, "a": 2}),
    ],
)
def test_both_ways(text: bytes, value: Json) -> None:
    assert encode(value) == text
    assert shape(decode(text)) == shape(value)
    assert shape(decode(text.decode())) == shape(value)


@given(PATCHES)
def test_what_was_encoded_is_decoded_as_it_was(value: JsonObject) -> None:
    assert shape(decode(encode(value))) == shape(value)
    assert shape(decode_object(encode(value))) == shape(value)


def test_of_a_member_named_twice_the_last_counts() -> None:
    assert decode(b'{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1,]",
        b"{'a':1}",
        b"01",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1 2",
        b'"\xff"',
        b'{"\xff":1}',
        b'"\\ud800"',
        '"\ud800"',
        pytest.param(b"[" * 100_000, id="nested"),
        b"1e99999999999999999999",
        b"-1e-99999999999999999999",
        pytest.param(b"1" * 5000, id="five thousand digits"),
    ],
)
def test_what_cannot_be_read_is_one_error(text: bytes | str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(text)
