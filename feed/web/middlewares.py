"""Errors → problem+json, foreign origins → 403, and the headers that every answer has."""

import logging
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from feed.errors import (
    BadChange,
    BadInput,
    EventUnknown,
    Faulty,
    Forbidden,
    KeyReused,
    LogUnavailable,
    Refused,
    TooManyTopics,
    VersionDiffers,
)
from feed.web import keys
from feed.web.answer import DATA_HEADERS, HEADERS, named, problem

log = logging.getLogger(__name__)

DOORS = ("/ws", "/sse", "/poll", "/snapshot", "/history")
_OPEN = (*DOORS, "/static/feed.js")
"""What pages of the allowed origins may read."""

_FETCHED = tuple(path for path in _OPEN if path != "/ws")
"""Of these those that a page may send headers to; a WebSocket has none of its page's."""

_ASKED_METHOD = "Access-Control-Request-Method"
_MAY_SEND = {
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Authorization, Cache-Control, If-None-Match, Last-Event-ID",
    "Access-Control-Max-Age": "7200",
}
"""What a browser is told that asks before a read (Fetch, "CORS protocol and HTTP caches")."""

_UPGRADE = ("Upgrade", "Connection", "Sec-WebSocket-Version")
_SAFE = ("GET", "HEAD", "OPTIONS")
_RETRY = {"Retry-After": "2"}
_STATUS = {BadChange: 422, TooManyTopics: 422, Forbidden: 403}

_PAGE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-cache",
}
_YEARS = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The only place where an error becomes an answer."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return _of_http(error)
    except (BadInput, Refused, LogUnavailable) as error:
        return _of_feed(error)
    except ConnectionError:
        raise
    except Exception:
        if request.writer.output_size > 0:  # an answer has begun: another in it would be garbage
            raise
        log.exception("%s %r failed", request.method, request.path)
        return problem(500, "internal", "the server failed to answer; it was logged")


def _of_http(error: web.HTTPException) -> web.Response:
    kept = ("Allow", "Retry-After", "WWW-Authenticate", *_UPGRADE)
    headers = {name: error.headers[name] for name in kept if name in error.headers}
    return problem(error.status, named(error.reason), error.reason, headers=headers)


def _of_feed(error: BadInput | Refused | LogUnavailable) -> web.Response:
    match error:
        case Faulty():
            status = _STATUS.get(type(error), 400)
            return problem(status, error.code, "what was sent is wrong", faults=error.faults)
        case BadInput():
            return problem(400, error.code, str(error))
        case Refused():
            return _of_refused(error)
        case LogUnavailable():
            log.warning("an answer is refused, the log cannot be used: %s", error)
            return problem(503, "unavailable", "the log cannot be used now", headers=_RETRY)


def _of_refused(error: Refused) -> web.Response:
    match error:
        case VersionDiffers():
            return problem(409, error.code, str(error), index=error.index, v=error.v)
        case EventUnknown():
            return problem(404, error.code, str(error), index=error.index)
        case KeyReused():
            return problem(422, error.code, str(error))
        case _:
            return problem(409, error.code, str(error), index=error.index)


@web.middleware
async def origins(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse foreign pages at the doors and for every unsafe method, before any work.

    Those of allowed origins are told what they may send (Fetch, "CORS-preflight fetch").
    """
    is_guarded = request.path in DOORS or request.method not in _SAFE
    judge = request.app[keys.ORIGINS]
    if is_guarded and not judge.is_served(request):
        return problem(403, "origin", "this origin is not served")
    is_asked_before = request.method == "OPTIONS" and _ASKED_METHOD in request.headers
    if is_asked_before and request.path in _FETCHED and judge.may_read(request):
        return web.Response(status=204, headers=_MAY_SEND)
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """What every answer of HTTP must have; runs just before its head is sent."""
    headers = response.headers
    headers.update(HEADERS)
    is_page = headers.get("Content-Type", "").startswith("text/html")
    for name, value in (_PAGE if is_page else DATA_HEADERS).items():
        headers.setdefault(name, value)
    if request.app[keys.PEERS].scheme(request) == "https":
        headers.update(_YEARS)
    if request.path in _OPEN:
        headers["Vary"] = "Origin"  # always: a cache must not give one origin's answer to another
        if origin := request.app[keys.ORIGINS].may_read(request):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = "Retry-After"  # when to come back
