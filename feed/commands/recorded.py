"""Frames as a recording has them: one change a line, in an order in which it can be told again."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from feed.client.frame import Element, Event, Update
from feed.client.reader import Item, Step
from feed.model.codec import Json, JsonObject


def standing(
    items: Mapping[str, Item], at_ms: int, cursor: str | None, head: JsonObject
) -> list[JsonObject]:
    """Items as they stand at a place, after a `head` that says why they are told."""
    lines: list[JsonObject] = [{"at": at_ms, **head}]
    lines += (
        {"at": at_ms, "topic": topic, "v": item.v, "ts": item.ts, "data": item.data}
        for topic, item in items.items()
    )
    return _to_place(lines, cursor)


def changes(update: Update, steps: Sequence[Step]) -> list[JsonObject]:
    """What an update told; `steps` are its items as a reader applied them."""
    lines: list[JsonObject] = []
    places = [0, *_places(update.events, steps), len(steps)]
    for (start, end), event in zip(pairwise(places), [*update.events, None], strict=True):
        lines += (_item(update.pt, element) for element in update.items[start:end])
        if event is not None:
            lines.append(_event(update.pt, event))
    return _to_place(lines, update.cursor)


def before(items: Mapping[str, Item], steps: Sequence[Step]) -> dict[str, Item]:
    """The items as they stood before some steps."""
    stood = dict(items)
    for step in reversed(steps):
        if step.before is None:
            stood.pop(step.topic, None)
        else:
            stood[step.topic] = step.before
    return stood


def _places(events: Sequence[Event], steps: Sequence[Step]) -> list[int]:
    """After how many of a frame's items each of its events is told, at the latest.

    A frame has items and events apart, and a feed that is told an event on a topic that is gone
    makes the topic anew. So an event that is added comes while its topic is there, as it did.
    """
    mortal = {step.topic for step in steps if step.after is None}
    places: list[int] = []
    place = len(steps)
    for event in reversed(events):
        if event.op == "add" and (place < len(steps) or event.topic in mortal):
            place = _alive_at(event.topic, steps, place)
        places.append(place)
    return places[::-1]


def _alive_at(topic: str, steps: Sequence[Step], most: int) -> int:
    """The last place, at most this one, where a topic is there; this one where there is none."""
    for place in range(most, 0, -1):
        step = steps[place - 1]
        if step.topic == topic:
            if step.after is not None:
                return most
            most = place - 1
            if step.before is not None:
                return most
    return most


def _item(at_ms: int, element: Element) -> JsonObject:
    line: JsonObject = {"at": at_ms, "topic": element.topic, "v": element.v, "ts": element.ts}
    if element.gone:
        return line | {"gone": True}
    if element.patch is None:
        return line | {"data": element.data}
    merged: JsonObject = {} if element.merged == 1 else {"merged": element.merged}
    return line | {"set": element.patch} | merged


def _event(at_ms: int, event: Event) -> JsonObject:
    told: JsonObject = {
        "id": event.id,
        "op": event.op,
        "kind": event.kind,
        "ts": event.ts,
        "data": event.data,
    }
    return {"at": at_ms, "topic": event.topic, "event": told}


def _to_place(lines: Iterable[JsonObject], cursor: Json) -> list[JsonObject]:
    """The lines, the last of which says the place that all of them lead to."""
    *all_but, last = lines
    return [*all_but, last if cursor is None else last | {"cursor": cursor}]
