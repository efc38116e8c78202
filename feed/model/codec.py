"""JSON in and out, exact: a number that is no integer is a Decimal on both ways."""

from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = bool | int | Decimal | str | list["Json"] | dict[str, "Json"] | None
JsonObject: TypeAlias = dict[str, Json]

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=Decimal)

encode = _encoder.encode
"""Any value → compact UTF-8 JSON."""


def decode(text: bytes | str) -> Json:
    """JSON → value. Raises `msgspec.DecodeError`, whatever is wrong.

    NaN, lone surrogates, not UTF-8, nested thousands deep, an exponent beyond any Decimal: all.
    """
    try:
        value: Json = _decoder.decode(text)
    except (InvalidOperation, RecursionError, UnicodeError) as error:
        raise msgspec.DecodeError(f"JSON cannot be read: {error}") from error
    return value


def decode_object(text: bytes) -> JsonObject:
    """JSON that the feed wrote itself and knows to be an object → dict."""
    value: JsonObject = _decoder.decode(text)
    return value
