"""A TCP proxy that cuts connections in the middle of what the server says."""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType

CHUNK_BYTES = 65536


class CuttingProxy:
    """Passes bytes to and from a port of loopback, and breaks each connection off on purpose.

    `cut_after` is asked once for each connection: so many bytes from the server are passed on,
    then the connection is aborted in both directions, wherever in a frame that is. None: never.
    `port` may be asked for, too, by each connection. While `gate` is clear nothing is passed on.
    """

    def __init__(self, port: int | Callable[[], int], cut_after: Callable[[], int | None]) -> None:
        self.cuts = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._target = port
        self._cut_after = cut_after
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where to connect instead."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    def cut(self) -> int:
        """Break all connections off now; how many there were."""
        for task in self._tasks:
            task.cancel()
        return len(self._tasks)

    async def __aenter__(self) -> "CuttingProxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connection(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connection(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        to_server: asyncio.StreamWriter | None = None
        try:
            port = self._target if isinstance(self._target, int) else self._target()
            from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
            up = asyncio.create_task(self._pass(from_client, to_server, None))
            down = asyncio.create_task(self._pass(from_server, to_client, self._cut_after()))
            try:
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                up.cancel()
                down.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
            if not down.cancelled() and down.exception() is None and down.result():
                self.cuts += 1
        except OSError:
            pass  # the server is down for the moment: to the client that is a cut too
        finally:
            for writer in (to_client, to_server):
                if writer is not None:
                    await _flush_and_abort(writer)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None
    ) -> bool:
        """Pass bytes on until the end or the limit; True when it was the limit."""
        left = limit
        while chunk := await reader.read(CHUNK_BYTES):
            await self.gate.wait()
            writer.write(chunk if left is None else chunk[:left])
            await writer.drain()
            if left is not None:
                left -= len(chunk)
                if left <= 0:
                    return True
        return False


async def _flush_and_abort(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.drain()
    writer.transport.abort()
