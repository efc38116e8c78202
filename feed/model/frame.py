"""Frames from the server (protocol section 4), built by joining what is already encoded."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from feed.model.codec import JsonObject, encode
from feed.model.entry import Item
from feed.model.payload import Moving, Payload

SNAPSHOT_PART = 500
"""Items in one part of a snapshot at the most (protocol section 4)."""


class Frame(msgspec.Struct, eq=False, gc=False):
    """One frame as JSON. `cursor`: the place that it moves the client to, None where it moves none.

    `elements`: how many items and events it tells; `merged`: how many versions these stand for,
    beyond themselves. A door's own wrapping of it is made once, however many connections it goes
    to.
    """

    payload: bytes
    cursor: str | None = None
    elements: int = 0
    merged: int = 0
    _wrap: "Wrap | None" = None
    _made: bytes = b""
    _others: "dict[Wrap, bytes] | None" = None

    def wrapped(self, wrap: "Wrap") -> bytes:
        """`wrap(self)`, remembered; most frames go out in one wrapping only."""
        if self._wrap is wrap:
            return self._made
        if self._wrap is None:
            self._wrap, self._made = wrap, wrap(self)
            return self._made
        if self._others is None:
            self._others = {}
        made = self._others.get(wrap)
        if made is None:
            made = self._others[wrap] = wrap(self)
        return made


Wrap = Callable[[Frame], bytes]
"""A door's way to put a frame on its transport."""


def plain(payload: Payload) -> Frame:
    """A frame of plain values; it moves the client where they have a cursor."""
    return Frame(encode(payload), payload.cursor if isinstance(payload, Moving) else None)


class Heading(NamedTuple):
    """What all updates that are sent at one moment and move to one place begin with."""

    cursor: str
    text: bytes


def heading(cursor: str, pt: int) -> Heading:
    """`cursor`: the place that the updates move to. `pt`: when they are sent, milliseconds."""
    return Heading(cursor, b'{"type":"update","cursor":"%b","pt":%d' % (cursor.encode(), pt))


def update(head: Heading, items: Sequence[bytes], events: Sequence[bytes]) -> Frame:
    """What changed, in order. Joined, which takes half the time of a format that copies as much."""
    cursor, text = head
    if not events:
        told = b"".join((text, b',"items":[', b",".join(items), b"]}"))
        return Frame(told, cursor, len(items))
    parts = [text, b',"items":[', b",".join(items), b"]"] if items else [text]
    told = b"".join((*parts, b',"events":[', b",".join(events), b"]}"))
    return Frame(told, cursor, len(items) + len(events))


def snapshot(items: Sequence[bytes], cursor: str | None) -> Frame:
    """One part of a snapshot; `cursor` is None on all but the last."""
    more = b"true" if cursor is None else b"false"
    parts = [b'{"type":"snapshot","items":[', b",".join(items), b'],"more":', more]
    if cursor is not None:
        parts.append(b',"cursor":"%b"' % cursor.encode())
    return Frame(b"".join([*parts, b"}"]), cursor, len(items))


def item_whole(topic: str, v: int, ts: int, data: bytes) -> bytes:
    """An element of `items` with the whole state, which is JSON already."""
    return b'{"topic":"%b","v":%d,"ts":%d,"data":%b}' % (topic.encode(), v, ts, data)


class _Set(msgspec.Struct, omit_defaults=True, gc=False):
    """Encoded as a whole it takes half the time of its parts."""

    topic: str
    v: int
    ts: int
    set: JsonObject
    merged: int = 1


def item_set(topic: str, v: int, ts: int, patch: JsonObject, versions: int = 1) -> bytes:
    """An element of `items` with a merge patch that stands for so many versions."""
    return encode(_Set(topic, v, ts, patch, versions))


def item_gone(topic: str, v: int, ts: int) -> bytes:
    """An element of `items` that ends a topic."""
    return b'{"topic":"%b","v":%d,"ts":%d,"gone":true}' % (topic.encode(), v, ts)


def project(state: JsonObject, fields: frozenset[str] | None) -> JsonObject:
    """The fields of interest of a state or patch; None: all of them."""
    if fields is None:
        return state
    return {name: value for name, value in state.items() if name in fields}


def item_now(item: Item, fields: frozenset[str] | None) -> bytes | None:
    """An item as an element of a snapshot; None when it is gone."""
    if item.data is None:
        return None
    data = item.data
    if fields is not None:
        data = encode(project(item.state() or {}, fields))
    return item_whole(item.topic, item.v, item.ts, data)
