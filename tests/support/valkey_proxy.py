"""A TCP proxy before a Valkey server that loses answers, delivers commands late, or goes away."""

import asyncio
import contextlib
from types import TracebackType

from tests.support.relay import CHUNK_BYTES, Relay, pass_on

APPEND = b"{feed}:call:"
"""What every append says, and nothing else does."""

LEASE = b"{feed}:lease"
WAIT = b"XREAD"
CHECK = b"HMGET"


class ValkeyProxy(Relay):
    """Passes bytes to and from a port of loopback; `port` may be changed, for new connections.

    `lost` counts the answers that were lost. `connections` are those of clients that are open.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port: int | None = port
        self.lost = 0
        self.connections: set[asyncio.StreamWriter] = set()
        self._lose: list[bytes] = []
        self._withhold: bytes | None = None
        self._pause: tuple[bytes, bytes, asyncio.Event] | None = None
        self.paused = asyncio.Event()
        self._withheld: asyncio.Future[tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]]
        self._undead: list[asyncio.StreamWriter] = []

    def log_url(self, database: int = 0) -> str:
        """Where a log is to connect instead."""
        return f"redis://127.0.0.1:{self.own_port}/{database}"

    def lose_answers(self, word: bytes, times: int = 1) -> None:
        """Break the connection off that says this word, once the server has answered it."""
        self._lose += [word] * times

    def pause_before(self, word: bytes, go_on: asyncio.Event, *, at: bytes = b"") -> None:
        """Let the server wait before this word, when it is said next, and `paused` be set.

        Or before what is said with it `at` an earlier word.
        """
        self._pause = word, at or word, go_on

    def withhold(self, word: bytes) -> None:
        """Break the connection off that says this word next; the server is not told yet."""
        self._withhold = word
        self._withheld = asyncio.get_running_loop().create_future()

    async def withheld(self) -> None:
        """Wait until something was withheld."""
        await asyncio.shield(self._withheld)

    async def deliver(self) -> bytes:
        """Tell the server now what was withheld; what it answers to the dead connection."""
        said, from_server, to_server = await self._withheld
        to_server.write(said)
        answer = await from_server.read(CHUNK_BYTES)
        to_server.transport.abort()
        return answer

    def go_away(self) -> None:
        """Break all connections off, and every new one at once."""
        self.port = None
        self.cut()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._undead:
            writer.transport.abort()
        await super().__aexit__(kind, error, trace)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See Relay."""
        self.connections.add(writer)
        try:
            if self.port is not None:
                await self._between(reader, writer, self.port)
        finally:
            self.connections.discard(writer)

    async def _between(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter, port: int
    ) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        down = asyncio.create_task(_pass(from_server, to_client))
        try:
            while said := await from_client.read(CHUNK_BYTES):
                if self._withhold and self._withhold in said:
                    self._withhold = None
                    self._undead.append(to_server)
                    await _end(down)
                    self._withheld.set_result((said, from_server, to_server))
                    return
                losing = next((word for word in self._lose if word in said), None)
                if losing:
                    self._lose.remove(losing)
                    await _end(down)
                if self._pause and self._pause[0] in said:
                    (_, at, go_on), self._pause = self._pause, None
                    place = said.index(at)
                    to_server.write(said[:place])
                    self.paused.set()
                    await go_on.wait()
                    said = said[place:]
                to_server.write(said)
                await to_server.drain()
                if losing:
                    await from_server.read(CHUNK_BYTES)
                    self.lost += 1
                    return
        finally:
            if to_server not in self._undead:
                to_server.transport.abort()
            await _end(down)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await pass_on(reader, writer)
    writer.transport.abort()


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
