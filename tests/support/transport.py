"""Streams at one end of a pair of sockets, and their clients at the other."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
import uvloop
from aiohttp import web

from feed.hub.hub import Hub
from feed.limits import DEFAULTS
from feed.log.memory import MemoryLog
from feed.model.frame import Frame, Wrap
from feed.web import keys
from feed.web.connection import Connection, Home, Phase
from feed.web.edge import Runner
from feed.web.grant import Grants
from tests.support.clock import LoopClock
from tests.support.log import lent

Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]

on_every_loop = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])

FUSE_S = 20.0


def line(frame: Frame) -> bytes:
    """A frame as one line."""
    return frame.payload + b"\n"


PUBLIC = Grants("", LoopClock())
"""For a feed that everybody may read."""


class House:
    """A home that keeps whom it was told to be gone."""

    def __init__(self, hub: Hub | None = None) -> None:
        self.hub = hub or Hub(lent(MemoryLog()), LoopClock(), heartbeat_s=15)
        self.grants, self.limits = PUBLIC, DEFAULTS
        self.gone: list[Connection] = []
        self.refused: Counter[str] = Counter()

    def remove(self, connection: Connection) -> None:
        """See Home."""
        self.gone.append(connection)
        self.hub.leave(connection.member)


class Line(Connection):
    """The simplest stream: what it hears it keeps, and it ends with a line."""

    door = "line"

    __slots__ = ("heard", "transport")

    def __init__(self, home: Home, wrap: Wrap = line) -> None:
        super().__init__("192.0.2.1", wrap, home)
        self.heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the test see the transport."""
        super().connection_made(transport)
        self.transport = self._transport

    @property
    def waiting(self) -> int:
        """Bytes in the transport."""
        return self.transport.get_write_buffer_size()

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self.heard += data

    def say_end(self, code: int) -> None:
        """See Connection."""
        self.send(b"end %d\n" % code)


def fill(stream: Connection, piece: int = 1000) -> bytes:
    """Write until bytes wait in the transport; gives all that was written."""
    written = b""
    while not stream.is_waiting:
        written += (data := (b"%08d." % len(written) * (piece // 9 + 1))[:piece])
        stream.send(data)
    return written


def fill_up(stream: Connection) -> bytes:
    """Write until it is full; gives all that was written."""
    written = fill(stream)
    while not stream.is_full:
        stream.send(piece := b"." * 1000)
        written += piece
    return written


class Client:
    """The far end: nothing is read but by its methods."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.has_ended = False
        """Whether all was read, up to the end of the connection."""
        self.transport: asyncio.Transport | None = None
        """The stream's, at the other end."""
        sock.settimeout(0)

    @property
    def unsent(self) -> int:
        """Bytes that wait for it in the stream's transport."""
        return self.transport.get_write_buffer_size() if self.transport else 0

    def write(self, data: bytes) -> None:
        """Send all of it."""
        while data:
            data = data[self.sock.send(data) :]

    def take(self, size: int = 1 << 24) -> bytes:
        """What is there now, so many bytes at the most."""
        taken = b""
        while len(taken) < size and not self.has_ended:
            try:
                part = self.sock.recv(size - len(taken))
            except BlockingIOError:
                break
            except ConnectionResetError:
                part = b""
            self.has_ended = not part
            taken += part
        return taken

    async def receive(self, size: int) -> bytes:
        """So many bytes, fewer where the connection ends before."""
        taken = bytearray()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(FUSE_S):
            while len(taken) < size and not self.has_ended:
                try:
                    part = await loop.sock_recv(self.sock, min(size - len(taken), 1 << 16))
                except ConnectionResetError:
                    part = b""
                self.has_ended = not part
                taken += part
        return bytes(taken)

    async def rest(self) -> bytes:
        """All up to the end of the connection."""
        return await self.receive(1 << 30)

    def close(self) -> None:
        """Leave."""
        self.sock.close()


def handshake(target: str, *more: str) -> bytes:
    """A request for a WebSocket, with more headers."""
    lines = (
        f"GET {target} HTTP/1.1",
        "Host: x",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    return "\r\n".join([*lines, *more, "", ""]).encode()


def server_frames(data: bytes) -> list[tuple[int, bytes]]:
    """The first byte and the payload of each WebSocket frame of a server; all of them are whole."""
    frames = []
    while data:
        first, size, at = data[0], data[1], 2
        if size >= 126:
            at += 2 if size == 126 else 8
            size = int.from_bytes(data[2:at], "big")
        assert len(data) >= at + size, "masked, or not whole"
        frames.append((first, data[at : at + size]))
        data = data[at + size :]
    return frames


@asynccontextmanager
async def opened(stream: Connection, *, room: int | None = None) -> AsyncIterator[Client]:
    """A stream on a transport of the loop's own. `room`: what the kernel is to hold, about."""
    ours, theirs = socket.socketpair()
    if room is not None:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
    client = Client(theirs)
    loop = asyncio.get_running_loop()
    client.transport, _ = await loop.create_connection(lambda: stream, sock=ours)
    try:
        yield client
    finally:
        if stream.phase is not Phase.CLOSED:
            stream.abort()
        await turns()
        client.close()


async def turns(count: int = 4) -> None:
    """Let the loop do what is ready, and what that makes ready: an end needs a few turns."""
    for _ in range(count):
        await asyncio.sleep(0)


class Packets(asyncio.Transport):
    """A transport on a socket that keeps writes apart; nothing may ever wait in it."""

    def __init__(self, stream: Connection) -> None:
        super().__init__()
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.is_closed = False
        stream.connection_made(self)

    def get_extra_info(self, name: str, default: object = None) -> object:
        """See BaseTransport."""
        return self._ours if name == "socket" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """See WriteTransport."""

    def get_write_buffer_size(self) -> int:
        """See WriteTransport."""
        return 0

    def is_reading(self) -> bool:
        """See ReadTransport."""
        return True

    def resume_reading(self) -> None:
        """See ReadTransport."""

    def close(self) -> None:
        """See BaseTransport."""
        self.is_closed = True

    def writes(self) -> list[bytes]:
        """What was written since the last call, write by write."""
        self._theirs.settimeout(0)
        written = []
        while True:
            try:
                written.append(self._theirs.recv(1 << 20))
            except BlockingIOError:
                return written

    def __enter__(self) -> "Packets":
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self._theirs.close()


@asynccontextmanager
async def serving(app: web.Application, *, cancels: bool = True) -> AsyncIterator[int]:
    """An application on loopback, as the program serves it; gives the port.

    `cancels`: a handler is cancelled when its client leaves.
    """
    limits = app.get(keys.LIMITS, DEFAULTS)
    runner = Runner(
        app, limits, access_log=None, handler_cancellation=cancels, shutdown_timeout=0.1
    )
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    try:
        yield listener.getsockname()[1]
    finally:
        await runner.cleanup()
