"""What stands between a client and a server, and lets not every door through."""

import asyncio
import socket
from types import TracebackType
from typing import Literal, TypeAlias

Rule: TypeAlias = int | Literal["open", "hang", "head"]
"""A status to answer with; `hang`: no answer at all; `head`: of the answer only its head."""

_CHUNK_BYTES = 65536
_HEAD_END = b"\r\n\r\n"


def _small_socket() -> socket.socket:
    """One that holds little, so that the server soon feels who reads slowly."""
    small = socket.socket()
    small.settimeout(0)
    for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        small.setsockopt(socket.SOL_SOCKET, buffer, _CHUNK_BYTES)
    return small


class Gate:
    """A TCP proxy to a port of loopback; the first request of a connection says by what rule.

    `rules` may be changed at any time, by door (`ws`, `sse`, `poll`, …); those that are not named
    are open. `asked` has the doors in their order, one for each connection.
    """

    def __init__(self, port: int, **rules: Rule) -> None:
        self.rules = rules
        self.asked: list[str] = []
        self._mute = 0
        self._target = port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where to connect instead."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    def mute(self) -> None:
        """From here on nothing is heard any more on the connections that there are."""
        self._mute = len(self.asked)

    async def cut(self) -> None:
        """Break off every connection."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def __aenter__(self) -> "Gate":
        listening = _small_socket()
        listening.bind(("127.0.0.1", 0))
        self._server = await asyncio.start_server(self._accept, sock=listening)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self.cut()
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(_HEAD_END)
            door = head.split()[1].decode().partition("?")[0].removeprefix("/")
            self.asked.append(door)
            rule = self.rules.get(door, "open")
            if isinstance(rule, int):
                writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % rule)
                await writer.drain()
            elif rule == "hang":
                await reader.read()
            else:
                await self._pass_on(head, reader, writer, head_only=rule == "head")
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of them has left
        finally:
            writer.transport.abort()

    async def _pass_on(
        self,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        head_only: bool,
    ) -> None:
        number = len(self.asked)
        upstream = _small_socket()
        await asyncio.get_running_loop().sock_connect(upstream, ("127.0.0.1", self._target))
        from_server, to_server = await asyncio.open_connection(sock=upstream)
        try:
            to_server.write(head)
            up = asyncio.create_task(self._up(reader, to_server))
            down = asyncio.create_task(self._down(number, from_server, writer, head_only=head_only))
            try:
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                up.cancel()
                down.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
        finally:
            to_server.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()

    async def _down(
        self,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        head_only: bool,
    ) -> None:
        if head_only:
            writer.write(await reader.readuntil(_HEAD_END))
        while chunk := await reader.read(_CHUNK_BYTES):
            if not head_only and number > self._mute:
                writer.write(chunk)
                await writer.drain()
