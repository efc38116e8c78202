"""Frames as a client reads them (protocol section 4). Members that it does not know are ignored."""

from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from feed.client.fault import ServerFault
from feed.model.change import Op

Fields: TypeAlias = dict[str, Any]
"""A `JsonObject`; msgspec cannot read that recursive alias."""


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """One of a frame's `items`: `data` (the whole state), `set` (a merge patch) or `gone`."""

    topic: str
    v: int
    ts: int
    data: Fields | None = None
    patch: Fields | None = msgspec.field(default=None, name="set")
    merged: int = 1
    gone: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened on a topic. `ts` in milliseconds since the Unix epoch."""

    topic: str
    id: str
    op: Op
    kind: str
    ts: int
    data: Fields = msgspec.field(default_factory=dict)


class Rejected(msgspec.Struct, frozen=True):
    """A filter that is not served."""

    topic: str
    code: str
    message: str


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """What all frames share."""


class Welcome(_Frame, frozen=True, kw_only=True):
    """The first frame of a connection."""

    now: int
    heartbeat_ms: int


class Subscribed(_Frame, frozen=True, kw_only=True):
    """The answer to a subscribe; `topics` is the whole list in force."""

    topics: tuple[str, ...]
    resumed: bool
    rejected: tuple[Rejected, ...] = ()


class Reset(_Frame, frozen=True, kw_only=True):
    """What came since the cursor cannot be told one by one; a snapshot follows."""

    reason: str


class Snapshot(_Frame, frozen=True, kw_only=True):
    """Whole items; the cursor is on the last part only."""

    items: tuple[Element, ...]
    more: bool
    cursor: str | None = None


class Update(_Frame, frozen=True, kw_only=True):
    """What changed. `pt`: when the server sent it, milliseconds."""

    cursor: str
    pt: int
    items: tuple[Element, ...] = ()
    events: tuple[Event, ...] = ()


class Heartbeat(_Frame, frozen=True, kw_only=True):
    """Nothing changed for a while; moves the cursor all the same."""

    cursor: str
    now: int


class Error(_Frame, frozen=True, kw_only=True):
    """A command was refused."""

    code: str
    message: str
    retry: bool = False
    retry_after_ms: int = 0


class Bye(_Frame, frozen=True, kw_only=True):
    """The connection will be closed; come back `after_ms` from now, if at all."""

    cursor: str
    reason: str
    reconnect: bool
    after_ms: int = 0


class Pong(_Frame, frozen=True, kw_only=True):
    """The answer to a ping."""

    now: int


Frame: TypeAlias = Welcome | Subscribed | Reset | Snapshot | Update | Heartbeat | Error | Bye | Pong


class _Unknown(msgspec.Struct, frozen=True):
    type: str


_KNOWN = (
    "welcome",
    "subscribed",
    "reset",
    "snapshot",
    "update",
    "heartbeat",
    "error",
    "bye",
    "pong",
)
_type: msgspec.json.Decoder[_Unknown] = msgspec.json.Decoder(_Unknown)
_frame: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame, float_hook=Decimal)


def parse(text: str) -> Frame | None:
    """The text of one frame; None where its type is not known. Raises ServerFault."""
    try:
        if _type.decode(text).type not in _KNOWN:
            return None
        return _frame.decode(text)
    except msgspec.MsgspecError as error:
        raise ServerFault(f"a frame that is none: {error}") from error
