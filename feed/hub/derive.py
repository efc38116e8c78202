"""What the server works out of a price where its source does not say (protocol section 2)."""

from collections.abc import Container
from decimal import Context, Decimal

from feed.model.codec import Json, JsonObject

DERIVED = ("high", "low", "change", "change_pct")
"""The fields that this module may add."""

_EXACT = Context(prec=60)
_PERCENT = Decimal("0.01")


def derive(state: JsonObject, given: Container[str]) -> JsonObject:
    """`high`, `low`, `change` and `change_pct` of a price after a change of it.

    `state` is the item with the change laid over it; `given` names the fields of the change.
    What the change gives itself stands. The change is against `prev_close`, else `open`. Empty
    when nothing follows.
    """
    price = _decimal(state.get("price"))
    if price is None:
        return {}
    derived: JsonObject = {}
    if "price" in given:
        derived |= _extremes(price, state, given)
    if any(name in given for name in ("price", "open", "prev_close")):
        derived |= _changes(price, state, given)
    return derived


def _extremes(price: Decimal, state: JsonObject, given: Container[str]) -> JsonObject:
    derived: JsonObject = {}
    high, low = _decimal(state.get("high")), _decimal(state.get("low"))
    if "high" not in given and (high is None or price > high):
        derived["high"] = state["price"]
    if "low" not in given and (low is None or price < low):
        derived["low"] = state["price"]
    return derived


def _changes(price: Decimal, state: JsonObject, given: Container[str]) -> JsonObject:
    base = _decimal(state.get("prev_close")) or _decimal(state.get("open"))
    if not base:  # none, or zero: nothing to compare with
        return {}
    change = _EXACT.subtract(price, base)
    derived: JsonObject = {}
    if "change" not in given:
        derived["change"] = _text(change)
    if "change_pct" not in given:
        percent = _EXACT.divide(_EXACT.multiply(change, Decimal(100)), base)
        small = abs(percent) < Decimal(10) ** 50
        derived["change_pct"] = _text(
            percent.quantize(_PERCENT, context=_EXACT) if small else percent
        )
    return derived


def _decimal(value: Json) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) else None


def _text(value: Decimal) -> str:
    text = format(abs(value) if value.is_zero() else value, "f")  # there is no -0.00
    return text if len(text) <= 64 else str(value)  # noqa: PLR2004  (protocol: 64 characters)
