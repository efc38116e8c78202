"""What stands between a client and a server, and lets not every door through."""

import asyncio
import socket
from typing import Literal, TypeAlias

from tests.support.relay import CHUNK_BYTES, Relay, both_ways, pass_on

Rule: TypeAlias = int | bytes | Literal["open", "hang", "head"]
"""A status to answer with; a header of the request that is not passed on; `hang`: no answer at all;
`head`: of the answer only its head."""

_HEAD_END = b"\r\n\r\n"


def _small_socket() -> socket.socket:
    """One that holds little, so that the server soon feels who reads slowly."""
    small = socket.socket()
    small.settimeout(0)
    for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        small.setsockopt(socket.SOL_SOCKET, buffer, CHUNK_BYTES)
    return small


class Gate(Relay):
    """A TCP proxy to a port of loopback; the first request of a connection says by what rule.

    `rules` may be changed at any time, by door (`ws`, `sse`, `poll`, …); those that are not named
    are open. `asked` has the doors in their order, one for each connection.
    """

    def __init__(self, port: int, **rules: Rule) -> None:
        super().__init__()
        self.rules = rules
        self.asked: list[str] = []
        self._mute = 0
        self._target = port

    def listening(self) -> socket.socket:
        """See Relay."""
        return _small_socket()

    def mute(self) -> None:
        """From here on nothing is heard any more on the connections that there are."""
        self._mute = len(self.asked)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See Relay."""
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
            if isinstance(rule, bytes):
                lines = head.splitlines(keepends=True)
                head = b"".join(line for line in lines if not line.startswith(rule + b":"))
            await self._pass_on(head, reader, writer, head_only=rule == "head")

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
            await both_ways(
                pass_on(reader, to_server),
                self._down(number, from_server, writer, head_only=head_only),
            )
        finally:
            to_server.transport.abort()

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
        while chunk := await reader.read(CHUNK_BYTES):
            if not head_only and number > self._mute:
                writer.write(chunk)
                await writer.drain()
