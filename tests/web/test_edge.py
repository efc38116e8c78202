"""What HTTP itself refuses, byte by byte on a socket of loopback."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from feed.app import running
from feed.clock import SystemClock
from feed.settings import Settings
from feed.web import keys
from feed.web.edge import Runner
from tests.support.clock import run_virtual
from tests.support.talk import asked, feed

TOKEN = "a-token-of-at-least-32-characters"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
SETTINGS = Settings(log="memory:", sources=False, drain_s=0, admin_token=(TOKEN,))


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where the whole application listens."""
    async with running(SETTINGS, SystemClock()) as app:
        app.router.add_get("/broken", broken)
        runner = Runner(app, app[keys.LIMITS], access_log=None)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, listener).start()
        yield listener.getsockname()[1]
        await runner.cleanup()


async def broken(request: web.Request) -> web.StreamResponse:
    """A stream that fails on its way."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"begun")
    raise RuntimeError("midway")


async def said(port: int, request: bytes, fuse_s: float = 5) -> tuple[bytes, bytes]:
    """The head and the body of the answer, until the server ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(fuse_s):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"secret\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /secret HTTP/1.1\r\nHost: x\r\nBad Name: secret\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0secret\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: secret\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"s" * 9000 + b"\r\n\r\n",
    ],
    ids=["no HTTP", "version", "name", "value", "length", "long"],
)
async def test_a_malformed_request_is_answered_as_a_problem_that_quotes_nothing(
    port: int, caplog: pytest.LogCaptureFixture, request_bytes: bytes
) -> None:
    head, body = await said(port, request_bytes)
    lines = head.split(b"\r\n")
    assert lines[0].startswith(b"HTTP/1.1 400 ") or lines[0].startswith(b"HTTP/1.0 400 ")
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "the request is not well-formed HTTP",
        "code": "malformed",
    }
    assert {
        b"Content-Type: application/problem+json",
        b"Server: feed",
        b"X-Content-Type-Options: nosniff",
        b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    } <= set(lines)
    assert b"secret" not in head + body
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "request_bytes",
    [b"GET /health/live\r\n\r\n", b"GET /health/live\r\nHost: x\r\nHost: y\r\n\r\n"],
    ids=["HTTP/0.9", "with headers"],
)
async def test_what_has_no_version_is_answered_in_ours(
    port: int, caplog: pytest.LogCaptureFixture, request_bytes: bytes
) -> None:
    head, body = await said(port, request_bytes)
    assert head.startswith((b"HTTP/1.1 400 Bad Request\r\n", b"HTTP/1.0 400 Bad Request\r\n"))
    assert b"\r\nServer: feed\r\n" in head
    assert json.loads(body)["code"] == "malformed"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("path", ["/snapshot?topics=A", "/nowhere", "/admin/state"])
async def test_what_nobody_can_expect_is_refused_and_not_quoted(port: int, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: <secret>\r\n\r\n"
    head, body = await said(port, request.encode())
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(body)["code"] == "expectation"
    assert {
        b"Content-Type: application/problem+json",
        b"Cache-Control: no-store",
        b"Server: feed",
        b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    } <= set(head.split(b"\r\n"))
    assert b"secret" not in head + body


async def test_a_stream_that_fails_is_cut_and_logged(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    head, body = await said(port, b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == b"5\r\nbegun\r\n"  # and no last chunk: the client knows that it is not whole
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "a request failed beyond its handler"
    ]


@pytest.mark.parametrize("path", ["/ws", "/sse?topics=A"])
async def test_who_asks_for_a_stream_and_goes_is_no_fault_of_ours(
    port: int, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    writer.write_eof()
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    await said(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_token_that_is_not_utf_8_is_a_wrong_one(port: int) -> None:
    head, _ = await said(
        port,
        b"GET /admin/state HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer \xff\xfe\r\n\r\n",
    )
    assert head.startswith(b"HTTP/1.1 401 ")


def test_a_request_that_does_not_come_is_given_up_after_20_s() -> None:
    async def scene() -> None:
        async with feed(admin_token=(TOKEN,)) as (_, port):
            began = [b"", b"GET / HT", b"GET /health/live HTTP/1.1\r\nHost: x\r\n"]
            answers = await asyncio.gather(*(said(port, each, 30) for each in began))
            assert asyncio.get_running_loop().time() == pytest.approx(20, abs=1)
            for head, body in answers:
                assert head.startswith(b"HTTP/1.1 408 ")
                assert b"Server: feed" in head
                assert json.loads(body)["code"] == "request_timeout"

    run_virtual(scene())


def test_between_two_requests_a_connection_may_be_silent() -> None:
    async def scene() -> None:
        async with feed() as (_, port), asked(port, LIVE, fuse_s=400) as (reader, writer):
            assert await reader.readuntil(b"}")
            await asyncio.sleep(300)
            writer.write(LIVE)
            assert await reader.readuntil(b"}")
            writer.write(LIVE[:9])
            await asyncio.sleep(19)
            assert not reader.at_eof()
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")

    run_virtual(scene())


@pytest.mark.parametrize(
    "request_bytes",
    [
        LIVE,
        b"GET /poll?topics=A&wait=5&cursor=%b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["answered at once", "answered later", "with a body that nobody takes"],
)
def test_a_head_that_begins_behind_a_request_has_its_20_s(request_bytes: bytes) -> None:
    async def scene() -> None:
        async with feed() as (app, port):
            hub = app[keys.HUB]
            place = hub.live.cursor(hub.head).encode()
            both = request_bytes.replace(b"%b", place) + LIVE[:-2]
            async with asked(port, both, fuse_s=60) as (reader, _):
                assert (await reader.readuntil(b"}")).startswith(
                    (b"HTTP/1.1 200 ", b"HTTP/1.1 405 ")
                )
                answered_s = asyncio.get_running_loop().time()
                assert b"HTTP/1.1 408 " in await reader.read()
                assert asyncio.get_running_loop().time() - answered_s == pytest.approx(20, abs=1)

    run_virtual(scene())


def test_who_is_told_to_wait_is_heard_no_more_than_aiohttp_takes() -> None:
    async def scene() -> None:
        wrong = b"GET /admin/state HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer w\r\n\r\n"
        async with feed(admin_token=(TOKEN,)) as (app, port):
            hub = app[keys.HUB]
            poll = b"GET /poll?topics=A&cursor=%b&wait=50 HTTP/1.1\r\nHost: x\r\n\r\n"
            place = hub.live.cursor(hub.head).encode()
            async with asked(port, 11 * wrong + 40 * (poll % place), fuse_s=60) as (reader, writer):
                for status in [b"401"] * 10 + [b"429"]:
                    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 " + status)
                writer.write(100_000 * (poll % place))
                await asyncio.sleep(5)
                assert writer.transport.get_write_buffer_size() > 0

    run_virtual(scene())


@pytest.mark.parametrize(("proxies", "rests_s"), [((), 0.25), (("127.0.0.1",), 0)])
def test_after_one_too_many_a_client_s_own_connection_rests(
    proxies: tuple[str, ...], rests_s: float
) -> None:
    async def scene() -> None:
        wrong = (
            b"GET /admin/state HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.9\r\n"
            b"Authorization: Bearer w\r\n\r\n"
        )
        async with (
            feed(admin_token=(TOKEN,), trusted_proxies=proxies) as (_, port),
            asked(port, 11 * wrong) as (reader, writer),
        ):
            for status in [b"401"] * 10 + [b"429"]:
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 " + status)
            refused_s = asyncio.get_running_loop().time()
            writer.write(LIVE)
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
            waited_s = asyncio.get_running_loop().time() - refused_s
            assert waited_s == pytest.approx(rests_s, abs=0.1)

    run_virtual(scene())


def test_what_is_answered_for_long_is_left_alone() -> None:
    async def scene() -> None:
        poll = b"GET /poll?topics=A&cursor=%b&wait=50 HTTP/1.1\r\nHost: x\r\n\r\n"
        async with feed() as (app, port):
            hub = app[keys.HUB]
            place = hub.live.cursor(hub.head).encode()
            async with asked(port, poll % place, fuse_s=60) as (reader, _):
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 ")
                assert asyncio.get_running_loop().time() > 45

    run_virtual(scene())


def test_a_body_that_does_not_come_is_given_up_as_well() -> None:
    async def scene() -> None:
        inject = (
            b"POST /admin/inject HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n"
            b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        )
        async with feed(admin_token=(TOKEN,)) as (_, port):
            head, body = await said(port, inject % TOKEN.encode(), 40)
            assert head.startswith(b"HTTP/1.1 408 ")
            assert json.loads(body)["code"] == "request_timeout"

    run_virtual(scene())
