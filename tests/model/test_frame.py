"""Frames, byte by byte."""

from decimal import Decimal

import pytest

from feed.model.codec import JsonObject
from feed.model.entry import Item
from feed.model.frame import (
    Frame,
    Wrap,
    heading,
    item_gone,
    item_now,
    item_set,
    item_whole,
    plain,
    project,
    snapshot,
    update,
)
from feed.model.payload import Heartbeat, Payload, Pong

ITEM = b'{"topic":"price:A"}'
OTHER = b'{"topic":"price:B"}'
EVENT = b'{"topic":"price:A","id":"e"}'


@pytest.mark.parametrize(
    ("payload", "text", "cursor"),
    [
        (Pong(now=7), b'{"type":"pong","now":7}', None),
        (
            Pong(id=4, at={"price": Decimal("1.50"), "name": "Zürich", "x": None}, now=7),
            '{"type":"pong","id":4,"at":{"price":1.50,"name":"Zürich","x":null},"now":7}'.encode(),
            None,
        ),
        (
            Heartbeat(cursor="k3f9-7", now=1790000000000),
            b'{"type":"heartbeat","cursor":"k3f9-7","now":1790000000000}',
            "k3f9-7",
        ),
    ],
)
def test_of_plain_values(payload: Payload, text: bytes, cursor: str | None) -> None:
    frame = plain(payload)

    assert (frame.payload, frame.cursor) == (text, cursor)


@pytest.mark.parametrize(
    ("items", "events", "rest"),
    [
        ([ITEM], [], b',"items":[' + ITEM + b"]"),
        ([], [EVENT], b',"events":[' + EVENT + b"]"),
        (
            [ITEM, OTHER],
            [EVENT, EVENT],
            b',"items":[' + ITEM + b"," + OTHER + b'],"events":[' + EVENT + b"," + EVENT + b"]",
        ),
    ],
)
def test_update(items: list[bytes], events: list[bytes], rest: bytes) -> None:
    frame = update(heading("k3f9-7", 1790000000000), items, events)

    assert frame.payload == (b'{"type":"update","cursor":"k3f9-7","pt":1790000000000' + rest + b"}")
    assert frame.cursor == "k3f9-7"


@pytest.mark.parametrize(
    ("items", "cursor", "payload"),
    [
        ([], "k-1", b'{"type":"snapshot","items":[],"more":false,"cursor":"k-1"}'),
        ([], None, b'{"type":"snapshot","items":[],"more":true}'),
        (
            [ITEM, OTHER],
            "k-1",
            b'{"type":"snapshot","items":['
            + ITEM
            + b","
            + OTHER
            + b'],"more":false,"cursor":"k-1"}',
        ),
        ([ITEM], None, b'{"type":"snapshot","items":[{"topic":"price:A"}],"more":true}'),
    ],
)
def test_snapshot(items: list[bytes], cursor: str | None, payload: bytes) -> None:
    frame = snapshot(items, cursor)

    assert frame.payload == payload
    assert frame.cursor == cursor


def test_a_whole_item() -> None:
    assert item_whole("price:A", 88, 1790000000000, b'{"price":"191.05"}') == (
        b'{"topic":"price:A","v":88,"ts":1790000000000,"data":{"price":"191.05"}}'
    )


def test_a_patch_of_an_item() -> None:
    assert item_set("price:A", 92, 1790000001000, {"price": None}) == (
        b'{"topic":"price:A","v":92,"ts":1790000001000,"set":{"price":null}}'
    )
    assert item_set("price:A", 92, 1790000001000, {"price": "1"}, versions=2) == (
        b'{"topic":"price:A","v":92,"ts":1790000001000,"set":{"price":"1"},"merged":2}'
    )


def test_the_end_of_an_item() -> None:
    assert item_gone("price:OLD", 7, 1790000001000) == (
        b'{"topic":"price:OLD","v":7,"ts":1790000001000,"gone":true}'
    )


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        (None, {"price": "1", "bid": None, "why": "x"}),
        (frozenset(), {}),
        (frozenset({"price", "ask"}), {"price": "1"}),
        (frozenset({"bid", "why"}), {"bid": None, "why": "x"}),
    ],
)
def test_project(fields: frozenset[str] | None, left: JsonObject) -> None:
    assert project({"price": "1", "bid": None, "why": "x"}, fields) == left


def test_an_item_of_a_snapshot() -> None:
    item = Item("price:A", 3, 5, b'{"price":"1","bid":"2"}')

    assert item_now(item, None) == (
        b'{"topic":"price:A","v":3,"ts":5,"data":{"price":"1","bid":"2"}}'
    )
    assert item_now(item, frozenset({"bid"})) == (
        b'{"topic":"price:A","v":3,"ts":5,"data":{"bid":"2"}}'
    )
    assert item_now(Item("price:A", 4, 6, None), None) is None
    assert item_now(Item("price:A", 4, 6, None), frozenset({"bid"})) is None


def test_each_door_wraps_a_frame_once() -> None:
    calls: list[bytes] = []

    def door(opening: bytes, closing: bytes) -> Wrap:
        def wrap(frame: Frame) -> bytes:
            calls.append(opening)
            return opening + frame.payload + closing

        return wrap

    one, two, three = door(b"<", b">"), door(b"[", b"]"), door(b"(", b")")
    frame = Frame(b"x", "k-1")

    given = [frame.wrapped(wrap) for wrap in (one, one, two, three, two, three, one)]
    assert given == [b"<x>", b"<x>", b"[x]", b"(x)", b"[x]", b"(x)", b"<x>"]
    assert calls == [b"<", b"[", b"("]
