"""Both ends of a WebSocket: in virtual time without HTTP, or through the whole feed."""

import asyncio
import json
import zlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from aiohttp import web

from feed.app import running
from feed.clock import SystemClock
from feed.errors import LogUnavailable
from feed.hub.hub import Hub
from feed.hub.subscription import Options
from feed.log.memory import MemoryLog
from feed.model.codec import Json, JsonObject
from feed.model.entry import Entry
from feed.model.frame import Frame
from feed.settings import Settings
from feed.web.connections import Connections
from feed.web.grant import Grants
from feed.web.websocket import WebSocket
from tests.support.client_frame import FIN, PING, client_frame, text
from tests.support.clock import LoopClock
from tests.support.log import lent
from tests.support.transport import FUSE_S, PUBLIC, Client, opened, server_frames, serving

Said: TypeAlias = dict[str, Any] | tuple[str, bytes]
"""A text message as JSON, or what else it is and its payload."""

KINDS = {0x82: "BINARY", 0x88: "CLOSE", 0x89: "PING", 0x8A: "PONG"}

WELCOME = {"type": "welcome"}

CURSOR = "0-1"
"""Of another log: who comes with it is told so, once the log is asked."""


def understood(data: bytes) -> list[Said]:
    """What a server says, inflated where it was deflated."""
    return [_understood(first, payload) for first, payload in server_frames(data)]


def _understood(first: int, payload: bytes) -> Said:
    if first == 0xC1:
        first, payload = 0x81, zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")
    return json.loads(payload) if first == 0x81 else (KINDS[first], payload)


def ping(data: bytes = b"") -> bytes:
    """As a client sends it."""
    return client_frame(FIN | PING, data)


def command(n: int) -> bytes:
    """A command whose answer is `answer(n)`."""
    return text(json.dumps({"type": "auth", "id": n}))


def answer(n: int) -> JsonObject:
    """See `command`."""
    return {
        "type": "error",
        "id": n,
        "code": "no_auth",
        "message": "this server reads no tokens: everything may be read without one",
        "retry": False,
    }


def kinds(heard: Iterable[Said]) -> list[str]:
    """What the messages are."""
    return [each["type"] if isinstance(each, dict) else each[0] for each in heard]


class Talk:
    """Both ends of a WebSocket."""

    def __init__(self, stream: WebSocket, client: Client, home: Connections) -> None:
        self.stream = stream
        self.client = client
        self.home = home

    def send(self, data: bytes) -> None:
        """As a client."""
        self.client.write(data)

    def say(self, **command: Json) -> None:
        """One command of the client."""
        self.send(text(json.dumps(command)))

    async def heard(self) -> list[Said]:
        """What the client is told until nothing happens any more but by time."""
        return understood(await self.heard_raw())

    async def heard_raw(self) -> bytes:
        """The same, byte by byte."""
        await asyncio.sleep(0.001)
        return self.client.take()

    async def ends(self) -> bool:
        """Whether the connection ends before any time passes."""
        await asyncio.sleep(0.001)
        self.client.take()
        return self.client.has_ended

    async def answers(self, **command: Json) -> list[Said]:
        """What the client is told next after a command."""
        self.say(**command)
        return await self.heard()


class SlowLog(MemoryLog):
    """Tells nobody its bounds while `gate` is not set: who resumes waits."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def bounds(self) -> Any:
        """See EventLog."""
        await self.gate.wait()
        return await super().bounds()


class AwayLog(SlowLog):
    """Cannot be read while it is away."""

    is_away = False

    async def read(self, after: int, limit: int) -> list[Entry]:
        """See EventLog."""
        if self.is_away:
            raise LogUnavailable("the disk is away")
        return list(await super().read(after, limit))


@asynccontextmanager
async def feed(**settings: Any) -> AsyncIterator[tuple[web.Application, int]]:
    """The whole feed on loopback, with nothing in its log; gives the port, too."""
    quiet = Settings(**{"log": "memory:", "sources": False, "drain_s": 0, **settings})
    async with running(quiet, SystemClock()) as app, serving(app) as port:
        yield app, port


@asynccontextmanager
async def asked(
    port: int, request: bytes, fuse_s: float = FUSE_S
) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    """A connection of its own, on which this was sent. A fuse is in it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        async with asyncio.timeout(fuse_s):
            yield reader, writer
    finally:
        writer.transport.abort()


@asynccontextmanager
async def talking(
    *topics: str,
    options: Options | None = None,
    cursor: Json = None,
    log: MemoryLog | None = None,
    is_deflated: bool = False,
    kind: type[WebSocket] = WebSocket,
    room: int | None = None,
    grants: Grants = PUBLIC,
) -> AsyncIterator[Talk]:
    """A WebSocket that was opened with these in its URL; nothing was read yet."""
    hub = Hub(lent(log or MemoryLog()), LoopClock(), heartbeat_s=15)
    await hub.start()
    home = Connections(hub, grants, max_age_s=3300, drain_s=0)
    home.start()
    stream = kind("192.0.2.1", home, is_deflated=is_deflated)
    try:
        async with opened(stream, room=room) as client:
            home.add(stream)
            stream.grant = None if grants.are_needed else stream.grant
            stream.conversation.start(
                Frame(b'{"type":"welcome"}'), topics, options or Options(), cursor
            )
            yield Talk(stream, client, home)
    finally:
        await home.drain()
        await hub.stop()
