"""The open streams: ws and sse connections, what each has been written, and when each must end."""

import asyncio
import logging
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager

from aiohttp import web

from feed.hub.hub import Hub
from feed.hub.member import Member
from feed.model.frame import Frame, moving
from feed.web.close_code import CloseCode

log = logging.getLogger(__name__)

FULL_BYTES = 64 * 1024
"""Waiting in the transport: beyond it the hub writes no more to a client."""

_LOOK_S, _LOOK_LONGEST_S = 0.01, 0.16
"""How often a full transport is looked at: at once, then ever less. aiohttp tells nobody."""

_STALL_S = 30.0
"""Without a byte read for so long, a client is cut (protocol section 4)."""

_IDLE_S = 30.0
"""A ws connection that never subscribed is closed after so long (protocol section 5)."""

_GRACE_S = 5.0
"""Between `bye` and the close at a rotation, where the connection lives long enough for it."""

_SPREAD_MS = 3000
"""Clients that are sent away come back at a random moment within so long, not as one wave."""

_SWEEP_S = 0.25

_CLOSE_S = 2.0
"""For the closing handshake; a peer that does not take part is cut."""

_PING_S, _PONG_S = 20.0, 45.0
"""Silence before a ws connection is pinged, and how long its pong may take (protocol section 4)."""


class Connection:
    """A client's transport as the hub's sink. `close` is its door's way to end it, with a code."""

    def __init__(
        self,
        door: str,
        transport: asyncio.Transport,
        wrap: Callable[[Frame], bytes],
        address: str,
        close: Callable[[int], Awaitable[object]],
        ping: Callable[[], Coroutine[None, None, None]] | None = None,
    ) -> None:
        self.id = f"c-{secrets.token_hex(4)}"
        self.door = door
        self.address = address
        self.member = Member(self)
        self.opened_s = asyncio.get_running_loop().time()
        self.ends_s = float("inf")
        self.has_subscribed = False
        self.is_leaving = False
        self.is_closing = False
        self.ping = ping
        self._transport = transport
        self._close = close
        self._gone = asyncio.Event()
        self._heard_s = self.opened_s
        self._pinged_s: float | None = None
        self._wrap = wrap
        self._written_bytes = 0
        self._read_bytes = 0
        self._read_s = self.opened_s
        self._drained: asyncio.Future[None] | None = None

    @property
    def is_full(self) -> bool:
        """See Sink."""
        return self._transport.get_write_buffer_size() > FULL_BYTES

    def write(self, frame: Frame) -> None:
        """See Sink."""
        if self.is_closing or self._transport.is_closing():
            return
        data = frame.wrapped(self._wrap)
        self._written_bytes += len(data)
        self._transport.write(data)

    async def drained(self) -> None:
        """See Sink."""
        look_s = _LOOK_S
        while self.is_full:
            self._still_open()
            await asyncio.sleep(look_s)
            look_s = min(2 * look_s, _LOOK_LONGEST_S)
        self._still_open()

    def abort(self) -> None:
        """See Sink."""
        self._transport.abort()

    async def close(self, code: int) -> None:
        """End it in order; who does not take part in the handshake is cut."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._close(code)
        except (TimeoutError, ConnectionError):
            self.abort()

    async def end(self, code: int, within_s: float = _CLOSE_S) -> None:
        """Close it from outside: also when it is being served; whoever is slow to go is cut."""
        try:
            async with asyncio.timeout(within_s):
                await self._close(code)
                self.is_closing = True
                await self._gone.wait()
        except (TimeoutError, ConnectionError):
            self.abort()

    def went(self) -> None:
        """Its door has let it go."""
        self.is_closing = True
        self._gone.set()

    def heard(self, now_s: float) -> None:
        """Note that the client has said something; a pong is that too."""
        self._heard_s, self._pinged_s = now_s, None

    def needs_ping(self, now_s: float) -> bool:
        """Whether it has been silent for so long that it is to be asked."""
        if self._transport.get_write_buffer_size():
            self.heard(now_s)  # a pong would wait behind what it has not read: see is_stalled
        if self.ping is None or self._pinged_s is not None or now_s - self._heard_s < _PING_S:
            return False
        self._pinged_s = now_s
        return True

    def is_silent(self, now_s: float) -> bool:
        """Whether it has left a ping unanswered for 45 s."""
        return self._pinged_s is not None and now_s - self._pinged_s > _PONG_S

    def is_stalled(self, now_s: float) -> bool:
        """Whether bytes wait for the client, and it has read none for 30 s."""
        waiting = self._transport.get_write_buffer_size()
        read = self._written_bytes - waiting
        if waiting == 0 or read > self._read_bytes:
            self._read_bytes, self._read_s = read, now_s
        return now_s - self._read_s > _STALL_S

    def _still_open(self) -> None:
        if self.is_closing or self._transport.is_closing():
            raise ConnectionResetError("the client is gone")


class Connections:
    """Every open stream of this instance, and the sweep over them. Runs from `start` to `drain`."""

    def __init__(
        self, hub: Hub, *, max_age_s: float, drain_s: float, most: int, most_per_address: int
    ) -> None:
        self.open: dict[str, Connection] = {}
        self.draining = asyncio.Event()
        self._hub = hub
        self._max_age_s = max_age_s
        self._drain_s = drain_s
        self._most = most
        self._most_per_address = most_per_address
        self._count = 0
        self._by_address: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextmanager
    def admitted(self, address: str) -> Iterator[None]:
        """Count a client in for as long as it is served, before any work is done for it."""
        if self.draining.is_set() or self._count >= self._most:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": str(random.randint(1, 5))})
        if self._most_per_address and self._by_address[address] >= self._most_per_address:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(random.randint(1, 5))})
        self._count += 1
        self._by_address[address] += 1
        try:
            yield
        finally:
            self._count -= 1
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def add(self, connection: Connection) -> None:
        """Take in a stream; it gets a random end in the last fifth of the age."""
        connection.ends_s = connection.opened_s + self._max_age_s * random.uniform(0.8, 1.0)
        self.open[connection.id] = connection

    async def remove(self, connection: Connection) -> None:
        """Let a stream go."""
        self.open.pop(connection.id, None)
        connection.went()
        await self._hub.leave(connection.member)

    def start(self) -> None:
        """Begin to sweep."""
        self._run(self._sweep())

    async def drain(self) -> None:
        """Take leave of everybody, spread over the drain time; gives when all are gone."""
        self.draining.set()
        leaving = [
            self._leave(connection, "shutdown", self._drain_s * random.uniform(0.1, 0.6))
            for connection in self.open.values()
            if not connection.is_leaving
        ]
        await asyncio.gather(*leaving)
        for task in self._tasks:
            task.cancel()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            now_s = asyncio.get_running_loop().time()
            for connection in list(self.open.values()):
                try:
                    self._look_at(connection, now_s)
                except Exception:  # of one connection, which the others must not suffer from
                    log.exception("%s could not be looked after and is cut", connection.id)
                    connection.abort()

    def _look_at(self, connection: Connection, now_s: float) -> None:
        """End a connection whose time has come, one way or another."""
        grace_s = min(_GRACE_S, self._max_age_s / 10)
        if connection.is_stalled(now_s):
            log.info("%s read nothing for %d s and is cut", connection.id, _STALL_S)
            connection.abort()
        elif connection.is_silent(now_s):
            log.info("%s answered no ping for %d s and is cut", connection.id, _PONG_S)
            connection.abort()
        elif connection.is_leaving:
            pass
        elif now_s >= connection.ends_s - grace_s:
            self._run(self._leave(connection, "rotate", grace_s))
        elif not connection.has_subscribed and now_s - connection.opened_s > _IDLE_S:
            connection.is_leaving = True
            self._run(connection.end(CloseCode.IDLE))
        elif connection.needs_ping(now_s) and connection.ping:
            self._run(connection.ping())

    async def _leave(self, connection: Connection, reason: str, grace_s: float) -> None:
        """Say `bye`, go on for a while, and close."""
        connection.is_leaving = True
        connection.write(
            moving(
                "bye",
                self._hub.place(connection.member),
                reason=reason,
                reconnect=True,
                after_ms=random.randint(0, _SPREAD_MS),
                grace_ms=round(grace_s * 1000),
            )
        )
        await asyncio.sleep(grace_s)
        await connection.end(CloseCode.RESTART, min(_CLOSE_S, 0.4 * self._drain_s))

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
