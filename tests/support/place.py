"""A small server whose connections are taken over."""

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from feed.web.connection import Phase
from feed.web.takeover import Taken, take_over
from feed.web.upgrade import upgrade
from tests.support.transport import (
    FUSE_S,
    House,
    Line,
    serving,
    turns,
)

BIG = b"".join(b"%07d\n" % n for n in range(50_000))
"""400 KB in which each 8 bytes are different."""


class Echo(Line):
    """Says again what it hears, and counts what it heard."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.send(data)


class Place:
    """A server whose `/ws` and `/stream` are taken over; `gate` holds their handlers up."""

    def __init__(self) -> None:
        self.house = House()
        self.gate = asyncio.Event()
        self.gate.set()
        self.came = asyncio.Event()
        self.kind: type[Line] = Echo
        self.streams: list[Line] = []
        self.requests: list[weakref.ref[web.Request]] = []
        self.tasks: list[weakref.ref[asyncio.Task[None]]] = []
        self.kept: list[web.RequestHandler] = []
        self.errors: list[str] = []
        self.is_paused = False
        self.before = 0
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0
        self.app = web.Application()
        self.app.router.add_get("/ws", self.ws)
        self.app.router.add_get("/stream", self.stream)
        self.app.router.add_get("/keep", self.keep)
        self.app.router.add_get("/left", self.left)
        self.app.router.add_get("/waiting", self.waiting)
        self.app.router.add_get("/small", self.small)

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; it is left at the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        self._writers.append(writer)
        return reader, writer

    async def switched(self, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect and send this; what is read is what follows the first head."""
        reader, writer = await self.dial()
        writer.write(sent)
        await reader.readuntil(b"\r\n\r\n")
        return reader, writer

    async def leave(self) -> None:
        """End whatever is open."""
        for writer in self._writers:
            writer.transport.abort()
        for stream in self.streams:
            if stream.phase is not Phase.CLOSED:
                stream.abort()
        await turns()

    async def ws(self, request: web.Request) -> web.StreamResponse:
        await self._hold()
        head = upgrade(request, may_deflate=False).head
        return await self._begin(request, Taken(status=101), head)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        await self._hold()
        return await self._begin(request, web.StreamResponse())

    async def keep(self, request: web.Request) -> web.StreamResponse:
        self.kept.append(request.protocol)
        return await self.stream(request)

    async def left(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        if request.query_string == "before":
            await turns()
        try:
            echo = Echo(self.house)
            echo.data_received(take_over(request, echo))
        except ConnectionResetError as error:
            self.errors.append(str(error))
        return response

    async def waiting(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        assert request.transport is not None
        if not self.is_paused:
            request.transport.set_write_buffer_limits(high=1 << 30)
        while not request.transport.get_write_buffer_size():
            request.transport.write(BIG)
            self.before += len(BIG)
        return await self._begin(request, response)

    async def small(self, _: web.Request) -> web.Response:
        return web.Response(text="small")

    async def _hold(self) -> None:
        self.came.set()
        await self.gate.wait()

    async def _begin(
        self, request: web.Request, response: web.StreamResponse, head: bytes = b""
    ) -> web.StreamResponse:
        await response.prepare(request)
        self.requests.append(weakref.ref(request))
        self.tasks.append(weakref.ref(request.task))
        stream = self.kind(self.house)
        early = take_over(request, stream)
        stream.send(head)
        if early:
            stream.data_received(early)
        self.streams.append(stream)
        return response


@asynccontextmanager
async def place(*, cancels: bool = True) -> AsyncIterator[Place]:
    """A place that is served on loopback."""
    here = Place()
    async with serving(here.app, cancels=cancels) as here.port, asyncio.timeout(FUSE_S):
        try:
            yield here
        finally:
            await here.leave()
