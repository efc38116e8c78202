"""How long a request may take to come: its head by the edge, its body by whoever reads it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from aiohttp import web

REQUEST_S = 20.0
"""For the head of a request, and again for its body (security notes, section 5)."""


class Heads:
    """The connections on which the head of a request is to come; one timer for all of them.

    All have the same time, so that the first to have begun is the first that is late.
    """

    def __init__(self) -> None:
        self._since: dict[Patient, float] = {}
        self._answering: set[Patient] = set()
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, connection: "Patient") -> None:
        """One has begun to come, or is the first; nothing changes while another is answered."""
        if connection not in self._since and connection not in self._answering:
            loop = asyncio.get_running_loop()
            self._since[connection] = loop.time()
            self._timer = self._timer or loop.call_later(REQUEST_S, self._look)

    @contextmanager
    def answering(self, connection: "Patient") -> Iterator[None]:
        """It has come; the next may take its time to begin."""
        self._since.pop(connection, None)
        self._answering.add(connection)
        try:
            yield
        finally:
            self._answering.discard(connection)

    def forget(self, connection: "Patient") -> None:
        """It is gone, or somebody else's."""
        self._since.pop(connection, None)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for connection, since_s in list(self._since.items()):
            if since_s + REQUEST_S > loop.time():
                self._timer = loop.call_at(since_s + REQUEST_S, self._look)
                return
            del self._since[connection]
            connection.give_up()


class Patient(Protocol):
    """A connection that waits for a request."""

    def give_up(self) -> None:
        """The head of the request did not come in time."""
        ...

    def __hash__(self) -> int: ...


async def read_body(request: web.Request) -> bytes:
    """The body of a request; raises HTTPRequestTimeout and HTTPRequestEntityTooLarge."""
    try:
        async with asyncio.timeout(REQUEST_S):
            return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
