"""What frames from the server hold, as types (protocol section 4), and so for whoever reads of it.

Frames of plain values are encoded by them. An update and a snapshot are joined of what is JSON
already (`feed.model.frame`); the tests hold what is joined to the types. What `Annotated` says of a
member is what the API documents say of it.
"""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from feed.model.change import Op
from feed.model.cursor import CURSOR
from feed.model.topic import FILTER, GIVEN_TOPIC, TOPIC

Fields: TypeAlias = dict[str, Any]
"""A `JsonObject`; msgspec cannot read that recursive alias."""

TopicName = Annotated[
    str, Meta(pattern=TOPIC, examples=["price:BTC-USD"], description="A topic in full: `kind:key`.")
]
GivenTopic = Annotated[
    str,
    Meta(
        examples=["BTC-USD"],
        description="A topic; without a kind it is a price.",
        extra_json_schema={"pattern": GIVEN_TOPIC},  # those who read it say what is wrong
    ),
]
FilterName = Annotated[
    str,
    Meta(
        pattern=FILTER,
        examples=["BTC-USD", "score:EPL.*"],
        description="A topic, or a prefix that ends in `*`. Without a kind it is a price.",
    ),
]
CursorText = Annotated[
    str,
    Meta(
        pattern=CURSOR,
        examples=["k3f9-18233"],
        description="A place in the log; it belongs to no connection, door or instance.",
    ),
]
Ms = Annotated[int, Meta(description="Milliseconds since the Unix epoch, UTC.")]
Version = Annotated[
    int, Meta(ge=1, description="Grows by one with each change of the item, and never begins anew.")
]
Count = Annotated[int, Meta(ge=0)]

ConflateMs = Annotated[
    int,
    Meta(
        ge=0,
        le=60_000,
        description="An item is sent at most once in so many milliseconds, its newest state.",
    ),
]
WindowMs = Annotated[
    int,
    Meta(
        ge=0,
        le=1_000,
        description="For how many milliseconds changes may be gathered into one frame.",
    ),
]
DelayMs = Annotated[
    int,
    Meta(
        ge=0,
        le=600_000,
        description="See everything so many milliseconds later; two digits are kept, rounded up.",
    ),
]
FieldNames = Annotated[
    list[Annotated[str, Meta(min_length=1)]],
    Meta(
        min_length=1,
        max_length=64,
        examples=[["price", "change_pct"]],
        description="Fields of items that are of interest; `state` and `why` come always.",
    ),
]
EchoedId: TypeAlias = Annotated[
    str | int, Meta(description="The `id` of the command that this answers, where it had one.")
]


def one_of(*values: str, words: str = "") -> Meta:
    """A text that is one of these; the documents say so, and nothing is refused by it."""
    told = {"description": words} if words else {}
    return Meta(extra_json_schema={"enum": [*values], **told})


class Element(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item in a frame, with one of `data`, `set` and `gone`."""

    topic: TopicName
    v: Version
    ts: Annotated[Ms, Meta(description="When the source says that it changed, milliseconds.")]
    data: (
        Annotated[Fields, Meta(description="The whole state: it replaces what you hold.")]
        | UnsetType
    ) = UNSET
    set: (
        Annotated[Fields, Meta(description="A JSON merge patch (RFC 7396) to what you hold.")]
        | UnsetType
    ) = UNSET
    merged: (
        Annotated[int, Meta(ge=2, description="For how many versions `set` stands, where not one.")]
        | UnsetType
    ) = UNSET
    gone: Annotated[bool, Meta(description="The topic has ended.")] | UnsetType = UNSET


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened on a topic. It is never merged with another, and never left out."""

    topic: TopicName
    id: Annotated[str, Meta(description="Unique within its topic.")]
    op: Annotated[Op, Meta(description="`amend` replaces the event of this id, `void` retracts it")]
    kind: Annotated[str, Meta(examples=["goal"])]
    ts: Ms
    data: Fields | UnsetType = UNSET


class Rejected(msgspec.Struct, frozen=True):
    """A filter that is not served, and why."""

    topic: Annotated[str, Meta(description="As it was written.")]
    code: Annotated[str, one_of("bad_topic", "too_many_topics", "forbidden")]
    message: str


class Allowed(msgspec.Struct, frozen=True):
    """How much a connection may ask for."""

    topics: Count
    wildcards: Count
    commands_per_s: Count
    message_bytes: Count


class Payload(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """What all frames share: their `type`."""


class Welcome(Payload, frozen=True, kw_only=True):
    """The first frame of a connection."""

    protocol: Literal[1]
    instance: str
    connection: Annotated[str, Meta(description="Its name for the operator.")]
    head: Annotated[CursorText, Meta(description="The end of the log now; no place of yours.")]
    now: Ms
    heartbeat_ms: Annotated[int, Meta(ge=0, description="Without a frame for so long, a heartbeat")]
    ends_in_ms: Annotated[int, Meta(description="To the close by rotation, at the latest.")] | None
    limits: Allowed


class Subscribed(Payload, frozen=True, kw_only=True):
    """What is in force now: after `subscribe`, `unsubscribe`, `set` and `auth`."""

    id: EchoedId | UnsetType = UNSET
    topics: Annotated[list[FilterName], Meta(description="The entire list.")]
    conflate_ms: ConflateMs
    window_ms: WindowMs
    delay_ms: DelayMs
    fields: FieldNames | None
    resumed: Annotated[bool, Meta(description="Whether your cursor was honoured.")]
    rejected: list[Rejected]


class Reset(Payload, frozen=True, kw_only=True):
    """What came after your cursor cannot be told one by one; a snapshot follows at once."""

    reason: Annotated[
        str,
        one_of(
            "expired",
            "epoch",
            "ahead",
            words="Older than the log holds, of another log, or beyond its end.",
        ),
    ]


class Snapshot(Payload, frozen=True, kw_only=True):
    """Whole items, 500 a part at the most."""

    items: list[Element]
    more: Annotated[bool, Meta(description="True on all parts but the last.")]
    cursor: (
        Annotated[CursorText, Meta(description="On the last part only: your place from now on.")]
        | UnsetType
    ) = UNSET


class Moving(Payload, frozen=True, kw_only=True):
    """A frame that moves the client's place."""

    cursor: Annotated[CursorText, Meta(description="Your place from now on.")]


class Update(Moving, frozen=True, kw_only=True):
    """What changed, in order."""

    pt: Annotated[Ms, Meta(description="When the server sent it, milliseconds.")]
    items: list[Element] | UnsetType = UNSET
    events: list[Event] | UnsetType = UNSET


class Heartbeat(Moving, frozen=True, kw_only=True):
    """Nothing for a while. It moves your place over what is not of your topics."""

    now: Ms


class Error(Payload, frozen=True, kw_only=True):
    """A command was refused; the connection stays unless a close follows."""

    id: EchoedId | UnsetType = UNSET
    code: Annotated[
        str,
        one_of(
            "bad_message",
            "unknown_type",
            "bad_option",
            "bad_cursor",
            "rate_limited",
            "no_auth",
            "unauthorized",
            "unavailable",
        ),
    ]
    message: str
    retry: Annotated[bool, Meta(description="Whether the same may be said again.")]
    retry_after_ms: Count | UnsetType = UNSET


class Bye(Moving, frozen=True, kw_only=True):
    """The server will close. Open the next connection first; frames go on until the close."""

    reason: Annotated[str, one_of("rotate", "shutdown", "token")]
    reconnect: bool
    after_ms: Annotated[Count, Meta(description="When to come back, so that not all come at once.")]
    grace_ms: Annotated[Count, Meta(description="How long until the close.")]


class Pong(Payload, frozen=True, kw_only=True):
    """The answer to a ping."""

    id: EchoedId | UnsetType = UNSET
    at: Annotated[Any, Meta(description="What the ping had as `at`.")] = UNSET
    now: Ms


FRAMES: tuple[type[Payload], ...] = (
    Welcome,
    Subscribed,
    Reset,
    Snapshot,
    Update,
    Heartbeat,
    Error,
    Bye,
    Pong,
)
AnyFrame: TypeAlias = (
    Welcome | Subscribed | Reset | Snapshot | Update | Heartbeat | Error | Bye | Pong
)
