"""The handshake on a socket of loopback, through aiohttp's own parser."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.protocol import State
from websockets.uri import parse_uri

from feed.web.takeover import Taken
from feed.web.upgrade import upgrade

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"

HANDSHAKE = (
    "GET /ws HTTP/1.1",
    "Host: x",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    KEY,
)
"""RFC 6455 section 1.3."""

HEAD = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
}
AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


async def switch(request: web.Request) -> web.StreamResponse:
    """Upgrade, say on the bare transport what was agreed, and end the connection."""
    accepted = upgrade(request, may_deflate=request.query_string != "plain")
    assert request.transport is not None
    request.transport.write(accepted.head + (b"deflated" if accepted.is_deflated else b"plain"))
    request.transport.close()
    return Taken(status=101)


@pytest.fixture
async def port() -> AsyncIterator[int | None]:
    app = web.Application()
    app.router.add_route("*", "/ws", switch)
    async with TestServer(app) as server:
        yield server.port


async def answer(port: int | None, request: bytes) -> tuple[str, dict[str, str], bytes]:
    """The status, the headers but those that any answer has, and what follows them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(5):
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head.split("\r\n")[:-2]
            rest = await reader.read() if "101" in status else b""
    finally:
        writer.transport.abort()
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    for name in ("date", "server"):
        headers.pop(name, None)
    return status, headers, rest


def asked(*lines: str) -> bytes:
    """A request with these lines."""
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def changed(old: str, new: str) -> bytes:
    """The handshake with one line in place of another."""
    assert old in HANDSHAKE
    return asked(*(new if line == old else line for line in HANDSHAKE if new or line != old))


async def test_the_answer_is_the_head_of_the_rfc_and_nothing_more(port: int | None) -> None:
    status, headers, rest = await answer(port, asked(*HANDSHAKE))
    assert status == "HTTP/1.1 101 Switching Protocols"
    assert headers == HEAD
    assert rest == b"plain"


@pytest.mark.parametrize(
    "lines",
    [
        ["upgrade: WebSocket", "connection: keep-alive, UPGRADE"],
        ["Upgrade:websocket  ", "Connection: upgrade", "Cookie: a=b"],
        ["Upgrade: websocket", "Connection: keep-alive", "Connection: Upgrade"],
    ],
)
async def test_a_handshake_may_be_written_otherwise(port: int | None, lines: list[str]) -> None:
    first, host, _, _, version, key = HANDSHAKE
    status, headers, _ = await answer(port, asked(first, host, version, *lines, key))
    assert (status, headers) == ("HTTP/1.1 101 Switching Protocols", HEAD)


async def test_compression_is_agreed_to_where_it_is_on(port: int | None) -> None:
    _, headers, rest = await answer(port, asked(*HANDSHAKE, OFFER))
    assert (headers, rest) == (HEAD | {"sec-websocket-extensions": AGREED}, b"deflated")
    first, *lines = HANDSHAKE
    request = asked(first.replace("/ws", "/ws?plain"), *lines, OFFER)
    assert (await answer(port, request))[1:] == (HEAD, b"plain")


async def test_offers_in_two_headers_are_one_list(port: int | None) -> None:
    unknown = "Sec-WebSocket-Extensions: x-webkit-deflate-frame"
    _, headers, _ = await answer(port, asked(*HANDSHAKE, unknown, OFFER))
    assert headers == HEAD | {"sec-websocket-extensions": AGREED}


async def test_no_subprotocol_is_chosen_nor_quoted(
    port: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    offer = "Sec-WebSocket-Protocol: other.v9, secret"
    _, headers, _ = await answer(port, asked(*HANDSHAKE, offer))
    assert headers == HEAD
    assert "secret" not in caplog.text


NO_HANDSHAKE = {
    "no header of it": asked("GET /ws HTTP/1.1", "Host: x"),
    "HTTP/1.0": changed("GET /ws HTTP/1.1", "GET /ws HTTP/1.0"),
    "another method": changed("GET /ws HTTP/1.1", "POST /ws HTTP/1.1"),
    "no upgrade": changed("Upgrade: websocket", ""),
    "another upgrade": changed("Upgrade: websocket", "Upgrade: h2c"),
    "no connection": changed("Connection: Upgrade", ""),
    "another connection": changed("Connection: Upgrade", "Connection: keep-alive"),
    "a connection that is not ASCII": changed("Connection: Upgrade", "Connection: \x80, Upgrade"),
    "no version": changed("Sec-WebSocket-Version: 13", ""),
    "an old version": changed("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"),
    "a version and another": asked(*HANDSHAKE, "Sec-WebSocket-Version: 8"),
}


@pytest.mark.parametrize("case", NO_HANDSHAKE)
async def test_what_is_no_handshake_is_told_to_upgrade(port: int | None, case: str) -> None:
    status, headers, _ = await answer(port, NO_HANDSHAKE[case])
    assert status.endswith(" 426 Upgrade Required")
    assert (headers["upgrade"], headers["sec-websocket-version"]) == ("websocket", "13")
    assert headers["connection"] == "Upgrade"


BAD = {
    "no key": changed(KEY, ""),
    "an empty key": changed(KEY, "Sec-WebSocket-Key:"),
    "a short key": changed(KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"),
    "a long key": changed(KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWFiYw=="),
    "a key that is not base64": changed(KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25*ZQ=="),
    "a key that is not ASCII": changed(KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25\xe9ZQ=="),
    "two keys": asked(*HANDSHAKE, KEY),
    "malformed extensions": asked(*HANDSHAKE, "Sec-WebSocket-Extensions: a;"),
    "a body": asked(*HANDSHAKE, "Content-Length: 2") + b"ab",
    "a body in chunks": asked(*HANDSHAKE, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_handshake_is_refused(port: int | None, case: str) -> None:
    status, _, _ = await answer(port, BAD[case])
    assert status == "HTTP/1.1 400 Bad Request"


async def test_another_implementation_is_satisfied(port: int | None) -> None:
    client = ClientProtocol(
        parse_uri("ws://x/ws"),
        extensions=[ClientPerMessageDeflateFactory(server_max_window_bits=12)],
    )
    client.send_request(client.connect())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(5):
            writer.write(b"".join(client.data_to_send()))
            client.receive_data(await reader.readuntil(b"\r\n\r\n"))
    finally:
        writer.transport.abort()
    assert client.state is State.OPEN
    assert [extension.name for extension in client.extensions] == ["permessage-deflate"]
