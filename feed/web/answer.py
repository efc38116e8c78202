"""Answers over HTTP: JSON, JSON that is the same for many, and problems (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from aiohttp import web
from msgspec import UNSET

from feed.errors import Fault
from feed.hub.traffic import Sent
from feed.model.codec import encode
from feed.web.body import Misfit, Problem

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Server": "feed"}
"""Of every answer."""

DATA_HEADERS = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
"""Of every answer that is no page."""

NOT_STORED = {"Cache-Control": "no-store"}
_PERSONAL = {"Cache-Control": "private, no-store"}


class Shared(NamedTuple):
    """What everybody is answered who asks the same; `caching` are the headers that say so.

    `told`: what is in it, to be counted; `reset`: the reason of one that it begins with.
    """

    body: bytes
    caching: Mapping[str, str] = NOT_STORED
    told: Sent | None = None
    reset: str | None = None


def fresh(seconds: int, tag: str) -> Mapping[str, str]:
    """Caches that are shared may give an answer to others for so long; browsers ask each time.

    `tag`: its ETag as the header has it (RFC 9110 section 8.8.3); empty: none.
    """
    caching = {"Cache-Control": f"public, max-age=0, s-maxage={seconds}"}
    return {**caching, "ETag": tag} if tag else caching


def share(request: web.Request, answer: Shared) -> web.Response:
    """Tell a client what others are told too, or 304 where it has that.

    What was asked for with credentials is kept from caches (RFC 9111 section 3.5).
    """
    if "Authorization" in request.headers or "token" in request.query:
        return json_answer(answer.body, headers=_PERSONAL)
    if unchanged := not_modified(request, answer.caching):
        return unchanged
    return json_answer(answer.body, headers=answer.caching)


def not_modified(request: web.Request, caching: Mapping[str, str]) -> web.Response | None:
    """304 where the client has what is tagged so (RFC 9110 section 13.1.2)."""
    known = request.if_none_match or ()
    tag = caching.get("ETag", "").removeprefix("W/").strip('"')
    if tag and any(each.value in (tag, "*") for each in known):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=caching)
    return None


def json_answer(
    body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """JSON that is encoded already; not to be stored unless the headers say otherwise."""
    given = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    given.setdefault("Cache-Control", "no-store")
    return web.Response(body=body, status=status, headers=given)


def named(reason: str) -> str:
    """The code of a refusal that HTTP itself has words for: `Not Found` → `not_found`."""
    return reason.lower().replace(" ", "_")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> web.Response:
    """A refusal: `code` for programs, `detail` for people, `faults` with their places."""
    return web.Response(
        body=problem_body(status, code, detail, faults=faults, **more),
        status=status,
        headers={
            **(headers or {}),
            "Content-Type": "application/problem+json",
            "Cache-Control": "no-store",
        },
    )


def problem_body(
    status: int, code: str, detail: str, *, faults: Sequence[Fault] = (), **more: Any
) -> bytes:
    """The JSON of a refusal (RFC 9457 section 3.1)."""
    told = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=[Misfit(fault.path, fault.message) for fault in faults] or UNSET,
        **more,
    )
    return encode(told)
