"""What the log holds: a change that was validated, merged, versioned and encoded once."""

from typing import Any

import msgspec

from feed.model.change import Op
from feed.model.codec import JsonObject, decode, decode_object, encode
from feed.model.merge import merge


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A change ready to be appended. Everything that is sent is already JSON.

    `v`: the topic's version after it; `item`: the element for a frame's `items`, None when only
    an event happened; `event`: the element for `events`; `data`: the whole state after it, None
    when the topic is gone; `undo`: the way back, see `way_back`, None when there was no topic;
    `event_id`, `event_op` and `event_kind` name the event for the log's index of ids.
    """

    topic: str
    v: int
    ts: int
    item: bytes | None = None
    event: bytes | None = None
    data: bytes | None = None
    undo: bytes | None = None
    event_id: str | None = None
    event_op: Op | None = None
    event_kind: str | None = None


class Item(msgspec.Struct, frozen=True, gc=False):
    """The state of a topic at some place. `data` is compact JSON; None: gone, and `v` is kept."""

    topic: str
    v: int
    ts: int
    data: bytes | None

    def state(self) -> JsonObject | None:
        """The state as values; None: the topic is gone."""
        return None if self.data is None else decode_object(self.data)


def way_back(ts: int, patch: JsonObject) -> bytes:
    """What `Record.undo` holds: the `ts` of the state before, and the merge patch back to it."""
    return encode([ts, patch])


class Entry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A record at its place in the log. `at`: when it was appended, milliseconds, never falling."""

    offset: int
    at: int
    topic: str
    v: int
    ts: int
    item: bytes | None
    event: bytes | None
    data: bytes | None
    undo: bytes | None

    @property
    def size_bytes(self) -> int:
        """What it adds to a frame, without separators."""
        return len(self.item or b"") + len(self.event or b"")

    def after(self) -> JsonObject | None:
        """The item's state after this entry; None: the topic is gone."""
        return None if self.data is None else decode_object(self.data)

    def way(self) -> JsonObject:
        """The merge patch back to the state before; empty where there was none."""
        if self.undo is None:
            return {}
        way: Any = decode(self.undo)
        patch: JsonObject = way[1]
        return patch

    def before(self) -> JsonObject | None:
        """The item's state before this entry; None: the topic was not there."""
        if self.undo is None:
            return None
        way: Any = decode(self.undo)
        return merge(self.after() or {}, way[1])

    def item_before(self) -> Item:
        """The item before this entry, which must be a change of it."""
        state = self.before()
        if self.undo is None or state is None:
            return Item(self.topic, self.v - 1, self.ts, None)
        way: Any = decode(self.undo)
        return Item(self.topic, self.v - 1, way[0], encode(state))
