"""What one frame told, one line for each change: to be piped and searched."""

from collections.abc import Iterator

from feed.client.frame import Element, Event
from feed.client.reader import News, Step
from feed.commands.text import escaped, quoted
from feed.model.codec import Json, JsonObject, encode
from feed.model.merge import difference


def lines(news: News) -> Iterator[str]:
    """`TOPIC vN field=value …` of items, `TOPIC event KIND ID OP field=value …` of events.

    Of an item only the fields that changed; a member of an object as `home.score=2`, and one that
    is no more as `why=null`.
    """
    for step in news.steps:
        changed = _changed(step)
        is_new = step.before is None or step.before.v != step.v
        if changed != {} or is_new:  # else a snapshot of what was known
            yield _item_line(step.topic, step.v, changed)
    for event in news.events:
        yield event_line(event)


def _changed(step: Step) -> JsonObject | None:
    if step.after is None:
        return None
    return difference(step.before.data if step.before else {}, step.after.data)


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
