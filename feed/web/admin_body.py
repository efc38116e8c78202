"""What the admin is answered, as types: it is encoded by them, and the API documents show them."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from feed.hub.ingest import Result
from feed.hub.standing import Standing
from feed.model.change import Op
from feed.model.payload import (
    ConflateMs,
    Count,
    CursorText,
    DelayMs,
    Fields,
    FilterName,
    Ms,
    TopicName,
    Version,
    one_of,
)
from feed.sources.desk.desk import Relied
from feed.sources.running import Status

Results: TypeAlias = list[Result]


class Appended(msgspec.Struct, frozen=True, kw_only=True):
    """Changes that are durable."""

    cursor: Annotated[CursorText, Meta(description="The place of the change, the last of several.")]
    results: Results


class Injected(Appended, frozen=True, kw_only=True):
    """An injection that was made now, or by an earlier request with the same key."""

    duplicate: bool


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What an injection would do."""

    dry_run: Literal[True] = True
    frames: Annotated[list[Any], Meta(description="What subscribers of everything would get.")]
    subscribers: Annotated[int, Meta(ge=0, description="How many want any of it, here.")]
    results: Results


class PinView(msgspec.Struct, frozen=True):
    """A field that sources may not overwrite."""

    topic: TopicName
    field: Annotated[str, Meta(description="A JSON pointer (RFC 6901).", examples=["/price"])]
    value: Any
    source: Annotated[Any, Meta(description="What sources say meanwhile.")]
    gone: bool
    until: Ms


class Pins(msgspec.Struct, frozen=True):
    """All pins that are in force."""

    pins: list[PinView]


class StandingView(msgspec.Struct, frozen=True, kw_only=True):
    """An event after all that was said of it."""

    id: str
    op: Annotated[Op, Meta(description="What was said last.")]
    kind: str
    ts: Ms
    data: Fields
    why: str | None


class Happened(msgspec.Struct, frozen=True):
    """The events of a match, the newest first."""

    events: list[StandingView]

    @classmethod
    def of(cls, events: list[Standing]) -> "Happened":
        """From what the hub says of them."""
        return cls([StandingView(**msgspec.structs.asdict(each)) for each in events])


By = Annotated[str, Meta(description="The fingerprint of the admin's token.")]
Address = Annotated[str, Meta(description="Where the call came from.")]


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done by hand."""

    id: str
    at: Ms
    action: Annotated[str, one_of("inject", "undo", "unpin")]
    topics: list[TopicName]
    count: Annotated[int, Meta(ge=0, description="How many changes it made.")]
    why: str | None
    cursor: CursorText
    undone: bool
    undoes: Annotated[str, Meta(description="The id of what it took back.")] | None
    by: By | None
    address: Address | None


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """A call that may have changed something, whatever came of it."""

    at: Ms
    by: By | None
    address: Address
    call: Annotated[str, Meta(description="Method and path.")]
    status: Annotated[int, Meta(description="0: who asked had left before the answer.")]
    topics: list[TopicName]


class Audited(msgspec.Struct, frozen=True):
    """What was done, and the calls to this instance; the newest first."""

    entries: list[Deed]
    calls: list[Called]


class Altered(msgspec.Struct, frozen=True, kw_only=True):
    """What subscribers got of one change; `was`: the merge patch back."""

    topic: TopicName
    v: Version
    item: Any = UNSET
    was: Fields | UnsetType = UNSET
    event: Any = UNSET


class DeedInFull(Deed, frozen=True, kw_only=True):
    """The same, with the first twenty of its changes."""

    changes: list[Altered]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Of this instance."""

    topics: Count
    subscribers: Count
    behind: Count
    ws: Count
    sse: Count


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The log, who runs the sources, and counts."""

    instance: str
    now: Ms
    epoch: str
    first: Count
    head: Count
    size_bytes: Count
    durable: bool
    leader: str | None
    counts: Counts
    sources: list[Status]


class HeldView(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says that is in doubt, and not published yet."""

    topic: TopicName
    field: str
    value: Any
    shown: Any
    why: str
    since: Ms
    polls_left: Annotated[int, Meta(description="Null: only an admin lets it through.")] | None


class SourceView(Status, frozen=True, kw_only=True):
    """What a source does, how it fares, what of it is held."""

    held: list[HeldView]
    topics: list[Relied]
    clock_ahead_ms: int | None


class Sources(msgspec.Struct, frozen=True):
    """The sources, where this instance runs them."""

    instance: str
    leader: str | None
    sources: list[SourceView]


class ConnectionView(msgspec.Struct, frozen=True, kw_only=True):
    """One open stream."""

    id: str
    door: Annotated[str, one_of("ws", "sse")]
    address: str
    topics: list[FilterName]
    conflate_ms: ConflateMs
    delay_ms: DelayMs
    cursor: CursorText | None
    lag: Annotated[int, Meta(ge=0, description="Entries of the log since its place.")]
    behind: Annotated[bool, Meta(description="It is being caught up.")]
    age_s: Count


class Connected(msgspec.Struct, frozen=True):
    """The streams of this instance, the one that lags most first; `count` of all of them."""

    instance: str
    count: Count
    connections: list[ConnectionView]


class Stay(msgspec.Struct, frozen=True):
    """What of a session its page must know; seconds since the Unix epoch."""

    csrf: str
    ends: Count
    idle_ends: Count
