"""The calls of the admin."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from feed.web.admin_body import (
    Injected,
    Stay,
    Tried,
)
from feed.web.api import admin_example as example
from feed.web.api.doors import HERE
from feed.web.api.operation import (
    ACT,
    ADMIN,
    ANYWHERE,
    CACHE,
    FOREIGN,
    FORM,
    HTML,
    LOCATION,
    NO_FORM,
    NOT_FOUND,
    SETS_COOKIE,
    TOO_LARGE,
    Answer,
    Body,
    Codes,
    Operation,
    Sample,
    together,
)
from feed.web.inject import GivenChanges, OfTopic
from feed.web.parameter import (
    AUDIT_LIMIT,
    CONNECTION_LIMIT,
    DRY_RUN,
    IDEMPOTENCY_KEY,
    TOPIC,
    Parameter,
    in_path,
)


class SignIn(msgspec.Struct, frozen=True):
    """The form to sign in."""

    token: Annotated[str, Meta(description="The admin's token.")]


class SignOut(msgspec.Struct, frozen=True):
    """The form to sign out."""

    csrf: Annotated[str, Meta(description="Of the page's form; a session needs it.")] = ""


_BODY: Codes = {400: ("not_json",), 415: ("content_type", "content_encoding"), 422: ("invalid",)}
_JSON = together(_BODY, TOO_LARGE)
_CHANGE: Codes = {
    404: ("event_unknown",),
    409: ("version_differs", "event_exists", "topic_unknown"),
    422: ("invalid", "topics_full"),
}
_ID = in_path("id", "As a list has it.")
_NAME = in_path("name", "Of a source.")
_TO_PAGE = Answer(words="On to the page.", media=None, headers=(CACHE, LOCATION, SETS_COOKIE))
_IN_TOPIC = Body(kind=OfTopic, examples={"price": OfTopic("CASH-USD")})


def _shown(words: str, value: Any) -> Answer:
    """An answer like this one."""
    return Answer(words=words, bodies=(type(value),), examples={"usual": value})


def _look(
    path: str,
    id_: str,
    summary: str,
    shown: Any,
    *parameters: Parameter,
    refusals: Codes | None = None,
) -> Operation:
    return Operation(
        method="get",
        path=f"/admin/{path}",
        id=id_,
        tag="admin",
        summary=summary,
        who="admin",
        parameters=parameters,
        answers={200: _shown("As it stands.", shown)},
        refusals=together(ANYWHERE, ADMIN, refusals or {}),
    )


def _act(
    path: str,
    id_: str,
    summary: str,
    answers: Mapping[int, Answer],
    *parameters: Parameter,
    refusals: Codes,
    words: str = "",
    method: str = "post",
    body: Body | None = None,
    samples: Sequence[Sample] = (),
) -> Operation:
    return Operation(
        method=method,
        path=f"/admin/{path}",
        id=id_,
        tag="admin",
        summary=summary,
        words=words,
        who="admin",
        parameters=parameters,
        body=body,
        answers=answers,
        refusals=together(ANYWHERE, ACT, refusals),
        samples=samples,
    )


def _steer(action: str, summary: str) -> Operation:
    return _act(
        f"sources/{{name}}/{action}",
        action,
        summary,
        {200: _shown("The sources as they are now.", example.SOURCES)},
        _NAME,
        refusals=together(NOT_FOUND, {404: ("source_unknown",), 409: ("not_leader",)}),
    )


def _decide(action: str, summary: str) -> Operation:
    held: Codes = {404: ("nothing_held",), 409: ("not_leader",)}
    return _act(
        f"sources/{{name}}/{action}",
        action,
        summary,
        {200: _shown("The sources as they are now.", example.SOURCES)},
        _NAME,
        body=_IN_TOPIC,
        refusals=together(NOT_FOUND, held, _JSON),
    )


INJECT = _act(
    "inject",
    "inject",
    "Change the feed",
    {
        200: Answer(
            words="Durable in the log; or with `dry_run` what it would do.",
            bodies=(Injected, Tried),
            examples={"injected": example.INJECTED, "tried": example.TRIED},
        )
    },
    DRY_RUN,
    IDEMPOTENCY_KEY,
    words="One change, or an array of them, all or nothing.",
    body=Body(
        kind=GivenChanges,
        examples={"price": example.PRICE, "two": [example.PRICE, example.CORRECTION]},
    ),
    refusals=together(_JSON, _CHANGE, {422: ("key_reused", "topics_full")}),
    samples=(
        Sample(
            "sh",
            "curl",
            f"curl {HERE}/admin/inject \\\n"
            '  -H "Authorization: Bearer $FEED_ADMIN_TOKEN" \\\n'
            "  -H 'Content-Type: application/json' \\\n"
            """  -d '{"topic":"CASH-USD","set":{"price":"70000.00"}}'""",
        ),
    ),
)

CALLS = (
    INJECT,
    _act(
        "undo/{id}",
        "undo",
        "Take back what was done by hand",
        {200: _shown("The compensating change is durable.", example.UNDONE)},
        _ID,
        refusals=together(NOT_FOUND, {404: ("action_unknown",), 409: ("not_to_undo",)}, _CHANGE),
    ),
    _look(
        "audit",
        "audit",
        "What was done by hand",
        example.AUDITED,
        AUDIT_LIMIT,
        refusals={400: ("bad_option",)},
    ),
    _look(
        "audit/{id}",
        "deed",
        "One of these, with its changes",
        example.DEED_IN_FULL,
        _ID,
        refusals=together(NOT_FOUND, {404: ("action_unknown",)}),
    ),
    _look("pins", "pins", "What sources may not overwrite", example.PINS),
    _act(
        "unpin",
        "unpin",
        "Let sources overwrite an item again",
        {200: _shown("Its fields take what sources said meanwhile.", example.UNDONE)},
        body=_IN_TOPIC,
        refusals=together(_JSON, {404: ("topic_unknown",)}),
    ),
    _look(
        "events",
        "events",
        "The events of a match as they stand",
        example.HAPPENED,
        TOPIC.needed(),
        refusals={400: ("bad_topic",)},
    ),
    _look("state", "state", "The log, the leader, and counts", example.STATE),
    _look("sources", "sources", "What sources do, and what of them is held", example.SOURCES),
    _steer("pause", "Ask a source no more"),
    _steer("resume", "Ask it again"),
    _steer("run", "Ask it now"),
    _decide("accept", "Let through what is held of a source"),
    _decide("reject", "Put it away until it changes"),
    _look(
        "connections",
        "connections",
        "Who is connected here",
        example.CONNECTED,
        CONNECTION_LIMIT,
        refusals={400: ("bad_option",)},
    ),
    _act(
        "connections/{id}",
        "disconnect",
        "End a connection",
        {204: Answer(words="Its client may come back with its cursor.", media=None, headers=())},
        _ID,
        method="delete",
        refusals=together(NOT_FOUND, {404: ("connection_unknown",)}),
    ),
    _act(
        "session",
        "stay",
        "Say that somebody is there",
        {
            200: Answer(
                words="Of the session what its page must know.",
                bodies=(Stay,),
                examples={"usual": example.STAY},
                headers=(CACHE, SETS_COOKIE),
            )
        },
        refusals={409: ("no_session",)},
    ),
    Operation(
        method="get",
        path="/admin",
        id="admin_page",
        tag="pages",
        summary="The admin page, or the form to sign in",
        who="admin",
        answers={200: Answer(words="The page.", media=HTML)},
        refusals=together(ANYWHERE, ADMIN),
        pages=(503,),
    ),
    Operation(
        method="post",
        path="/admin/sign-in",
        id="sign_in",
        tag="pages",
        summary="Begin a session",
        body=Body(kind=SignIn, media=FORM),
        answers={303: _TO_PAGE},
        refusals=together(ANYWHERE, ACT, NO_FORM, FOREIGN),
        pages=(401, 403, 429),
    ),
    Operation(
        method="post",
        path="/admin/sign-out",
        id="sign_out",
        tag="pages",
        summary="End the session, everywhere and for good",
        body=Body(kind=SignOut, media=FORM),
        answers={303: _TO_PAGE},
        refusals=together(ANYWHERE, ACT, NO_FORM, {403: ("csrf",)}),
    ),
)
