"""A door or a call as the documents have it: what it is asked, and everything it may answer."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from feed.web.answer import named
from feed.web.parameter import Parameter

JSON, HTML = "application/json", "text/html"
FORM = "application/x-www-form-urlencoded"

Codes: TypeAlias = Mapping[int, Sequence[str]]
"""Codes of problems, by the status that they come with."""

Who: TypeAlias = Literal["public", "subscriber", "admin", "metrics"]


class Header(msgspec.Struct, frozen=True):
    """A header of an answer; `kind` is its type with all that msgspec's `Meta` says of it."""

    name: str
    kind: Any
    is_always: bool = True


def text(name: str, words: str, *, is_always: bool = True, **meta: Any) -> Header:
    """A header whose value is a text."""
    return Header(name, Annotated[str, Meta(description=words, **meta)], is_always)


ETAG = text(
    "ETag",
    "Ask with it in `If-None-Match`, and get 304 while nothing has changed. Not on answers to"
    " requests with a token.",
    is_always=False,
    pattern='^(W/)?"[^"]+"$',
)
CACHE = text("Cache-Control", "Who may keep it, and for how long.")
POLICY = text("Content-Security-Policy", "Nothing but what this server has itself.")
LOCATION = text("Location", "Where to go on.")
RETRY = Header(
    "Retry-After",
    Annotated[int, Meta(ge=1, le=300, description="Seconds to wait before the next try.")],
)
CHALLENGE = text("WWW-Authenticate", "Which token is wanted.", pattern="^Bearer$")
ALLOW = text("Allow", "The methods that there are.")
UPGRADE = text("Upgrade", "What is spoken here.", pattern="^websocket$")
SETS_COOKIE = text("Set-Cookie", "The session, for the admin page.", is_always=False)

OF_STATUS: Mapping[int, Sequence[Header]] = {
    401: (CHALLENGE,),
    405: (ALLOW,),
    426: (UPGRADE,),
    429: (RETRY,),
    503: (RETRY,),
}
"""What a refusal tells beside its body."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A good answer. `bodies`: its type, one of several; none: it is no JSON, or nothing.

    `examples`: by name.
    """

    words: str
    bodies: Sequence[Any] = ()
    media: str | None = JSON
    headers: Sequence[Header] = (CACHE,)
    examples: Mapping[str, Any] = {}


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a request brings."""

    kind: Any
    media: str = JSON
    examples: Mapping[str, Any] = {}


class Sample(msgspec.Struct, frozen=True):
    """A few lines to copy; `language` as highlighters name it."""

    language: str
    title: str
    text: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path. `pages`: statuses whose refusal may also be a page."""

    method: str
    path: str
    id: str
    tag: str
    summary: str
    words: str = ""
    who: Who = "public"
    parameters: Sequence[Parameter] = ()
    body: Body | None = None
    answers: Mapping[int, Answer]
    refusals: Codes = {}
    pages: Sequence[int] = ()
    samples: Sequence[Sample] = ()


def _by_http(*statuses: int) -> Codes:
    return {status: (named(HTTPStatus(status).phrase),) for status in statuses}


def together(*some: Codes) -> Codes:
    """All codes of some, by status."""
    statuses = sorted({status for codes in some for status in codes})
    return {
        status: [*dict.fromkeys(code for codes in some for code in codes.get(status, ()))]
        for status in statuses
    }


ANYWHERE = together(
    {400: ("malformed", "expectation"), 408: ("request_timeout",), 500: ("internal",)},
    _by_http(405),
)
"""What every path may answer: to what is no HTTP, or comes too slowly, or by another method."""

NOT_FOUND = _by_http(404)
FULL = _by_http(429, 503)
"""There are too many clients; 503 also while the instance leaves, or begins."""

AWAY: Codes = {503: ("unavailable",)}
"""The log is out of reach."""

FOREIGN: Codes = {403: ("origin",)}
SUBSCRIBER = _by_http(401, 429)
"""No subscriber; after ten wrong tokens a minute 429."""

TOKEN: Codes = together(SUBSCRIBER, FOREIGN, {403: ("forbidden",)})
"""A subscriber's token is wrong, or does not name the topic."""

ADMIN = together(_by_http(401, 429), AWAY)
"""No admin; after ten wrong tokens a minute 429."""

ACT = together(ADMIN, FOREIGN, {403: ("cross_site",)})
"""The same of an unsafe method."""

TOO_LARGE = _by_http(413)
NO_FORM = _by_http(413, 415)
NO_HANDSHAKE = _by_http(400, 426)
