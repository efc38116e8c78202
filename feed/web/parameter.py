"""What may stand in a query string: declared once, by which it is read and documented alike."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from feed.errors import BadQuery, Fault
from feed.model.payload import (
    ConflateMs,
    CursorText,
    DelayMs,
    FieldNames,
    FilterName,
    TopicName,
    WindowMs,
)

_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter by its name; `kind` is its type with all that msgspec's `Meta` says of it.

    A list is written with commas. `usual`: what it is where it is empty or absent.
    """

    name: str
    kind: Any
    usual: Any = None
    place: Literal["query", "path", "header"] = "query"
    is_needed: bool = False

    def needed(self) -> "Parameter":
        """The same where a door does not do without."""
        return msgspec.structs.replace(self, is_needed=True)


class Whole(Parameter, frozen=True, kw_only=True):
    """A whole number within bounds, written in ASCII digits."""

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the most that it may be."""
        metas = [each for each in get_args(self.kind) if isinstance(each, Meta)]
        least, *_ = (int(each.ge) for each in metas if each.ge is not None)
        most, *_ = (int(each.le) for each in metas if each.le is not None)
        return least, most

    def fault(self) -> Fault:
        """What is told to whom it is not that."""
        least, most = self.bounds
        return Fault(self.name, f"expected an integer from {least} to {most}")

    def admits(self, value: object) -> bool:
        """Whether a value is a whole number, and within the bounds."""
        least, most = self.bounds
        return type(value) is int and least <= value <= most

    def parse(self, text: str) -> int | str:
        """The number that a text is; else the text, which none admits."""
        return int(text) if _DIGITS.fullmatch(text) else text

    def find(self, query: Mapping[str, str]) -> int | None:
        """The number; None where it is absent or empty. Raises BadQuery."""
        text = query.get(self.name)
        if not text:
            return None
        value = self.parse(text)
        if isinstance(value, str) or not self.admits(value):
            raise BadQuery([self.fault()])
        return value

    def read(self, query: Mapping[str, str]) -> int:
        """The number, or the usual one. Raises BadQuery."""
        found = self.find(query)
        return int(self.usual) if found is None else found


def _whole(name: str, least: int, most: int, words: str, usual: int | None = None) -> Whole:
    kind = Annotated[int, Meta(ge=least, le=most, description=words)]
    return Whole(name=name, kind=kind, usual=usual)


TOPICS = Parameter(
    name="topics",
    kind=Annotated[
        list[FilterName],
        Meta(min_length=1, description="What to follow: no more than the limits say."),
    ],
)
ALSO = Parameter(
    name="also",
    kind=Annotated[
        list[FilterName],
        Meta(
            min_length=1,
            description="Further filters, which the cursor does not vouch for: a snapshot of them"
            " comes once what is older of `topics` was told.",
        ),
    ],
)
TOPIC = Parameter(name="topic", kind=TopicName)
CURSOR = Parameter(
    name="cursor",
    kind=Annotated[
        CursorText, Meta(description="Resume after this place; without it, begin with a snapshot.")
    ],
)
CONFLATE_MS = Whole(name="conflate_ms", kind=ConflateMs, usual=0)
WINDOW_MS = Whole(name="window_ms", kind=WindowMs, usual=0)
DELAY_MS = Whole(name="delay_ms", kind=DelayMs, usual=0)
FIELDS = Parameter(name="fields", kind=FieldNames)
WAIT = _whole("wait", 0, 55, "How many seconds a poll waits for news.", 25)
TOKEN = Parameter(
    name="token",
    kind=Annotated[
        str,
        Meta(description="A subscriber's JWT, for those who cannot send `Authorization`."),
    ],
)
OPTIONS = (CONFLATE_MS, WINDOW_MS, DELAY_MS)

POINTS = _whole("points", 1, 1000, "How many points of a chart, at the most.", 300)
SPAN_S = _whole(
    "span_s", 5, 31 * 24 * 3600, "How far a chart goes back, in seconds; else all there is."
)
BAR_FIELDS = Parameter(
    name="fields",
    kind=Annotated[
        list[Literal["open", "high", "low", "close"]],
        Meta(min_length=1, description="Which of a bar are wanted."),
    ],
)

DRY_RUN = Parameter(
    name="dry_run",
    kind=Annotated[
        Literal["0", "1"], Meta(description="1: check everything, show the frame, change nothing.")
    ],
    usual="0",
)
AUDIT_LIMIT = _whole("limit", 1, 1000, "How many, the newest first.", 100)
CONNECTION_LIMIT = _whole(
    "limit", 1, 1_000_000, "How many, those first that are furthest behind.", 1_000_000
)

LAST_EVENT_ID = Parameter(
    name="Last-Event-ID",
    kind=Annotated[CursorText, Meta(description="Wins over `cursor`: what a browser saw last.")],
    place="header",
)
KNOWN = Parameter(
    name="If-None-Match",
    kind=Annotated[str, Meta(description="The `ETag` of what you have.")],
    place="header",
)
KEY_SECONDS = Parameter(
    name="Feed-Key-Seconds",
    kind=Annotated[
        str,
        Meta(
            pattern="^[1-9][0-9]?$",
            examples=["2"],
            description="Of a cache before the server: after how many seconds it changes its keys.",
        ),
    ],
    place="header",
)
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    kind=Annotated[
        str,
        Meta(
            pattern="^[!-~]{1,128}$",
            examples=["desk-2041"],
            description="The same key and body again is answered again, and done once.",
        ),
    ],
    place="header",
)


def in_path(name: str, words: str) -> Parameter:
    """A part of the path."""
    kind = Annotated[str, Meta(min_length=1, description=words)]
    return Parameter(name=name, kind=kind, place="path", is_needed=True)
