"""Headers, unknown paths and wrong methods: `security.md` as seen from outside."""

import asyncio

import aiohttp
import pytest

from tests.blackbox.conftest import Serve
from tests.blackbox.problems import check_problem, fetch
from tests.support.admin import Admin, Answer
from tests.support.server import TOKEN, Server

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'"
)
PERMISSIONS = "geolocation=(), camera=(), microphone=(), payment=(), usb=()"


def _check_common(answer: Answer) -> None:
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Server"] == "feed"
    for name in ("X-Powered-By", "X-XSS-Protection", "Strict-Transport-Security", "Set-Cookie"):
        assert name not in answer.headers


PATHS = [
    "/",
    "/sse?topics=A",
    "/poll?topics=A",
    "/snapshot?topics=A",
    "/history?topics=A",
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/asyncapi.json",
    "/metrics",
    "/admin",
    "/admin/state",
    "/nowhere",
    "/static/style.css",
    "/static/nowhere.js",
    "/static/../feed.toml",
    "/static/%2e%2e/%2e%2e/pyproject.toml",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_the_headers_of_every_answer(
    server: Server, http: aiohttp.ClientSession, path: str
) -> None:
    target, _, query = path.partition("?")
    answer = await fetch(http, f"{server.url}{target}", query)
    assert answer.status < 500
    _check_common(answer)


async def test_the_dashboards_headers(server: Server, http: aiohttp.ClientSession) -> None:
    answer = await fetch(http, f"{server.url}/")
    assert answer.status == 200
    assert answer.headers["Content-Type"].partition(";")[0] == "text/html"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Permissions-Policy"] == PERMISSIONS
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_json_answers_have_the_policy_of_json(
    admin: Admin, server: Server, http: aiohttp.ClientSession
) -> None:
    injected = await admin.post("inject?dry_run=1", '{"topic":"A","set":{"price":"1"}}')
    assert injected.headers["Cache-Control"] == "no-store"
    answers = [injected]
    for path in ("poll", "snapshot", "history"):
        answers.append(await fetch(http, f"{server.url}/{path}", "topics=A"))
        answers.append(await fetch(http, f"{server.url}/{path}", "topics=A%20B"))
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy == "default-src 'none'; frame-ancestors 'none'"
        kind, _, charset = answer.headers["Content-Type"].partition(";")
        assert kind == ("application/json" if answer.status == 200 else "application/problem+json")
        assert answer.status != 200 or charset.strip() == "charset=utf-8"


@pytest.mark.parametrize("path", ["/nowhere", "/admin/nowhere", "/health", "/ws/x", "//snapshot"])
async def test_unknown_paths_are_404(
    admin: Admin, server: Server, http: aiohttp.ClientSession, path: str
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    check_problem(await fetch(http, f"{server.url}{path}", headers=headers), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/snapshot", "GET"),
        ("PUT", "/poll", "GET"),
        ("POST", "/history", "GET"),
        ("DELETE", "/sse", "GET"),
        ("POST", "/ws", "GET"),
        ("POST", "/health/ready", "GET"),
        ("GET", "/admin/inject", "POST"),
        ("PATCH", "/admin/inject", "POST"),
        ("POST", "/admin/state", "GET"),
        ("TRACE", "/snapshot", "GET"),
    ],
)
async def test_a_wrong_method_is_405_and_says_which_are_right(
    server: Server, http: aiohttp.ClientSession, method: str, path: str, allowed: str
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = await fetch(http, f"{server.url}{path}", method=method, headers=headers)
    check_problem(answer, 405)
    assert allowed in answer.headers["Allow"].replace(" ", "").split(",")


async def test_ws_without_an_upgrade_is_426(server: Server, http: aiohttp.ClientSession) -> None:
    answer = await fetch(http, f"{server.url}/ws", "topics=A")
    assert answer.status in {400, 426}
    check_problem(answer, answer.status)


async def test_a_refusal_reflects_no_input(server: Server, http: aiohttp.ClientSession) -> None:
    markup = "<script>alert(1)</script>"
    for query in (
        {"topics": markup},
        {"topics": "A", "cursor": markup},
        {"topics": "A", markup: 1},
    ):
        answer = await fetch(http, f"{server.url}/snapshot", query)
        assert "text/html" not in answer.headers["Content-Type"]
    answer = await fetch(http, f"{server.url}/%3Cscript%3E")
    check_problem(answer, 404)
    assert "<script>" not in answer.text


async def test_hsts_only_over_tls_as_a_trusted_proxy_tells(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_TRUSTED_PROXIES="127.0.0.1", FEED_LOG="memory:")
    secure = {"X-Forwarded-Proto": "https", "Host": "feed.example"}
    answer = await fetch(http, f"{server.url}/snapshot", "topics=A", headers=secure)
    expected = "max-age=63072000; includeSubDomains"
    assert answer.headers["Strict-Transport-Security"] == expected
    own = secure | {"Origin": "https://feed.example"}
    assert (await fetch(http, f"{server.url}/snapshot", "topics=A", headers=own)).status == 200
    foreign = secure | {"Origin": "http://feed.example"}
    answer = await fetch(http, f"{server.url}/snapshot", "topics=A", headers=foreign)
    check_problem(answer, 403)
    plain = await fetch(http, f"{server.url}/snapshot", "topics=A")
    assert "Strict-Transport-Security" not in plain.headers


async def test_forwarded_headers_of_anyone_else_are_not_believed(
    server: Server, http: aiohttp.ClientSession
) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"}
    answer = await fetch(http, f"{server.url}/snapshot", "topics=A", headers=headers)
    assert "Strict-Transport-Security" not in answer.headers


async def test_too_many_connections_are_refused_before_the_handshake(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_MAX_CONNECTIONS="1", FEED_LOG="memory:")
    async with http.get(f"{server.url}/sse", params={"topics": "A"}) as first:
        assert first.status == 200
        check_problem(await fetch(http, f"{server.url}/sse", "topics=A"), 503)
