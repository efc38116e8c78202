"""Where a connection waits that has said nothing yet: it costs little more than its socket.

What aiohttp makes for each (a parser, a task, a dozen other objects) is made once something comes:
thousands who connect and say nothing would leave the heap full of holes.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from feed.web import raw_answer
from feed.web.patience import Heads


class Doorstep(asyncio.Protocol):
    """Counts as one whose head is to come; `admit` makes the protocol that reads it."""

    __slots__ = ("_admit", "_answered", "_heads", "_transport")

    def __init__(
        self,
        heads: Heads,
        answered: Counter[tuple[str, int]],
        admit: Callable[[], asyncio.Protocol],
    ) -> None:
        self._heads = heads
        self._answered = answered
        self._admit = admit
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._heads.expect(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol. It comes in, and is a stranger here from now on."""
        transport, self._transport = self._transport, None
        self._heads.forget(self)
        if transport is not None and not transport.is_closing():
            inside = self._admit()
            transport.set_protocol(inside)
            inside.connection_made(transport)
            inside.data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """See asyncio.Protocol."""
        self._heads.forget(self)
        self._transport = None

    def give_up(self) -> None:
        """See Awaited."""
        if self._transport is not None:
            self._answered["", HTTPStatus.REQUEST_TIMEOUT] += 1
            self._transport.write(raw_answer.LATE)
            self._transport.close()

    def part(self) -> None:
        """See Awaited."""
        if self._transport is not None:
            self._transport.close()
