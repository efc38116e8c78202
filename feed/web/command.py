"""What a client may say on a WebSocket (protocol section 5)."""

from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from feed.errors import BadCursor
from feed.model.codec import Json, JsonObject, decode
from feed.model.cursor import Cursor, parse_cursor
from feed.model.payload import ConflateMs, CursorText, DelayMs, FieldNames, FilterName, WindowMs

Id: TypeAlias = str | int | UnsetType


class Said(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """What a client says, as a type: all commands have it. Null is as if it were not there.

    What is said is read by `read_command` and those who obey it, so as to name what is wrong with
    it; the tests hold them to these types.
    """

    id: (
        Annotated[str | int, Meta(description="Comes back in the answer.", examples=[1])]
        | UnsetType
        | None
    ) = UNSET


class _Optional(Said, frozen=True, kw_only=True):
    """Options hold for the connection, until they are said anew."""

    conflate_ms: ConflateMs | UnsetType | None = UNSET
    window_ms: WindowMs | UnsetType | None = UNSET
    delay_ms: DelayMs | UnsetType | None = UNSET
    fields: (
        Annotated[FieldNames, Meta(description="Fields of interest; null: all of them.")]
        | UnsetType
        | None
    ) = UNSET


class Subscribe(_Optional, frozen=True, kw_only=True):
    """Add topics. Answered with `subscribed`, and a snapshot of what is new."""

    topics: Annotated[list[FilterName], Meta(description="`tickers` is another name of it.")]
    cursor: (
        Annotated[CursorText, Meta(description="Honoured on the first of a connection.")]
        | UnsetType
        | None
    ) = UNSET


class Unsubscribe(Said, frozen=True, kw_only=True):
    """Leave topics, word for word."""

    topics: list[FilterName]


class Set(_Optional, frozen=True, kw_only=True):
    """Change options."""


class Ping(Said, frozen=True, kw_only=True):
    """Ask for a `pong`."""

    at: Annotated[Any, Meta(description="Whatever you like: it comes back.")] = UNSET


class Auth(Said, frozen=True, kw_only=True):
    """Give a token, the first or a fresh one."""

    token: Annotated[str, Meta(description="A JWT, where the feed is not public.")]


COMMANDS: tuple[type[Said], ...] = (Subscribe, Unsubscribe, Set, Ping, Auth)
KINDS = tuple(str(kind.__struct_config__.tag) for kind in COMMANDS)


class BadCommand(Exception):
    """A message that is no command; `id` is its own, where it had one."""

    def __init__(self, code: str, message: str, id: Id = UNSET) -> None:  # noqa: A002  (the wire's)
        super().__init__(message)
        self.code = code
        self.id = id


class Command(msgspec.Struct, frozen=True):
    """A command of a known kind; `id` is its own, where it had one, for the answer.

    `topics` are as they were written; `given` is the whole object.
    """

    kind: str
    id: Id
    topics: list[str]
    given: JsonObject


def read_command(text: str | bytes) -> Command:
    """A text message → a command; raises BadCommand."""
    given = _object(text)
    id_: Any = UNSET if (named := given.get("id")) is None else named
    if type(id_) not in (str, int, UnsetType):
        raise BadCommand("bad_message", "`id` must be a string or an integer")
    kind = given.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadCommand("unknown_type", f"`type` must be one of {', '.join(KINDS)}", id_)
    topics = given.get("topics", given.get("tickers"))
    if topics is None:
        if kind in ("subscribe", "unsubscribe"):
            raise BadCommand("bad_message", "`topics` is missing", id_)
        topics = []
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise BadCommand("bad_message", "`topics` must be an array of strings", id_)
    return Command(kind, id_, [str(topic) for topic in topics], given)


def _object(text: str | bytes) -> JsonObject:
    try:
        given: Any = decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadCommand("bad_message", "the message is not JSON") from error
    if not isinstance(given, dict):
        raise BadCommand("bad_message", "the message is not a JSON object")
    return given


def read_place(value: Json) -> Cursor | None:
    """The cursor that is given, if any. Raises BadCursor."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadCursor("cursor must be a string")
    return parse_cursor(value)
