from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.client.fault import ServerFault
from feed.client.frame import Frame, parse
from feed.client.reader import Item, Reader, Step
from feed.model.codec import encode
from feed.model.merge import difference, merge

A = {"topic": "price:A", "v": 3, "ts": 7, "data": {"price": "1"}}
B = {"topic": "score:B", "v": 1, "ts": 7, "data": {"home": {"score": 0}}}


def frame(kind: str, **fields: Any) -> Frame:
    parsed = parse(encode({"type": kind, **fields}).decode())
    assert parsed is not None
    return parsed


def update(*items: dict[str, Any], cursor: str = "e-9", **more: Any) -> Frame:
    return frame("update", cursor=cursor, pt=1, items=list(items), **more)


def snapshot(*items: dict[str, Any], cursor: str | None = "e-5") -> Frame:
    place = {} if cursor is None else {"cursor": cursor}
    return frame("snapshot", items=list(items), more=cursor is None, **place)


def subscribed(*topics: str, resumed: bool = False) -> Frame:
    return frame("subscribed", topics=list(topics), resumed=resumed, rejected=[])


@pytest.fixture
def reader() -> Reader:
    """Knows A and B as of `e-5`."""
    reader = Reader()
    reader.opened()
    reader.apply(subscribed("*"))
    reader.apply(snapshot(A, B))
    return reader


def test_snapshot(reader: Reader) -> None:
    assert reader.cursor == "e-5"
    assert reader.items == {
        "price:A": Item(3, 7, {"price": "1"}),
        "score:B": Item(1, 7, {"home": {"score": 0}}),
    }


@pytest.mark.parametrize(
    ("element", "after"),
    [
        ({"v": 4, "set": {"bid": "2"}}, Item(4, 8, {"price": "1", "bid": "2"})),
        ({"v": 4, "set": {"price": None}}, Item(4, 8, {})),
        ({"v": 7, "set": {"price": "2"}, "merged": 4}, Item(7, 8, {"price": "2"})),
        ({"v": 4, "data": {"x": 1}}, Item(4, 8, {"x": 1})),
        ({"v": 9, "data": {"x": 1, "y": None}}, Item(9, 8, {"x": 1})),
        ({"v": 4, "gone": True}, None),
    ],
)
def test_item(reader: Reader, element: dict[str, Any], after: Item | None) -> None:
    before = reader.items["price:A"]
    news = reader.apply(update({"topic": "price:A", "ts": 8, **element}))
    assert news.steps == (Step("price:A", element["v"], before, after),)
    assert reader.items.get("price:A") == after
    assert reader.cursor == "e-9"


@pytest.mark.parametrize(
    "element",
    [
        {"topic": "price:A", "v": 5, "set": {}},
        {"topic": "price:A", "v": 3, "set": {}},
        {"topic": "price:A", "v": 5, "set": {}, "merged": 3},
        {"topic": "price:A", "v": 3, "data": {}},
        {"topic": "price:A", "v": 2, "gone": True},
        {"topic": "price:NEW", "v": 1, "set": {}},
        {"topic": "price:NEW", "v": 1},
    ],
)
def test_gap(reader: Reader, element: dict[str, Any]) -> None:
    with pytest.raises(ServerFault):
        reader.apply(update({"ts": 8, **element}))
    assert reader.cursor == "e-5"


A4 = {"topic": "price:A", "v": 4, "ts": 8}
NO_ITEM = {"topic": "price:C", "v": 1, "ts": 8}


@pytest.mark.parametrize(
    "wrong",
    [
        update({**A4, "set": {"price": "2"}}, {**A4, "v": 5, "gone": True}, NO_ITEM),
        update({**A4, "gone": True}, {**A4, "v": 5, "data": {}}, NO_ITEM),
        update({**B, "topic": "score:NEW"}, NO_ITEM),
        snapshot({**A, "v": 1}, {**B, "topic": "score:NEW"}, NO_ITEM),
    ],
)
def test_a_fault_in_a_frame_leaves_all_items_as_they_were(reader: Reader, wrong: Frame) -> None:
    before = dict(reader.items)
    with pytest.raises(ServerFault):
        reader.apply(wrong)
    assert reader.items == before
    assert reader.cursor == "e-5"
    reader.forget()
    news = reader.apply(snapshot({**A4, "data": {"price": "2"}}, B))
    assert news.steps[0].before == before["price:A"], "it is told as a change"


def test_event(reader: Reader) -> None:
    event = {"topic": "score:B", "id": "g", "op": "add", "kind": "goal", "ts": 8, "data": {"x": 1}}
    news = reader.apply(update(events=[event]))
    assert [(e.topic, e.id, e.op, e.kind, e.ts, e.data) for e in news.events] == [
        ("score:B", "g", "add", "goal", 8, {"x": 1})
    ]


@pytest.mark.parametrize(
    "moving",
    [
        frame("heartbeat", cursor="e-6", now=1),
        frame("bye", cursor="e-6", reason="rotate", reconnect=True, after_ms=1, grace_ms=2),
        update(cursor="e-6"),
    ],
)
def test_cursor_moves(reader: Reader, moving: Frame) -> None:
    reader.apply(moving)
    assert reader.cursor == "e-6"


@pytest.mark.parametrize(
    "early",
    [
        frame("heartbeat", cursor="e-6", now=1),
        frame("bye", cursor="e-6", reason="shutdown", reconnect=True, after_ms=1, grace_ms=2),
    ],
)
def test_cursor_stays_while_a_connection_has_subscribed_to_nothing(
    reader: Reader, early: Frame
) -> None:
    """What it was told of no topic vouches for none: cut then, it would miss what came before."""
    reader.opened()
    reader.apply(early)
    assert reader.cursor == "e-5"

    reader.apply(subscribed("*", resumed=True))
    reader.apply(early)
    assert reader.cursor == "e-6"


@pytest.mark.parametrize(
    "still",
    [
        frame("welcome", protocol=1, head="e-8", now=1, heartbeat_ms=1),
        subscribed("*", resumed=True),
        frame("reset", reason="expired"),
        frame("error", code="x", message="y", retry=False),
        frame("pong", now=1),
        snapshot(A, cursor=None),
    ],
)
def test_cursor_stays(reader: Reader, still: Frame) -> None:
    held = dict(reader.items)
    reader.apply(still)
    assert (reader.cursor, reader.items) == ("e-5", held)


def test_cut_between_two_parts_of_a_snapshot(reader: Reader) -> None:
    reader.apply(frame("reset", reason="expired"))
    reader.apply(snapshot({**A, "v": 50}, cursor=None))
    reader.opened()
    assert reader.items["price:A"].v == 3
    reader.apply(subscribed("*"))
    reader.apply(frame("reset", reason="expired"))
    news = reader.apply(snapshot({**B, "v": 60}, cursor="e-70"))
    assert reader.items == {"score:B": Item(60, 7, {"home": {"score": 0}})}
    assert [(step.topic, step.after is None) for step in news.steps] == [
        ("price:A", True),
        ("score:B", False),
    ]


def test_parts_of_a_snapshot_before_a_reset_are_not_of_the_one_after(reader: Reader) -> None:
    reader.apply(snapshot({**A, "v": 50}, cursor=None))
    reader.apply(frame("reset", reason="expired"))
    reader.apply(snapshot({**B, "v": 60}, cursor="e-70"))
    assert list(reader.items) == ["score:B"]


def test_snapshot_of_further_topics_leaves_the_others() -> None:
    reader = Reader()
    reader.opened()
    reader.apply(subscribed("price:A"))
    reader.apply(snapshot(A))
    reader.apply(subscribed("price:A", "score:*"))
    reader.apply(snapshot(B))
    assert sorted(reader.items) == ["price:A", "score:B"]


def test_after_epoch_reset_versions_may_begin_again(reader: Reader) -> None:
    reader.apply(frame("reset", reason="epoch"))
    reader.apply(snapshot({**A, "v": 1}, cursor="f-1"))
    assert {topic: item.v for topic, item in reader.items.items()} == {"price:A": 1}


def test_last_part_without_cursor() -> None:
    with pytest.raises(ServerFault, match="no cursor"):
        Reader().apply(frame("snapshot", items=[], more=False))


def test_decimals_stay_exact(reader: Reader) -> None:
    reader.apply(update({"topic": "price:A", "v": 4, "ts": 8, "set": {"x": 1}}))
    parsed = parse('{"type":"update","cursor":"e-1","pt":1,"items":[{"topic":"price:A","v":5,'
                   '"ts":1,"set":{"x":70000.10000000000000001}}]}')  # fmt: skip
    assert parsed is not None
    reader.apply(parsed)
    assert str(reader.items["price:A"].data["x"]) == "70000.10000000000000001"


def test_unknown_type_is_ignored() -> None:
    assert parse('{"type":"news","cursor":7}') is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"type":7}', '{"type":"update"}'])
def test_no_frame(text: str) -> None:
    with pytest.raises(ServerFault):
        parse(text)


_values = st.recursive(
    st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=5,
)
_states = st.dictionaries(st.sampled_from("pqr"), _values, max_size=3)


@settings(deadline=None)
@given(st.lists(_states, min_size=1, max_size=8), st.data())
def test_any_history_told_in_any_way_ends_in_its_last_state(
    history: list[dict[str, Any]], data: st.DataObject
) -> None:
    reader = Reader()
    reader.opened()
    reader.apply(subscribed("*"))
    reader.apply(snapshot({"topic": "price:A", "v": 1, "ts": 1, "data": history[0]}))
    at = 0
    while at < len(history) - 1:
        to = data.draw(st.integers(at + 1, len(history) - 1))
        element: dict[str, Any] = {"topic": "price:A", "v": to + 1, "ts": to}
        if data.draw(st.booleans()):
            element["data"] = history[to]
        else:
            element["set"] = difference(history[at], history[to])
            element["merged"] = to - at
        reader.apply(update(element, cursor=f"e-{to}"))
        at = to
    assert reader.items["price:A"] == Item(
        len(history), max(1, len(history) - 1), merge({}, history[-1])
    )
