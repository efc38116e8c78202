"""Open streams, their clients, and the sweep over them, in virtual time."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp import web

from feed.hub.hub import Hub
from feed.limits import Limits
from feed.log.memory import MemoryLog
from feed.web.connection import Connection
from feed.web.connections import Connections
from feed.web.websocket import WebSocket
from tests.support.clock import LoopClock
from tests.support.log import lent
from tests.support.transport import (
    PUBLIC,
    Client,
    Line,
    opened,
)

HERE = "192.0.2.1"
END_S = 3300.0
LATE_S = 1.5
"""At the most so late is done what is due: streams are looked at each second."""


class Guests(AsyncExitStack):
    """Opens streams of a home, and keeps their clients until the end."""

    def __init__(self, home: Connections) -> None:
        super().__init__()
        self.home = home

    async def line(self, stream: Line | None = None) -> tuple[Line, Client]:
        """The simplest, for whom the kernel takes little."""
        stream = stream or Line(self.home)
        stream.has_subscribed = True
        client = await self.enter_async_context(opened(stream, room=8192))
        self.home.add(stream)
        await self.begin(stream)
        return stream, client

    async def ws(self, *, has_subscribed: bool = True) -> tuple[WebSocket, Client]:
        """A WebSocket to whom nothing was said yet."""
        stream = WebSocket(HERE, self.home, is_deflated=False)
        stream.has_subscribed = has_subscribed
        client = await self.enter_async_context(opened(stream))
        self.home.add(stream)
        await self.begin(stream)
        return stream, client

    async def begin(self, stream: Connection) -> None:
        """Let it stand at the head and want nothing, not even heartbeats."""
        self.home.hub.enter(stream.member, await self.home.hub.lane(0))


@asynccontextmanager
async def sweeping(
    *,
    max_age_s: float = END_S,
    drain_s: float = 5,
    most: int = 100,
    most_per_address: int = 0,
) -> AsyncIterator[tuple[Connections, Guests]]:
    """Connections of a hub that runs, as does the sweep."""
    hub = Hub(lent(MemoryLog()), LoopClock(), heartbeat_s=15)
    await hub.start()
    home = Connections(
        hub,
        PUBLIC,
        max_age_s=max_age_s,
        drain_s=drain_s,
        limits=Limits(max_connections=most, max_connections_per_ip=most_per_address),
    )
    home.start()
    try:
        async with Guests(home) as guests:
            yield home, guests
    finally:
        await home.drain()
        await hub.stop()


def lines(data: bytes) -> list[dict[str, Any]]:
    """The frames of a line."""
    return [json.loads(line) for line in data.splitlines() if line.startswith(b"{")]


def status(home: Connections, address: str) -> int:
    """What somebody is answered who comes now."""
    try:
        with home.admitted(address):
            return 200
    except web.HTTPException as error:
        return error.status if error.headers["Retry-After"] in "12345" else 0
