"""One line for each change: to be piped and searched."""

from collections.abc import Iterator

from feed.client.change import EventChange, ItemChange
from feed.client.frame import Element, Event
from feed.commands.text import escaped, quoted
from feed.model.codec import Json, JsonObject, encode
from feed.model.merge import difference


def change_line(change: ItemChange | EventChange) -> str:
    """`TOPIC vN field=value …` of an item, `TOPIC event KIND ID OP field=value …` of an event.

    Of an item only the fields that changed; a member of an object as `home.score=2`, and one that
    is no more as `why=null`.
    """
    if isinstance(change, EventChange):
        return event_line(change)
    before = change.before.data if change.before else {}
    return _item_line(change.topic, change.v, _changed(before, change))


def _changed(before: JsonObject, change: ItemChange) -> JsonObject | None:
    return None if change.gone else difference(before, change.data)


def element_line(element: Element) -> str:
    """An item as it is sent."""
    fields = element.data if element.patch is None else element.patch
    return _item_line(element.topic, element.v, fields)


def event_line(event: Event) -> str:
    """An event."""
    named = map(quoted, (event.topic, "event", event.kind, event.id, event.op))
    return " ".join([*named, *_words(event.data)])


def _item_line(topic: str, v: int, fields: JsonObject | None) -> str:
    words = ["gone"] if fields is None else _words(fields)
    return " ".join([quoted(topic), f"v{v}", *words])


def _words(fields: JsonObject, prefix: str = "") -> Iterator[str]:
    for name, value in fields.items():
        path = f"{prefix}{quoted(name)}"
        if isinstance(value, dict) and value:
            yield from _words(value, f"{path}.")
        else:
            yield f"{path}={_word(value)}"


def _word(value: Json) -> str:
    return quoted(value) if isinstance(value, str) else escaped(encode(value).decode())
