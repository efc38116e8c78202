"""A TCP proxy that cuts connections in the middle of what the server says."""

import asyncio
import contextlib
from collections.abc import Callable

from tests.support.relay import CHUNK_BYTES, Relay, both_ways


class CuttingProxy(Relay):
    """Passes bytes to and from a port of loopback, and breaks each connection off on purpose.

    `cut_after` is asked once for each connection: so many bytes from the server are passed on,
    then the connection is aborted in both directions, wherever in a frame that is. None: never.
    `port` may be asked for, too, by each connection. While `gate` is clear nothing is passed on.
    """

    def __init__(self, port: int | Callable[[], int], cut_after: Callable[[], int | None]) -> None:
        super().__init__()
        self.cuts = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._target = port
        self._cut_after = cut_after

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See Relay. Where the server is down for the moment, to the client that is a cut too."""
        port = self._target if isinstance(self._target, int) else self._target()
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        try:
            await both_ways(
                self._pass(reader, to_server, None),
                self._pass(from_server, writer, self._cut_after()),
            )
        finally:
            try:
                for each in (writer, to_server):
                    with contextlib.suppress(OSError):
                        await each.drain()
            finally:
                to_server.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None
    ) -> None:
        """Pass bytes on until the end or the limit."""
        left = limit
        while chunk := await reader.read(CHUNK_BYTES):
            await self.gate.wait()
            writer.write(chunk if left is None else chunk[:left])
            await writer.drain()
            if left is not None:
                left -= len(chunk)
                if left <= 0:
                    self.cuts += 1
                    return
