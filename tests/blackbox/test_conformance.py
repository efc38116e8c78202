"""RFC 6455 and RFC 7692 on the wire: the server process, and a client of someone else's.

The cases are those that `tests/web/test_inbound.py` has, by the groups of the AutobahnTestSuite.
Here their answers are read by the websockets package, strictly.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from tests.support.client_frame import FIN, PING, TEXT, client_frame
from tests.support.doors import websocket
from tests.support.server import Server
from tests.web.test_inbound import BROKEN_TEXTS, RIGHT, WRONG

FUSE_S = 20.0
LAST = b"and this?"
NOT_TEXT = 1003


class Foreign:
    """A connection that the websockets package opened and reads; what is said is raw."""

    def __init__(
        self, protocol: ClientProtocol, reader: StreamReader, writer: StreamWriter
    ) -> None:
        self._protocol = protocol
        self._reader = reader
        self._writer = writer

    def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)

    async def hear(self) -> list[Frame]:
        """What comes next; empty at the end of the connection."""
        try:
            data = await self._reader.read(1 << 16)
        except ConnectionError:  # it had ended when its close was answered
            return []
        if data:
            self._protocol.receive_data(data)
            assert self._protocol.parser_exc is None, self._protocol.parser_exc
            self._writer.writelines(self._protocol.data_to_send())  # it answers a close
        frames = [event for event in self._protocol.events_received() if isinstance(event, Frame)]
        return frames or (await self.hear() if data else [])

    async def until(self, opcode: Opcode, data: bytes = b"") -> list[Frame]:
        """All up to a frame like this, or up to the end."""
        heard: list[Frame] = []
        while frames := await self.hear():
            heard += frames
            if any(frame.opcode is opcode and bytes(frame.data) == data for frame in frames):
                break
        return heard

    async def end(self) -> int | None:
        """Read until the server has ended the connection; the code of its close."""
        while await self.hear():
            pass
        close = self._protocol.close_rcvd
        return close.code if close else None


@asynccontextmanager
async def foreign(server: Server) -> AsyncIterator[Foreign]:
    """Open `/ws` without compression."""
    protocol = ClientProtocol(parse_uri(f"ws://{server.address}/ws"))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    protocol.send_request(protocol.connect())
    for data in protocol.data_to_send():
        writer.write(data)
    try:
        async with asyncio.timeout(FUSE_S):
            protocol.receive_data(await reader.readuntil(b"\r\n\r\n"))
            assert protocol.handshake_exc is None
            protocol.events_received()
            yield Foreign(protocol, reader, writer)
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("case", RIGHT)
async def test_what_is_right_is_answered(server: Server, case: str) -> None:
    data, messages = RIGHT[case]
    kinds = [kind for kind, _ in messages]
    async with foreign(server) as client:
        client.say(data + client_frame(FIN | PING, LAST))
        if "CLOSE" in kinds:
            assert await client.end() == (int.from_bytes(messages[-1][1][:2], "big") or 1005)
        elif "BINARY" in kinds:
            assert await client.end() == NOT_TEXT
        else:
            heard = await client.until(Opcode.PONG, LAST)
            pongs = [bytes(frame.data) for frame in heard if frame.opcode is Opcode.PONG]
            pings = [payload for kind, payload in messages if kind == "PING"]
            assert pongs == [*pings, LAST]


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_ends_the_connection_with_its_code(server: Server, case: str) -> None:
    data, messages, code = WRONG[case]
    async with foreign(server) as client:
        client.say(data)
        is_binary = any(kind == "BINARY" for kind, _ in messages)
        assert await client.end() == (NOT_TEXT if is_binary else code)


@pytest.mark.parametrize(("payload", "seen"), BROKEN_TEXTS)
async def test_a_wrong_byte_is_told_before_its_message_ends(
    server: Server, payload: str, seen: int
) -> None:
    data = bytes.fromhex(payload)[:seen]
    async with foreign(server) as client:
        client.say(client_frame(TEXT, data))  # and no more of it
        assert await client.end() == 1007


@pytest.mark.parametrize("case", ["5.19 two pings between five", "6.2.3 fragments of a byte"])
async def test_it_does_not_matter_how_it_is_cut(server: Server, case: str) -> None:
    data, _ = RIGHT[case]
    async with foreign(server) as client:
        for byte in data + client_frame(FIN | PING, LAST):
            client.say(bytes((byte,)))
            await asyncio.sleep(0)
        heard = await client.until(Opcode.PONG, LAST)
        assert LAST in [bytes(frame.data) for frame in heard if frame.opcode is Opcode.PONG]


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 3000, 3999, 4000, 4999])
async def test_a_close_of_the_clients_is_answered_with_its_code(server: Server, code: int) -> None:
    async with websocket(server.url, {"topics": "A"}) as socket:
        await socket.until("snapshot")
        await socket.raw.close(code, "as it likes: µ")
        await socket.raw.wait_closed()
        close = socket.raw.protocol.close_rcvd
        assert close is not None
        assert (close.code, close.reason) == (code, "")


@pytest.mark.parametrize("size", [0, 1, 124, 125])
async def test_a_ping_is_answered_with_what_it_holds(server: Server, size: int) -> None:
    async with websocket(server.url) as socket:
        await (await socket.raw.ping(bytes(range(256))[:size]))
        await (await socket.raw.ping(b"\xff" * size))


@pytest.mark.parametrize(
    "offer",
    [
        ClientPerMessageDeflateFactory(),
        ClientPerMessageDeflateFactory(client_max_window_bits=None),
        ClientPerMessageDeflateFactory(client_max_window_bits=True),
        ClientPerMessageDeflateFactory(client_max_window_bits=9),
        ClientPerMessageDeflateFactory(server_max_window_bits=9),
        ClientPerMessageDeflateFactory(server_max_window_bits=15, client_max_window_bits=15),
        ClientPerMessageDeflateFactory(server_no_context_takeover=True),
        ClientPerMessageDeflateFactory(
            server_no_context_takeover=True, client_no_context_takeover=True
        ),
    ],
)
async def test_whatever_compression_is_offered_both_understand_each_other(
    server: Server, offer: ClientPerMessageDeflateFactory
) -> None:
    async with websocket(server.url, compression=None, extensions=[offer]) as socket:
        for number, size in enumerate((1, 100, 1000, 30_000)):
            topics = [f"price:{'x' * 60}{each}" for each in range(size // 60)] or ["A"]
            await socket.send(type="subscribe", id=number, topics=topics)
            told = await socket.until("subscribed", id=number)
            assert set(topics if size > 1 else ["price:A"]) <= set(told["topics"])
            await socket.until("snapshot")
