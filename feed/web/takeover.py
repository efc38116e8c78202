"""A transport goes from aiohttp to a stream of ours, once its request was read.

aiohttp has no way to give a connection away. What is used is public in name, and a test guards
each: `set_parser` hands over what came behind the head, `set_protocol` is asyncio's own, and a
protocol that has no `transport` any more and is told `connection_lost` forgets the rest: its
parser, its timer and its tasks (decision 0010).
"""

from typing import Any, cast

from aiohttp import web

from feed.web.connection import Connection


class _Early:
    """Stands where aiohttp expects a parser of what follows an upgrade, and keeps it."""

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Keep it; there is no end, and nothing is left over."""
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Nothing is ended by it: the stream hears of it too."""


class Taken(web.StreamResponse):
    """The answer to a request whose head, too, is the stream's to write."""

    async def prepare(self, request: web.BaseRequest) -> None:
        """See StreamResponse."""

    async def write_eof(self, data: bytes = b"") -> None:
        """See StreamResponse."""


def take_over(request: web.Request, stream: Connection) -> bytes:
    """Let a stream have the connection of a request; gives what came behind its head already.

    Raises ConnectionError where it is gone. The handler must return without waiting for anything
    more.
    """
    handler = request.protocol
    transport = handler.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client is gone")
    early = _Early()
    handler.set_parser(cast("Any", early))
    transport.set_protocol(stream)
    stream.connection_made(transport)
    handler.transport = None
    handler.connection_lost(None)
    return early.data
