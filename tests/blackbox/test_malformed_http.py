"""Requests that no client library would send, byte for byte."""

import asyncio

import pytest

from tests.support.server import TOKEN, Server

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

MALFORMED = {
    "no request": "hello\r\n\r\n",
    "tls": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "unknown version": "GET /snapshot?topics=A HTTP/9.9\r\nHost: {host}\r\n\r\n",
    "space in a header's name": "GET /poll HTTP/1.1\r\nHost: {host}\r\nX Y: 1\r\n\r\n",
    "no colon": "GET /poll HTTP/1.1\r\nHost: {host}\r\nnonsense\r\n\r\n",
    "null character": "GET /poll HTTP/1.1\r\nHost: {host}\r\nX: a\0b\r\n\r\n",
    "long line": "GET /poll?topics=" + "A" * 70_000 + " HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "long header": "GET /poll HTTP/1.1\r\nHost: {host}\r\nX: " + "a" * 70_000 + "\r\n\r\n",
    "two lengths": "POST /admin/inject HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n"
    "Content-Length: 2\r\n\r\n{{}}",
    "negative length": "POST /admin/inject HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n",
    "length and chunks": "POST /admin/inject HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\n"
    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": "POST /admin/inject HTTP/1.1\r\nHost: {host}\r\n"
    "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a token in a malformed head": "GET /admin/state HTTP/1.1\r\n"
    "Authorization: Bearer s3cr\0et\r\n\r\n",
}

BAD_HANDSHAKES = {
    "no key": UPGRADE.replace("Sec-WebSocket-Key", "X-Key"),
    "short key": UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", "aaaa"),
    "old version": UPGRADE.replace("13", "8"),
    "another upgrade": UPGRADE.replace("websocket", "h2c"),
}

HALF_A_BODY = (
    f"POST /admin/inject HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
)


async def _answer(server: Server, request: str) -> tuple[int, str]:
    """Status and head of the answer to raw bytes; the connection is closed after the head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        async with asyncio.timeout(5):
            writer.write(request.encode("latin-1"))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    finally:
        writer.transport.abort()
    return int(head.split()[1]), head


@pytest.mark.parametrize("case", MALFORMED)
async def test_malformed_requests_are_refused_without_a_trace(server: Server, case: str) -> None:
    before = len(server.output)
    status, head = await _answer(server, MALFORMED[case].format(host=server.address))
    assert 400 <= status < 500, head
    assert "\r\nServer: feed\r\n" in head, head
    assert "s3cr" not in server.output[before:]


@pytest.mark.parametrize("case", BAD_HANDSHAKES)
async def test_bad_handshakes_are_refused(server: Server, case: str) -> None:
    start = f"GET /ws?topics=A HTTP/1.1\r\nHost: {server.address}\r\n"
    status, head = await _answer(server, start + BAD_HANDSHAKES[case])
    assert status in {400, 426}, head


async def test_a_handshake_over_http_1_0_is_refused(server: Server) -> None:
    start = f"GET /ws?topics=A HTTP/1.0\r\nHost: {server.address}\r\n"
    status, head = await _answer(server, start + UPGRADE)
    assert status in {400, 426, 505}, head


async def test_the_answer_to_a_handshake_has_the_headers_of_the_rfc_only(server: Server) -> None:
    start = f"GET /ws?topics=A HTTP/1.1\r\nHost: {server.address}\r\n"
    offer = "Sec-WebSocket-Protocol: other.v9\r\nCookie: feed=x\r\n"
    status, head = await _answer(server, start + offer + UPGRADE)
    assert status == 101
    names = {line.partition(":")[0].lower() for line in head.split("\r\n")[1:] if line}
    assert names >= {"upgrade", "connection", "sec-websocket-accept"}
    assert not names & {"set-cookie", "sec-websocket-protocol", "sec-websocket-extensions"}
    assert "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head


async def test_a_stream_over_http_1_0_is_not_chunked(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        async with asyncio.timeout(5):
            writer.write(f"GET /sse?topics=A HTTP/1.0\r\nHost: {server.address}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = [(await reader.readline()).decode() for _ in range(12)]
    finally:
        writer.transport.abort()
    assert " 200 " in head
    assert "Transfer-Encoding" not in head
    fields = {line.partition(":")[0].rstrip("\n") for line in lines}
    assert fields <= {"", "retry", "data", "id"}, lines
