"""What the log holds, and the way back that each entry knows."""

import pytest
from hypothesis import given

from feed.model.codec import JsonObject, decode_object, encode
from feed.model.entry import Entry, Item, way_back
from feed.model.merge import difference
from tests.model.values import STATES, shape


def _entry(before: JsonObject | None, after: JsonObject | None) -> Entry:
    """Version 8 of a topic that had one state at 1000 and has another at 2000."""
    return Entry(
        offset=40,
        at=3000,
        topic="score:L.A-B",
        v=8,
        ts=2000,
        item=b"{}",
        event=None,
        data=None if after is None else encode(after),
        undo=None if before is None else way_back(1000, difference(after or {}, before)),
    )


@given(STATES, STATES)
def test_before_is_the_way_back_from_after(before: JsonObject, after: JsonObject) -> None:
    entry = _entry(before, after)
    item = entry.item_before()

    assert shape(entry.after()) == shape(after)
    assert shape(entry.before()) == shape(before)
    assert (item.topic, item.v, item.ts) == ("score:L.A-B", 7, 1000)
    assert shape(item.state()) == shape(before)


@given(STATES)
def test_before_the_end_of_a_topic(before: JsonObject) -> None:
    entry = _entry(before, None)
    item = entry.item_before()

    assert entry.after() is None
    assert shape(entry.before()) == shape(before)
    assert (item.v, item.ts) == (7, 1000)
    assert item.data is not None
    assert shape(decode_object(item.data)) == shape(before)


def test_before_the_beginning_of_a_topic() -> None:
    entry = _entry(None, {"price": "1"})

    assert entry.before() is None
    assert entry.item_before() == Item("score:L.A-B", 7, 2000, None)


def test_the_way_back_as_a_patch() -> None:
    assert _entry({"n": 1}, {"n": 2}).way() == {"n": 1}
    assert _entry(None, {"n": 2}).way() == {}


def test_the_way_back_as_bytes() -> None:
    assert way_back(1000, {"price": "1", "bid": None}) == b'[1000,{"price":"1","bid":null}]'


def test_an_item_that_is_gone_has_no_state() -> None:
    assert Item("price:A", 3, 0, None).state() is None
    assert Item("price:A", 3, 0, b'{"price":"1"}').state() == {"price": "1"}


@pytest.mark.parametrize(
    ("item", "event", "size"),
    [(b"12345", None, 5), (None, b"123", 3), (b"12345", b"123", 8), (None, None, 0)],
)
def test_size_is_what_is_sent(item: bytes | None, event: bytes | None, size: int) -> None:
    assert Entry(1, 0, "price:A", 1, 0, item, event, b"not counted", None).size_bytes == size
