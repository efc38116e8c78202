"""An upstream that does everything wrong that an upstream can do, for a while, and then not."""

import asyncio
import contextlib
import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import cache
from types import TracebackType
from typing import TypeAlias

from feed.clock import SystemClock

WRONG = "666.25"
"""The price of every answer that must not be believed."""

ABSURD = "503-absurd"
"""The fault that asks to be left alone for longer than there is time."""

_HUGE_BYTES = 200_000_000
_JSON = "Content-Type: application/json"
_ZIPPED = "Content-Encoding: gzip"

Answer: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


def _said(status: str, body: bytes, *headers: str, length: int | None = None) -> Answer:
    """An answer as a whole; `length`: what it says of its own, where that is not so."""
    size = len(body) if length is None else length
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {size}", "Connection: close", *headers)
    head = "\r\n".join(lines).encode()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


def _body(price: object, name: str = "wrong") -> bytes:
    return json.dumps({"topic": name, "price": price}).encode()


async def _drop(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")
    for byte in _body(WRONG):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)  # what it does wrong: nothing waits for it


async def _huge(writer: asyncio.StreamWriter) -> None:
    writer.write(f"HTTP/1.1 200 OK\r\n{_JSON}\r\nConnection: close\r\n\r\n[".encode())
    for _ in range(_HUGE_BYTES // 100_000):
        writer.write(b" " * 100_000)
        await writer.drain()


async def _not_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01\x02\x00" * 50)


async def _broken_chunks(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + _body(WRONG))


async def _bomb(writer: asyncio.StreamWriter) -> None:
    await _said("200 OK", _packed_spaces(), _ZIPPED)(writer)


@cache
def _packed_spaces() -> bytes:
    """200 MB of spaces in an array, in 200 KB."""
    packing = zlib.compressobj(9, wbits=31)
    parts = [packing.compress(b"[")]
    parts += [packing.compress(b" " * 1_000_000) for _ in range(_HUGE_BYTES // 1_000_000)]
    return b"".join([*parts, packing.compress(b"]"), packing.flush()])


def _dated(status: str, seconds: float) -> Answer:
    """Not before a moment that is so far from now, in whole seconds."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        moment = formatdate(SystemClock().now_ms() / 1000 + seconds, usegmt=True)
        await _limited(status, moment)(writer)

    return answer


def _limited(status: str, retry_after: str) -> Answer:
    return _said(status, _body(WRONG), f"Retry-After: {retry_after}")


def faults(port: int) -> dict[str, Answer]:
    """By name: what may be answered in place of a price. `port`: of who answers so."""
    return {
        "drop": _drop,
        "hang": _hang,
        "drip": _drip,
        "500": _said("500 Oops", _body(WRONG)),
        "204": _said("204 No Content", b""),
        "html": _said("200 OK", f"<html>{WRONG}</html>".encode(), "Content-Type: text/html"),
        "empty": _said("200 OK", b""),
        "truncated": _said("200 OK", _body(WRONG)[:-1]),
        "price-is-a-list": _said("200 OK", _body([WRONG])),
        "price-is-a-word": _said("200 OK", _body(f"{WRONG} USD")),
        "price-is-true": _said("200 OK", _body(price=True)),
        "nan": _said("200 OK", _body(float("nan"))),
        "beyond-a-double": _said("200 OK", b'{"topic":"wrong","price":1e999999}'),
        "deep": _said("200 OK", b"[" * 100_000),
        "topic-is-a-number": _said("200 OK", b'{"topic":666.25,"price":"666.25"}'),
        "200-mb": _huge,
        "200-mb-announced": _said("200 OK", b"[", length=_HUGE_BYTES),
        "gzip-bomb": _bomb,
        "gzip-cut": _said("200 OK", gzip.compress(_body(WRONG))[:-9], _ZIPPED),
        "redirect-loop": _said(
            "302 Found", b"", f"Location: http://127.0.0.1:{port}/redirect-loop"
        ),
        "redirect-private": _said("307 There", b"", f"Location: http://localhost:{port}/private"),
        "redirect-file": _said("301 Moved", b"", "Location: file:///etc/passwd"),
        "too-short": _said("200 OK", _body(WRONG), length=4000),
        "too-long": _said("200 OK", _body(WRONG), length=20),
        "no-length": _said("200 OK", _body(WRONG), "Content-Length: x"),
        "broken-chunks": _broken_chunks,
        "not-http": _not_http,
        "endless-header": _said("200 OK", _body(WRONG), "X-Long: " + "x" * 100_000),
        "429": _said("429 Slow", _body(WRONG)),
        "429-seconds": _limited("429 Slow", "2"),
        "429-date": _dated("429 Slow", 3),
        "429-past": _dated("429 Slow", -86_400),
        "429-word": _limited("429 Slow", "soon"),
        "429-negative": _limited("429 Slow", "-30"),
        "503-zero": _limited("503 Busy", "0"),
        ABSURD: _limited("503 Busy", "9" * 30),
    }


class BadUpstream:
    """Gives a price to whoever asks for `/{name}`, another one each time, but for the faults.

    `spoil` lets the next so many answers of a name be its fault, and `flap` every other one.
    """

    def __init__(self) -> None:
        self.faults: dict[str, Answer] = {}
        self.asked_s: defaultdict[str, list[float]] = defaultdict(list)
        self.spoiled_s: defaultdict[str, list[float]] = defaultdict(list)
        self._left: defaultdict[str, int] = defaultdict(int)
        self._answers: defaultdict[str, int] = defaultdict(int)
        self._flapping: set[str] = set()
        self._asked = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "BadUpstream":
        _packed_spaces()  # this takes a moment, in which nobody shall wait
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.faults = faults(self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.refuse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # connections close in callbacks of the loop

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def spoil(self, name: str, count: int) -> None:
        self._left[name] = count

    def flap(self, name: str, count: int) -> None:
        self._flapping.add(name)
        self._left[name] = count

    async def refuse(self) -> None:
        """Listen no more."""
        self._server.close()
        await self._server.wait_closed()

    async def accept(self) -> None:
        """Listen again."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what comes about by being asked."""
        async with self._asked:
            await self._asked.wait_for(is_so)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            name = head.split(b" ", 2)[1].decode().removeprefix("/")
            answer = self._answer(name)
            async with self._asked:
                self._asked.notify_all()
            try:
                await answer(writer)
                writer.close()
                await writer.wait_closed()
            finally:
                writer.transport.abort()

    def _answer(self, name: str) -> Answer:
        now_s = asyncio.get_running_loop().time()
        self.asked_s[name].append(now_s)
        self._answers[name] += 1
        is_turn = name not in self._flapping or self._answers[name] % 2 == 0
        if self._left[name] and is_turn:
            self._left[name] -= 1
            self.spoiled_s[name].append(now_s)
            return self.faults.get(name, self.faults["500"])
        return _said("200 OK", _body(f"{100 + self._answers[name]}.00", f"bad.{name}"), _JSON)
