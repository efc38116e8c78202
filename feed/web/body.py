"""What answers hold, as types: they are encoded by them, and the API documents show them.

What the doors answer in bulk (`Polled`, `Snapshotted`, `Charted`) is joined of JSON that is there
already; the tests hold it to its types.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from feed.model.payload import (
    AnyFrame,
    CursorText,
    Element,
    Event,
    Ms,
    TopicName,
)

Valid = Annotated[CursorText, Meta(description="The place at which this is valid.")]
Decimal = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["191.05"])]


class Misfit(msgspec.Struct, frozen=True):
    """One thing that is wrong with a request."""

    path: Annotated[str, Meta(description="Where: JSONPath in a body, else a parameter's name.")]
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal (RFC 9457)."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: Annotated[str, Meta(description="For people.")]
    code: Annotated[str, Meta(description="For programs.")]
    index: (
        Annotated[int, Meta(ge=0, description="The change's place in the array.")] | UnsetType
    ) = UNSET
    v: Annotated[int, Meta(ge=0, description="`version_differs`: of the item now.")] | UnsetType = (
        UNSET
    )
    leader: (
        Annotated[str, Meta(description="`not_leader`: the instance to ask.")] | UnsetType | None
    ) = UNSET
    errors: list[Misfit] | UnsetType = UNSET


class Polled(msgspec.Struct, frozen=True):
    """What is newer than a cursor."""

    cursor: Annotated[CursorText, Meta(description="Your place from now on: ask with it again.")]
    frames: list[AnyFrame]
    more: Annotated[bool, Meta(description="Another answer is ready.")]


class Snapshotted(msgspec.Struct, frozen=True):
    """Whole items."""

    cursor: Valid
    items: list[Element]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What a price was from `ts` on for `step_ms`."""

    ts: Ms
    open: Decimal | UnsetType = UNSET
    high: Decimal | UnsetType = UNSET
    low: Decimal | UnsetType = UNSET
    close: Decimal | UnsetType = UNSET


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What was: `points` of a price, `events` of a score."""

    topic: TopicName
    points: list[Point] | UnsetType = UNSET
    events: list[Event] | UnsetType = UNSET


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Of when a chart is, in milliseconds."""

    cursor: Valid
    step_ms: Annotated[int, Meta(ge=1)]
    from_: Ms = msgspec.field(name="from")
    to: Ms


class Charted(Span, frozen=True, kw_only=True):
    """The history of one topic, or of many (`history`)."""

    topic: TopicName | UnsetType = UNSET
    points: list[Point] | UnsetType = UNSET
    events: list[Event] | UnsetType = UNSET
    history: list[Past] | UnsetType = UNSET


class Live(msgspec.Struct, frozen=True):
    """The process works."""

    live: Literal[True] = True


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Whether to send clients here."""

    ready: bool
    instance: str
    log: Annotated[str, Meta(description="`ok`, or what is wrong with it.")]
    writable: Annotated[bool, Meta(description="The last append came to its end.")]
    epoch: str | None
    head: CursorText | None
    durable: Annotated[bool, Meta(description="An append survives a power cut.")] | None
    leader: Annotated[bool, Meta(description="This instance runs the sources.")]
    draining: bool
