from typing import Any

import pytest

from feed.client.frame import Element, Event, Update
from feed.client.reader import Item, Reader
from feed.commands.recorded import before, changes, standing
from feed.model.codec import Json, JsonObject


def reader(*topics: str) -> Reader:
    """One that knows these topics, each at version 1."""
    known = Reader()
    known.items = {topic: Item(1, 5, {"x": 1}) for topic in topics}
    return known


def item(name: str, v: int) -> Element:
    """`A` is set, `+A` is whole and `-A` is gone."""
    if name[0] == "-":
        return Element(topic=name[1:], v=v, ts=7, gone=True)
    if name[0] == "+":
        return Element(topic=name[1:], v=v, ts=7, data={"x": v})
    return Element(topic=name, v=v, ts=7, patch={"x": v})


def event(name: str) -> Event:
    """`A1` is an event that is added to A, `~A1` one that is corrected."""
    op: Any = "void" if name[0] == "~" else "add"
    return Event(topic=name[-2], id=name[-1], op=op, kind="goal", ts=8, data={})


def update(items: str, events: str) -> Update:
    counts: dict[str, int] = {}
    elements = []
    for name in items.split():
        counts[name[-1]] = counts.get(name[-1], 1) + 1
        elements.append(item(name, counts[name[-1]]))
    return Update(
        cursor="e-9", pt=100, items=tuple(elements), events=tuple(map(event, events.split()))
    )


def shown(line: JsonObject) -> str:
    match line:
        case {"event": {"id": str(name), "op": op}, "topic": topic}:
            return f"{'' if op == 'add' else '~'}{topic}{name}"
        case {"gone": True, "topic": topic}:
            return f"-{topic}"
        case {"data": _, "topic": topic}:
            return f"+{topic}"
        case _:
            return str(line["topic"])


@pytest.mark.parametrize(
    ("items", "events", "told"),
    [
        ("A", "", "A"),
        ("", "A1", "A1"),
        ("A B A", "B1 A2", "A B A B1 A2"),
        ("A -A", "A1", "A A1 -A"),
        ("A -A B", "A1 B2", "A A1 -A B B2"),
        ("A -A B", "B1 A2", "A B1 A2 -A B"),
        ("-A +A", "A1", "-A +A A1"),
        ("-A +A -A", "A1", "-A +A A1 -A"),
        ("-A", "A1", "A1 -A"),
        ("-A", "~A1", "-A ~A1"),
        ("-A +A -A B", "A1 B2 A3", "-A +A A1 B2 A3 -A B"),
        ("-A -B", "A1 B2", "A1 -A B2 -B"),
        ("-B -A", "A1 B2", "A1 B2 -B -A"),
        ("+C -C", "C1", "+C C1 -C"),
        ("+C A -A -C", "A1 C2", "+C A A1 -A C2 -C"),
    ],
)
def test_events_stand_where_their_topic_is_there(items: str, events: str, told: str) -> None:
    known = reader("A", "B")
    frame = update(items, events)
    lines = changes(frame, known.apply(frame).steps)
    assert [shown(line) for line in lines] == told.split()
    assert ["cursor" in line for line in lines] == [False] * (len(lines) - 1) + [True]


def test_a_line_has_all_that_was_told() -> None:
    known = reader("A")
    merged = Element(topic="A", v=4, ts=7, patch={"x": None}, merged=3)
    frame = Update(cursor="e-9", pt=100, items=(merged,), events=(event("A1"),))
    goal: Json = {"id": "1", "op": "add", "kind": "goal", "ts": 8, "data": {}}
    assert changes(frame, known.apply(frame).steps) == [
        {"at": 100, "topic": "A", "v": 4, "ts": 7, "set": {"x": None}, "merged": 3},
        {"at": 100, "topic": "A", "event": goal, "cursor": "e-9"},
    ]


def test_items_as_they_stand() -> None:
    head: JsonObject = {"snapshot": "begin", "topics": ["*"]}
    assert standing({}, 100, "e-1", head) == [{"at": 100, **head, "cursor": "e-1"}]
    assert standing(reader("A").items, 100, "e-1", head) == [
        {"at": 100, **head},
        {"at": 100, "topic": "A", "v": 1, "ts": 5, "data": {"x": 1}, "cursor": "e-1"},
    ]


def test_items_as_they_stood_before() -> None:
    known = reader("A", "B")
    frame = update("A -A +C B A", "")
    frame = Update(cursor="e-9", pt=1, items=(*frame.items[:4], item("+A", 4)))
    stood = known.items.copy()
    assert before(known.items, known.apply(frame).steps) == stood
