"""Security notes, section 1: the headers of every kind of answer, all of them and no others."""

import asyncio
import re
from collections.abc import Mapping

import pytest

from tests.blackbox.conftest import Serve
from tests.blackbox.fuzz.spoken import UPGRADE
from tests.blackbox.test_http import PERMISSIONS, POLICY
from tests.support.raw_http import BEARER, JSON_TYPE, Answer, ask, written
from tests.support.server import TOKEN, Server

ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Server": "feed"}
DATA = ALWAYS | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
JSON = DATA | {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}
PROBLEM = JSON | {"Content-Type": "application/problem+json"}
SHARED = JSON | {"Cache-Control": "public, max-age=0, s-maxage=1", "Vary": "Origin", "ETag": ".+"}
PAGE = ALWAYS | {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
    "Cache-Control": "no-cache",
}
ADMIN_PAGE = PAGE | {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
STREAM = DATA | {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "Transfer-Encoding": "chunked",
    "Vary": "Origin",
}
SCRIPT = DATA | {"Content-Type": "text/javascript; charset=utf-8", "ETag": '"[0-9a-f]{16}"'}
ASKED_AGAIN = SCRIPT | {"Cache-Control": "no-cache"}
FORM = b"Content-Type: application/x-www-form-urlencoded"
SIGNED_IN = DATA | {
    "Location": "/admin",
    "Cache-Control": "no-store",
    "Content-Type": None,
    "Set-Cookie": r"feed=[\w.-]{80,}; HttpOnly; Path=/; SameSite=Strict",
}
READ = {"Vary": "Origin"}

DOCUMENT = JSON | {"Cache-Control": "public, max-age=0, s-maxage=60", "ETag": '"[0-9a-f]+"'}

KINDS: dict[str, tuple[bytes, int, Mapping[str, str | None]]] = {
    "page": (written("GET", b"/"), 200, PAGE),
    "page of the API": (written("GET", b"/api"), 200, PAGE),
    "document of the API": (written("GET", b"/openapi.json"), 200, DOCUMENT),
    "its head": (written("HEAD", b"/"), 200, PAGE),
    "page to sign in": (written("GET", b"/admin"), 200, ADMIN_PAGE),
    "sign-in": (
        written("POST", b"/admin/sign-in", FORM, body=b"token=" + TOKEN.encode()),
        303,
        SIGNED_IN,
    ),
    "snapshot": (written("GET", b"/snapshot?topics=A"), 200, SHARED),
    "snapshot with a token": (
        written("GET", b"/snapshot?topics=A", BEARER),
        200,
        JSON | READ | {"Cache-Control": "private, no-store"},
    ),
    "poll": (written("GET", b"/poll?topics=A&wait=0"), 200, SHARED),
    "history": (written("GET", b"/history?topic=A"), 200, SHARED),
    "unchanged": (
        written("GET", b"/snapshot?topics=A", b"If-None-Match: *"),
        304,
        SHARED | {"Content-Type": None},
    ),
    "stream": (written("GET", b"/sse?topics=A"), 200, STREAM),
    "admin": (written("GET", b"/admin/state", BEARER), 200, JSON),
    "health": (written("GET", b"/health/ready"), 200, JSON),
    "metrics": (
        written("GET", b"/metrics", BEARER),
        200,
        JSON | {"Content-Type": "text/plain; version=.+; charset=utf-8"},
    ),
    "static": (
        written("GET", b"/static/dashboard.js"),
        200,
        ASKED_AGAIN,
    ),
    "static that a page has": (
        written("GET", b"/static/dashboard.js", b"If-None-Match: *"),
        304,
        ASKED_AGAIN,
    ),
    "400": (written("GET", b"/snapshot?topics=a%20b"), 400, PROBLEM | READ),
    "400 of a parser": (b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", 400, PROBLEM),
    "400 of an expectation": (written("GET", b"/", b"Expect: more"), 400, PROBLEM),
    "400 without a version": (b"GET /\r\nX: 1\r\n\r\n", 400, PROBLEM | {"Connection": "close"}),
    "401": (written("GET", b"/admin/state"), 401, PROBLEM | {"WWW-Authenticate": "Bearer"}),
    "403": (written("GET", b"/poll?topics=A", b"Origin: null"), 403, PROBLEM | READ),
    "404": (written("GET", b"/nowhere"), 404, PROBLEM),
    "405": (written("PUT", b"/snapshot"), 405, PROBLEM | READ | {"Allow": "GET,HEAD"}),
    "409": (
        written("POST", b"/admin/inject", BEARER, JSON_TYPE, body=b'{"topic":"NO","gone":true}'),
        409,
        PROBLEM,
    ),
    "413": (
        written("POST", b"/admin/inject", BEARER, JSON_TYPE, body=b" " * (2**20 + 1)),
        413,
        PROBLEM,
    ),
    "415": (written("POST", b"/admin/inject", BEARER, body=b"{}"), 415, PROBLEM),
    "422": (written("POST", b"/admin/inject", BEARER, JSON_TYPE, body=b"{}"), 422, PROBLEM),
    "426": (
        written("GET", b"/ws"),
        426,
        PROBLEM
        | READ
        | {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"},
    ),
}


def _check(answer: Answer | None, status: int, expected: Mapping[str, str | None]) -> None:
    """Each header once, as it should be; what only HTTP needs may be there."""
    assert answer is not None
    assert answer.status == status, answer
    wanted = {name.lower(): value for name, value in expected.items() if value is not None}
    assert answer.headers.keys() - {"date", "content-length"} == wanted.keys(), answer
    for name, value in wanted.items():
        [given] = answer.headers[name]
        assert given == value or re.fullmatch(value, given), (name, given)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_of_answer_has_its_headers_and_no_others(server: Server, kind: str) -> None:
    request, status, expected = KINDS[kind]
    _check(await ask(server.port, request), status, expected)


async def test_a_url_with_a_hash_is_kept_for_ever(server: Server) -> None:
    page = await ask(server.port, written("GET", b"/"))
    assert page is not None
    [url] = re.findall(rb'src="(/static/dashboard\.js\?v=[0-9a-f]+)"', page.body)
    forever = SCRIPT | {"Cache-Control": "public, max-age=31536000, immutable"}
    _check(await ask(server.port, written("GET", url)), 200, forever)


async def test_a_handshake_has_the_headers_of_its_rfc(server: Server) -> None:
    offers = (b"Sec-WebSocket-Protocol: chat", b"Cookie: feed=x")
    expected = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": "s3pP.+"}
    _check(await ask(server.port, written("GET", b"/ws", *UPGRADE, *offers)), 101, expected)


async def test_who_has_guessed_too_often_is_told_when_to_come_back(server: Server) -> None:
    request = written("GET", b"/admin/state", b"Authorization: Bearer " + b"w" * 40)
    for _ in range(10):
        await ask(server.port, request, "127.0.6.1")
    late = PROBLEM | {"Retry-After": "[1-9][0-9]?"}
    _check(await ask(server.port, request, "127.0.6.1"), 429, late)
    page = written("POST", b"/admin/sign-in", FORM, b"Accept: text/html", body=b"token=x")
    late = ADMIN_PAGE | {"Retry-After": "[1-9][0-9]?"}
    _check(await ask(server.port, page, "127.0.6.1"), 429, late)


async def test_over_tls_every_answer_says_so(serve: Serve) -> None:
    server = await asyncio.to_thread(serve, FEED_TRUSTED_PROXIES="127.0.0.1", FEED_LOG="memory:")
    years = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}
    cookie = {"Set-Cookie": r"__Host-feed=[\w.-]{80,}; HttpOnly; Path=/; SameSite=Strict; Secure"}
    for kind, (request, status, expected) in KINDS.items():
        if kind in {"400 of a parser", "400 without a version"}:
            continue  # what the proxy said of it cannot be read
        secure = request.replace(b"\r\nHost: ", b"\r\nX-Forwarded-Proto: https\r\nHost: ", 1)
        more = cookie if kind == "sign-in" else {}
        _check(await ask(server.port, secure), status, {**expected, **years, **more})
