"""JSON in and out, exact: a number that is no integer is a Decimal on both ways."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = bool | int | Decimal | str | list["Json"] | dict[str, "Json"] | None
JsonObject: TypeAlias = dict[str, Json]

_encoder = msgspec.json.Encoder(decimal_format="number")

encode = _encoder.encode
"""Any value → compact UTF-8 JSON."""


def decoder(form: Any) -> Callable[[bytes | str], Any]:
    """What reads JSON as a value of a type. It raises `msgspec.DecodeError`, whatever is wrong.

    NaN, lone surrogates, not UTF-8, nested thousands deep, an exponent beyond any Decimal: all.
    """
    read = msgspec.json.Decoder(form, float_hook=Decimal).decode

    def decode(text: bytes | str) -> Any:
        try:
            return read(text)
        except (InvalidOperation, RecursionError, UnicodeError) as error:
            raise msgspec.DecodeError(f"JSON cannot be read: {error}") from error

    return decode


_decode = decoder(Any)
decode: Callable[[bytes | str], Json] = _decode
"""JSON → value; raises `msgspec.DecodeError`."""

decode_object: Callable[[bytes], JsonObject] = _decode
"""JSON that the feed wrote itself and knows to be an object → dict."""
