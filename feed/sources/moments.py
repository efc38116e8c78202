"""Times as other people write them → milliseconds since the Unix epoch."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from feed.errors import BadInput
from feed.model.codec import Json

Unit: TypeAlias = Literal["ms", "s", "iso"]
"""Milliseconds, seconds (with decimals where there are), or ISO 8601 text (UTC without a zone)."""

_PER_UNIT = {"ms": Decimal(1), "s": Decimal(1000)}
_MAX_MS = 8_640_000_000_000_000  # what the feed takes as a time


def to_ms(value: Json, unit: Unit) -> int:
    """Raises BadInput where the value is no such time."""
    if unit == "ms" and type(value) is int and 0 <= value <= _MAX_MS:
        return value  # as the feed's own recordings have it
    if unit == "iso":
        if not isinstance(value, str):
            raise BadInput("expected a time as ISO 8601 text")
        return iso_ms(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise BadInput(f"expected a time in {unit}")
    try:
        ms = Decimal(value) * _PER_UNIT[unit]
    except ArithmeticError:  # a number too large to be reckoned with, too
        raise BadInput(f"expected a time in {unit}, not {value!r:.60}") from None
    if not ms.is_finite() or not 0 <= ms <= _MAX_MS:
        raise BadInput(f"{value} is no time in {unit}")
    return int(ms)


def iso_ms(text: str) -> int:
    """ISO 8601 → milliseconds; raises BadInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"expected a time in ISO 8601, not {text!r:.60}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
