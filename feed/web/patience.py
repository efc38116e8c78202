"""How long who asks may take: to send a request, and to read what it is answered."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Protocol

from aiohttp import web

from feed.limits import Limits
from feed.web import keys
from feed.web.backlog import Backlog

_LOOK_S = 1.0
_LATE_AT_ONCE = 100
"""Given up in one turn: where a thousand are late at once, others have their turn between."""


class Awaited(Protocol):
    """A connection of HTTP's that waits for a request."""

    def give_up(self) -> None:
        """The head of the request did not come in time."""
        ...

    def part(self) -> None:
        """Others need the room, and nothing is under way."""
        ...

    def __hash__(self) -> int: ...


class Answered(Protocol):
    """A connection of HTTP's that waits for its answer to be read."""

    def cut(self) -> None:
        """What it is answered is not read."""
        ...

    def unsent_bytes(self) -> int:
        """What of its answer is not with the kernel yet."""
        ...

    def __hash__(self) -> int: ...


class Heads:
    """The connections on which the head of a request is to come; one timer for all of them.

    All have the same time, so that the first to have begun is the first that is late. Between two
    requests a connection may be silent for as long as there is room: of `max_connections` that
    wait, the one that has been silent the longest goes when another comes. Where the next head has
    begun behind a request, it is given its time from the answer on.
    """

    def __init__(self, limits: Limits) -> None:
        self._limit_s, self._most = limits.request_s, limits.max_connections
        self._since: dict[Awaited, float] = {}
        self._answering: set[Awaited] = set()
        self._silent: dict[Awaited, None] = {}
        self._begun: set[Awaited] = set()
        self._timer: asyncio.Handle | None = None

    def expect(self, connection: Awaited, *, is_whole: bool = True) -> None:
        """One has begun to come, or is the first; while another is answered it is only noted.

        `is_whole`: what came ends as a head does.
        """
        if is_whole:
            self._begun.discard(connection)
        else:
            self._begun.add(connection)
        if connection not in self._since and connection not in self._answering:
            self._silent.pop(connection, None)
            self._begin(connection)
            if len(self._since) + len(self._silent) > self._most:
                self._make_room()

    def _begin(self, connection: Awaited) -> None:
        loop = asyncio.get_running_loop()
        self._since[connection] = loop.time()
        self._timer = self._timer or loop.call_later(self._limit_s, self._look)

    @contextmanager
    def answering(self, connection: Awaited) -> Iterator[None]:
        """It has come; the next may take its time to begin."""
        self._since.pop(connection, None)
        self._answering.add(connection)
        try:
            yield
        finally:
            if connection in self._answering:
                self._answering.remove(connection)
                if connection in self._begun:
                    self._begin(connection)
                else:
                    self._silent[connection] = None

    def took_body(self, connection: Awaited) -> None:
        """What came behind a head was its body; where that ends is not known here."""
        self._begun.discard(connection)

    def forget(self, connection: Awaited) -> None:
        """It is gone, or somebody else's."""
        self._since.pop(connection, None)
        self._silent.pop(connection, None)
        self._begun.discard(connection)
        self._answering.discard(connection)

    def part_from_all(self) -> None:
        """Nobody is waited for any more."""
        for connection in [*self._silent, *self._since]:
            self.forget(connection)
            connection.part()

    def _make_room(self) -> None:
        waiting = self._silent or self._since
        longest = next(iter(waiting))
        self.forget(longest)
        longest.part()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for connection, since_s in list(islice(self._since.items(), _LATE_AT_ONCE)):
            if since_s + self._limit_s > loop.time():
                self._timer = loop.call_at(since_s + self._limit_s, self._look)
                return
            self.forget(connection)
            connection.give_up()
        if self._since:
            self._timer = loop.call_soon(self._look)


class Answers:
    """Those whose answer waits to be read; one timer while there are any.

    Who reads none of it for `stall_s` is cut (protocol section 4 has it of streams).
    """

    def __init__(self, limits: Limits) -> None:
        self._stall_s = limits.stall_s
        self._backlogs: dict[Answered, Backlog] = {}
        self._timer: asyncio.TimerHandle | None = None

    def wait(self, connection: Answered) -> None:
        """The kernel takes no more of its answer."""
        loop = asyncio.get_running_loop()
        self._backlogs[connection] = Backlog(connection.unsent_bytes(), loop.time())
        self._timer = self._timer or loop.call_later(_LOOK_S, self._look)

    def forget(self, connection: Answered) -> None:
        """All of it is with the kernel, or nobody is there any more."""
        self._backlogs.pop(connection, None)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        for connection, backlog in list(self._backlogs.items()):
            if backlog.has_stalled(connection.unsent_bytes(), loop.time(), self._stall_s):
                del self._backlogs[connection]
                connection.cut()
        self._timer = loop.call_later(_LOOK_S, self._look) if self._backlogs else None


async def read_body(request: web.Request, most_bytes: int) -> bytes:
    """The body of a request; raises HTTPRequestTimeout and HTTPRequestEntityTooLarge.

    What is told to be too large is refused before any of it is read.
    """
    content, told = request.content, request.content_length or 0
    body = bytearray()
    if content.is_eof():  # it came with the head, as most do: nothing to wait for
        body += await content.read()
    else:
        try:
            async with asyncio.timeout(request.app[keys.LIMITS].request_s):
                while max(told, len(body)) <= most_bytes and (part := await content.readany()):
                    body += part
        except TimeoutError as error:
            raise web.HTTPRequestTimeout from error
    if (size := max(told, len(body))) > most_bytes:
        raise web.HTTPRequestEntityTooLarge(most_bytes, size)
    return bytes(body)
