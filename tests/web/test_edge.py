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
from feed.web.edge import Runner

TOKEN = "a-token-of-at-least-32-characters"
SETTINGS = Settings(log="memory:", sources=False, drain_s=0, admin_token=(TOKEN,))


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where the whole application listens."""
    async with running(SETTINGS, SystemClock()) as app:
        app.router.add_get("/broken", broken)
        runner = Runner(app, access_log=None)
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


async def said(port: int, request: bytes) -> tuple[bytes, bytes]:
    """The head and the body of the answer, until the server ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(5):
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
