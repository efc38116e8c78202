"""What the server works out of a price where its source does not say (protocol section 2)."""

from collections.abc import Container
from decimal import Context, Decimal

from feed.model.codec import Json, JsonObject

DERIVED = ("high", "low", "change", "change_pct")
"""The fields that this module may add."""

_EXACT = Context(prec=60)
_HUNDRED = Decimal(100)
_PERCENT = Decimal("0.01")
_HUGE = Decimal(10) ** 50  # beyond it hundredths do not fit any more


def derive(state: JsonObject, given: Container[str]) -> JsonObject:
    """`high`, `low`, `change` and `change_pct` of a price after a change of it.

    `state` is the item with the change laid over it; `given` names the fields of the change.
    What the change gives itself stands. The change is against `prev_close`, else `open`. Empty
    when nothing follows.
    """
    if "price" not in given and "open" not in given and "prev_close" not in given:
        return {}
    price = _decimal(state.get("price"))
    if price is None:
        return {}
    derived: JsonObject = {}
    if "price" in given:
        high, low = _decimal(state.get("high")), _decimal(state.get("low"))
        if (high is None or price > high) and "high" not in given:
            derived["high"] = state["price"]
        if (low is None or price < low) and "low" not in given:
            derived["low"] = state["price"]
    base = _decimal(state.get("prev_close")) or _decimal(state.get("open"))
    if base:  # neither none nor zero
        change = _EXACT.subtract(price, base)
        if "change" not in given:
            derived["change"] = _text(change)
        if "change_pct" not in given:
            derived["change_pct"] = _text(_percent(change, base))
    return derived


def _percent(change: Decimal, base: Decimal) -> Decimal:
    percent = _EXACT.divide(_EXACT.multiply(change, _HUNDRED), base)
    return percent.quantize(_PERCENT, context=_EXACT) if abs(percent) < _HUGE else percent


def _decimal(value: Json) -> Decimal | None:
    return Decimal(value) if type(value) is str else None


def _text(value: Decimal) -> str:
    text = format(value if value else abs(value), "f")  # there is no -0.00
    return text if len(text) <= 64 else str(value)  # noqa: PLR2004  (protocol: 64 characters)
