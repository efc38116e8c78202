"""The table of prices."""

from collections.abc import Mapping

from feed.client.reader import Item
from feed.commands.cell import key, state_of, text
from feed.commands.grid import Column, Line, Span, grid
from feed.model.wording import compact, direction, grouped, signed

_FRESH_MS = 1500  # so long a new price stands out


def prices(items: Mapping[str, Item], now_ms: int, width: int) -> list[Line]:
    """One row for each, sorted by topic; empty where there is none."""
    topics = sorted(items)
    fields = [items[topic].data for topic in topics]

    def decimals(name: str) -> list[Span]:
        return [Span(grouped(text(data.get(name)))) for data in fields]

    def moves(name: str, unit: str = "") -> list[Span]:
        return [_move(text(data.get(name)), unit) for data in fields]

    last = [
        Span(cell.text, "bold" if now_ms - items[topic].ts < _FRESH_MS else "")
        for topic, cell in zip(topics, decimals("price"), strict=True)
    ]
    volumes = [Span(compact(text(data.get("volume")))) for data in fields]
    return grid(
        [
            Column("TOPIC", [Span(key(topic)) for topic in topics], gives_way=True),
            Column("NAME", [Span(text(data.get("name")), "dim") for data in fields], spare=9),
            Column("PRICE", last, right=True),
            Column("CHANGE", moves("change"), right=True, spare=2),
            Column("CHG %", moves("change_pct", "%"), right=True, spare=1),
            Column("BID", decimals("bid"), right=True, spare=4),
            Column("ASK", decimals("ask"), right=True, spare=4),
            Column("LOW", decimals("low"), right=True, spare=8),
            Column("HIGH", decimals("high"), right=True, spare=8),
            Column("VOLUME", volumes, right=True, spare=3),
            Column("AGE", [state_of(items[topic], now_ms) for topic in topics], gives_way=True),
        ],
        width,
    )


def _move(decimal: str, unit: str) -> Span:
    way = direction(decimal)
    return Span(decimal and f"{signed(decimal)}{unit}", "" if way == "flat" else way)
