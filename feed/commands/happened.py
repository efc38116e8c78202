"""The table of events."""

from collections.abc import Sequence
from datetime import tzinfo

from feed.client.frame import Event
from feed.commands.cell import key, text, time_text
from feed.commands.grid import Column, Line, Span, grid
from feed.commands.text import printable
from feed.model.codec import Json, JsonObject

_TOLD = ("side", "clock", "who", "score")


def happened(events: Sequence[Event], zone: tzinfo | None, width: int) -> list[Line]:
    """One row for each event, in the order given; empty where there is none."""
    return grid(
        [
            Column("EVENT", [Span(time_text(event.ts, zone), "dim") for event in events]),
            Column("ON", [Span(key(event.topic)) for event in events], gives_way=True),
            Column("WHAT", [_what(event) for event in events], gives_way=True),
            Column("", [Span(_told(event.data)) for event in events], gives_way=True),
        ],
        width,
    )


def _what(event: Event) -> Span:
    kind = printable(event.kind)
    return Span(kind, "bold") if event.op == "add" else Span(f"{kind} ({event.op})", "warn")


def _told(data: JsonObject) -> str:
    """What is known of a goal and the like without its names, and all else with them."""
    known = [_told_value(data[name]) for name in _TOLD if name in data]
    others = [
        f"{printable(name)} {_told_value(value)}"
        for name, value in data.items()
        if name not in _TOLD
    ]
    return " · ".join(word for word in (*known, *others) if word)


def _told_value(value: Json) -> str:
    if isinstance(value, list):
        return "–".join(text(each) for each in value)
    return text(value)
