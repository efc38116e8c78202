"""What a cell says of one value or one item."""

from datetime import tzinfo

from feed.client.reader import Item
from feed.commands.grid import Span
from feed.commands.text import printable
from feed.model import wording
from feed.model.codec import Json

_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000


def key(topic: str) -> str:
    """A topic without its kind."""
    return printable(topic.partition(":")[2] or topic)


def text(value: Json) -> str:
    """A text or a number as a terminal may show it; anything else says nothing here."""
    return printable(wording.text(value))


def state_of(item: Item, now_ms: int) -> Span:
    """How long ago it changed; first what is the matter with it, and why."""
    state = text(item.data.get("state"))
    age = age_text(now_ms - item.ts)
    if state in ("", "live"):
        return Span(age, "dim")
    why = text(item.data.get("why"))
    return Span(f"{state} {age}" + (why and f": {why}"), "dim" if state == "closed" else "warn")


def time_text(ms: int | None, zone: tzinfo | None) -> str:
    """The time of day, `14:03:59`."""
    moment = wording.instant(ms, zone)
    return f"{moment:%H:%M:%S}" if moment else ""


def age_text(age_ms: int) -> str:
    """How long ago, in one unit."""
    for unit_ms, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m"), (_SECOND, "s")):
        if age_ms >= unit_ms:
            return f"{age_ms // unit_ms}{unit}"
    return "now"
