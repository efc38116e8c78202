"""HTTP/1.1 byte by byte: what is sent is not corrected, and what comes back is read strictly."""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from typing import NamedTuple

from tests.support.server import TOKEN

FUSE_S = 15.0
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2}) [\x20-\x7e]*")
_FIELD = re.compile(rb"([A-Za-z0-9-]+): ([\x20-\x7e]*)")
_CONTINUE, _SWITCHED = 100, 101
_NO_BODY = (204, 304)


JSON_TYPE = b"Content-Type: application/json"
BEARER = b"Authorization: Bearer " + TOKEN.encode()


def written(method: str, target: bytes, *fields: bytes, body: bytes | None = None) -> bytes:
    """A request; with the length of its body where it has one."""
    if body is not None:
        fields = (*fields, b"Content-Length: %d" % len(body))
    head = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: 127.0.0.1", *fields, b"", b""]
    return b"\r\n".join(head) + (body or b"")


class Answer(NamedTuple):
    """Status, headers by their lower-case names, and the body (of a stream: nothing).

    `is_last`: of HTTP/1.0, after which the connection ends.
    """

    status: int
    headers: dict[str, list[str]]
    body: bytes = b""
    is_last: bool = False

    def header(self, name: str) -> str:
        """All of a header, joined; empty where there is none."""
        return ", ".join(self.headers.get(name, []))

    @property
    def is_stream(self) -> bool:
        """Whether it goes on by itself."""
        return self.status == _SWITCHED or self.header("content-type") == "text/event-stream"


async def read_answer(reader: StreamReader, *, is_head: bool = False) -> Answer | None:
    """The next answer; None where the connection ends instead."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise ValueError(f"half an answer: {end.partial!r}") from end
        return None
    first, *lines = head[:-4].split(b"\r\n")
    status = _STATUS.fullmatch(first)
    assert status, f"no status line: {first!r}"
    if int(status[2]) == _CONTINUE:
        return await read_answer(reader, is_head=is_head)
    headers: dict[str, list[str]] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        assert field, f"no header: {line!r}"
        headers.setdefault(field[1].decode().lower(), []).append(field[2].decode())
    answer = Answer(int(status[2]), headers, is_last=status[1] == b"0")
    if answer.is_stream or answer.status in _NO_BODY or is_head:
        return answer
    [length] = headers["content-length"]
    return answer._replace(body=await reader.readexactly(int(length)))


class Line:
    """A connection from an address of loopback, kept for as long as the server keeps it."""

    def __init__(self, port: int, address: str) -> None:
        self._port = port
        self._address = address
        self._open: tuple[StreamReader, StreamWriter] | None = None

    async def ask(self, request: bytes, *, is_last: bool) -> Answer | None:
        """One request and its answer; `is_last`: the next one goes on another connection."""
        is_fresh = self._open is None
        reader, writer = self._open = self._open or await opened(self._port, self._address)
        writer.write(request)
        answer = await read_answer(reader, is_head=request.startswith(b"HEAD "))
        if answer is None and not is_fresh:  # it closed an older one, as it may
            self.close()
            return await self.ask(request, is_last=is_last)
        ends = is_last or answer is None or answer.is_last or answer.is_stream
        if answer is None or ends or "close" in answer.header("connection"):
            self.close()
        return answer

    def close(self) -> None:
        """Let go of the connection."""
        if self._open:
            self._open[1].transport.abort()
            self._open = None


async def ask(port: int, request: bytes, address: str = "127.0.0.1") -> Answer | None:
    """One request on a connection of its own; None where nothing is answered."""
    line = Line(port, address)
    try:
        async with asyncio.timeout(FUSE_S):
            return await line.ask(request, is_last=True)
    finally:
        line.close()


async def opened(port: int, address: str) -> tuple[StreamReader, StreamWriter]:
    """A connection to loopback."""
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0), limit=1 << 22)


async def answers(port: int, address: str, data: bytes) -> list[Answer]:
    """All that is answered to bytes, after which the client ends its side."""
    reader, writer = await opened(port, address)
    found: list[Answer] = []
    try:
        writer.write(data)
        writer.write_eof()
        while answer := await read_answer(reader):
            found.append(answer)
            if answer.is_stream:
                break
    except ConnectionError:
        pass  # it need not read what it has refused
    finally:
        writer.transport.abort()
    return found
