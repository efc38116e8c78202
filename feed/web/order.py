"""In which order rows and cards stand, and which of them a filter leaves.

`static/dashboard/order.js` is the same in the browser; `tests/browser/test_view.py` holds the two
together. Prices are compared as the exact decimals that they are.
"""

import re
from collections.abc import Collection, Sequence
from decimal import Decimal

from feed.model.entry import Item
from feed.model.topic import kind_of
from feed.model.wording import match_order, text

COLUMNS = ("name", "price", "change", "bid", "ask", "low", "high", "volume", "state")
"""What prices can be sorted by."""

_FIELDS = {"change": "change_pct"}
_STATES = {"down": 0, "halted": 1, "stale": 2, "closed": 3, "live": 4}
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def sorted_prices(items: Sequence[Item], sort: str, pins: Collection[str]) -> list[Item]:
    """Pinned ones first, then as `sort` says (see `Choices`); what has no such value comes last."""
    column, is_falling = sort.removeprefix("-"), sort.startswith("-")
    ordered = sorted(items, key=price_order, reverse=is_falling and column == "name")
    if column != "name":
        values = {item.topic: _value(item, column) for item in ordered}
        known = [item for item in ordered if values[item.topic] is not None]
        known.sort(key=lambda item: values[item.topic] or 0, reverse=is_falling)
        ordered = known + [item for item in ordered if values[item.topic] is None]
    return sorted(ordered, key=lambda item: item.topic not in pins)


def sorted_scores(items: Sequence[Item], pins: Collection[str]) -> list[Item]:
    """Pinned ones first, then what is played, then by the start."""
    return sorted(items, key=lambda item: (item.topic not in pins, score_order(item)))


def price_order(item: Item) -> tuple[str, str]:
    """By name, as it is read."""
    data = item.state() or {}
    return (text(data.get("name")) or _key(item)).lower(), item.topic


def score_order(item: Item) -> tuple[int, int, str]:
    """What is played comes first, then by the start."""
    return match_order(item.topic, item.state() or {})


def is_found(item: Item, q: str) -> bool:
    """Whether every word of a filter stands in the item's names, in whatever case."""
    data = item.state() or {}
    names = [_key(item), *(text(data.get(field)) for field in ("name", "currency"))]
    if kind_of(item.topic) == "score":
        teams = [data.get("home"), data.get("away")]
        sides = [team for team in teams if isinstance(team, dict)]
        names += [text(data.get(field)) for field in ("league", "sport")]
        names += [text(side.get(field)) for side in sides for field in ("name", "abbr")]
    line = " ".join(names).lower()
    return all(word in line for word in q.lower().split())


def _value(item: Item, column: str) -> Decimal | int | None:
    data = item.state() or {}
    if column == "state":
        return _STATES.get(text(data.get("state")))
    value = text(data.get(_FIELDS.get(column, column)))
    return Decimal(value) if _DECIMAL.fullmatch(value) else None


def _key(item: Item) -> str:
    return item.topic.partition(":")[2]
