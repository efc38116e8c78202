"""What a handler raises, as its client sees it; and the headers that every answer has."""

import logging
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient, TestServer

from feed.errors import (
    BadChange,
    BadCursor,
    BadQuery,
    BadTopic,
    Conflict,
    EventExists,
    EventUnknown,
    Fault,
    FeedError,
    KeyReused,
    LogTrimmed,
    LogUnavailable,
    TopicUnknown,
    VersionDiffers,
)
from feed.web import keys
from feed.web.middlewares import add_headers, errors, origins
from feed.web.origin import Origins
from feed.web.peer import Peers, parse_networks

Client = TestClient[web.Request, web.Application]
Open = Callable[[Exception | None], Awaitable[Client]]
ALLOWED = "https://viewer.example"
FAULT = Fault("$[0].x", "is wrong")


@pytest.fixture
def opened(aiohttp_client: Callable[[TestServer], Awaitable[Client]]) -> Open:
    """A client of an application whose every URL raises this error, or answers `{}`."""

    async def opened(error: Exception | None) -> Client:
        async def handler(request: web.Request) -> web.StreamResponse:
            if request.path == "/begun":
                response = web.StreamResponse()
                await response.prepare(request)
                await response.write(b"begun")
            if error:
                raise error
            kind = "text/html" if request.path == "/" else "application/json"
            return web.Response(text="{}", content_type=kind)

        app = web.Application(middlewares=[errors, origins])
        app.on_response_prepare.append(add_headers)
        peers = Peers(parse_networks(["127.0.0.1"]))
        app[keys.PEERS], app[keys.ORIGINS] = peers, Origins([ALLOWED], peers)
        app.router.add_route("*", "/{path:.*}", handler)
        return await aiohttp_client(TestServer(app))

    return opened


@pytest.mark.parametrize(
    ("error", "status", "more"),
    [
        (BadTopic("no"), 400, {"code": "bad_topic", "detail": "no"}),
        (BadCursor("no"), 400, {"code": "bad_cursor", "detail": "no"}),
        (
            BadQuery([FAULT], "too_many_topics"),
            400,
            {
                "code": "too_many_topics",
                "detail": "what was sent is wrong",
                "errors": [{"path": "$[0].x", "message": "is wrong"}],
            },
        ),
        (
            BadChange([FAULT]),
            422,
            {
                "code": "invalid",
                "detail": "what was sent is wrong",
                "errors": [{"path": "$[0].x", "message": "is wrong"}],
            },
        ),
        (
            VersionDiffers("price:A", 92, 3),
            409,
            {
                "code": "version_differs",
                "detail": "price:A is at version 92",
                "index": 3,
                "v": 92,
            },
        ),
        (EventExists("no", 1), 409, {"code": "event_exists", "detail": "no", "index": 1}),
        (TopicUnknown("no", 1), 409, {"code": "topic_unknown", "detail": "no", "index": 1}),
        (EventUnknown("no", 1), 404, {"code": "event_unknown", "detail": "no", "index": 1}),
        (KeyReused("no"), 422, {"code": "key_reused", "detail": "no"}),
        (
            LogUnavailable("disk full at /secret"),
            503,
            {"code": "unavailable", "detail": "the log cannot be used now"},
        ),
        (web.HTTPNotFound(), 404, {"code": "not_found", "detail": "Not Found"}),
        (
            web.HTTPRequestEntityTooLarge(1, 2),
            413,
            {"code": "request_entity_too_large", "detail": "Request Entity Too Large"},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_an_error_is_a_problem(
    opened: Open, error: Exception, status: int, more: dict[str, object]
) -> None:
    client = await opened(error)
    async with client.get("/poll") as answer:
        body = await answer.json(content_type="application/problem+json")
    assert answer.status == status
    assert body.pop("type") == "about:blank"
    assert body.pop("status") == status
    assert body.pop("title")
    assert body == more
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a secret"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "a secret"),
        TimeoutError(),
        FeedError("a secret"),
        Conflict("a secret"),
        LogTrimmed("a secret"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_nobody_expects_is_logged_and_not_told(
    opened: Open, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    client = await opened(error)
    async with client.get("/poll") as answer:
        body = await answer.json(content_type="application/problem+json")
    assert body == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "the server failed to answer; it was logged",
        "code": "internal",
    }
    assert answer.headers["Server"] == "feed"
    assert [record.message for record in caplog.records] == ["GET '/poll' failed"]


async def test_in_an_answer_that_has_begun_no_other_begins(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    client = await opened(RuntimeError("midway"))
    with caplog.at_level(logging.CRITICAL, "aiohttp.server"):
        async with client.get("/begun") as answer:
            assert answer.status == 200
            assert await answer.content.readexactly(5) == b"begun"
            with pytest.raises(ClientError):
                await answer.content.read()


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"}), "WWW-Authenticate"),
        (web.HTTPTooManyRequests(headers={"Retry-After": "7"}), "Retry-After"),
        (web.HTTPMethodNotAllowed("PUT", ["GET"]), "Allow"),
        (web.HTTPUpgradeRequired(headers={"Upgrade": "websocket"}), "Upgrade"),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
async def test_headers_that_a_status_needs_are_kept(
    opened: Open, error: web.HTTPException, kept: str
) -> None:
    client = await opened(error)
    async with client.get("/poll") as answer:
        assert answer.headers[kept] == error.headers[kept]
        assert answer.content_type == "application/problem+json"


async def test_a_redirection_is_no_error(opened: Open) -> None:
    client = await opened(web.HTTPSeeOther("/elsewhere"))
    async with client.get("/x", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/elsewhere")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ws", 403),
        ("GET", "/sse", 403),
        ("GET", "/poll", 403),
        ("GET", "/%70oll", 403),
        ("GET", "/snapshot", 403),
        ("HEAD", "/snapshot", 403),
        ("POST", "/admin/inject", 403),
        ("DELETE", "/admin/connections/1", 403),
        ("PUT", "/", 403),
        ("GET", "/", 200),
        ("GET", "/static/style.css", 200),
        ("GET", "/health/live", 200),
    ],
)
async def test_foreign_pages_are_refused_at_the_doors_and_wherever_something_changes(
    opened: Open, method: str, path: str, status: int
) -> None:
    client = await opened(None)
    async with client.request(method, path, headers={"Origin": "https://evil.example"}) as answer:
        assert answer.status == status
        assert "Access-Control-Allow-Origin" not in answer.headers
    async with client.request(method, path) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "origin", "allowed", "varies"),
    [
        ("/poll", ALLOWED, ALLOWED, "Origin"),
        ("/static/feed.js", ALLOWED, ALLOWED, "Origin"),
        ("/poll", None, None, "Origin"),
        ("/snapshot", None, None, "Origin"),
        ("/admin/state", ALLOWED, None, None),
        ("/", ALLOWED, None, None),
    ],
)
async def test_an_allowed_origin_may_read_at_the_doors_and_caches_know(
    opened: Open, path: str, origin: str | None, allowed: str | None, varies: str | None
) -> None:
    client = await opened(None)
    async with client.get(path, headers={"Origin": origin} if origin else {}) as answer:
        assert answer.status == 200
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        exposed = answer.headers.get("Access-Control-Expose-Headers")
        assert exposed == ("Retry-After" if allowed else None)
        assert answer.headers.get("Vary") == varies


@pytest.mark.parametrize("path", ["/", "/poll"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_every_answer_has_its_headers(opened: Open, path: str, scheme: str) -> None:
    client = await opened(None)
    async with client.get(path, headers={"X-Forwarded-Proto": scheme}) as answer:
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "feed"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert ("script-src 'self'" in headers["Content-Security-Policy"]) is (path == "/")
    assert (headers.get("X-Frame-Options") == "DENY") is (path == "/")
    assert ("Strict-Transport-Security" in headers) is (scheme == "https")
