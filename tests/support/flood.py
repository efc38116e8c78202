"""Attackers: each kind goes on for as long as it is told to, and notes how it is answered.

They run in a process of their own, so that a client beside them is not slowed by them itself.
"""

import asyncio
import contextlib
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tests.support.client_frame import FIN, MORE, PING, PONG, TEXT, client_frame, text
from tests.support.stalled import Stalled

Answers: TypeAlias = Counter[str]
"""What was answered, by what it was: `408`, `4429`, `cut`, and how often."""

_SWITCH = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")
_PIECE_BYTES = 16 * 1024
_PAUSE_S = 0.2


class Crowd(NamedTuple):
    """How many of each kind, and for how long those work that end by themselves.

    `idle` never ask for anything, `silent` never read.
    """

    port: int
    each: int
    idle: int
    silent: int
    seconds: float


class Wire:
    """A connection from an address of loopback."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ended(self) -> bytes:
        """The last that came, once the server has ended it."""
        last = b""
        with contextlib.suppress(ConnectionError):
            while part := await self.reader.read(1 << 16):
                last = (last + part)[-4096:]
        return last

    async def send(self, data: bytes) -> None:
        """Write, and wait until the kernel has it."""
        self.writer.write(data)
        await self.writer.drain()


@asynccontextmanager
async def wire(port: int, address: str) -> AsyncIterator[Wire]:
    """Connect, and be gone at the end without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


def head(target: str, method: str = "GET", more: str = "") -> bytes:
    """The head of a request."""
    return f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n".encode()


def _close_code(last: bytes) -> str:
    """The code of the close frame at the end of what was heard."""
    _, found, code = last.rpartition(b"\x88\x02")
    return str(int.from_bytes(code[:2], "big")) if found and len(code) == 2 else "cut"


async def babble(crowd: Crowd, said: bytes, begun: bytes = b"") -> Answers:
    """Say the same on WebSockets as fast as it is taken; who is closed comes back."""
    answers: Answers = Counter()
    piece = said * max(1, _PIECE_BYTES // len(said))

    async def one() -> None:
        while True:
            with contextlib.suppress(ConnectionError):
                async with wire(crowd.port, "127.0.2.1") as line:
                    await line.send(head("/ws?topics=A", more=_SWITCH) + begun)
                    hearing = asyncio.create_task(line.ended())
                    try:
                        with contextlib.suppress(ConnectionError):
                            while not hearing.done():
                                await line.send(piece)
                                answers["said"] += 1
                                await asyncio.sleep(0)
                        answers[_close_code(await hearing)] += 1
                    finally:
                        hearing.cancel()
            await asyncio.sleep(_PAUSE_S)

    await _for(crowd.seconds, *(one() for _ in range(crowd.each)))
    return answers


async def trickle(crowd: Crowd, beginning: bytes) -> Answers:
    """Send requests so slowly that they never end; each is waited for until it is answered."""
    answers: Answers = Counter()

    async def one() -> None:
        async with wire(crowd.port, "127.0.3.1") as line:
            await line.send(beginning)
            hearing = asyncio.create_task(line.ended())
            with contextlib.suppress(ConnectionError):
                while not hearing.done():
                    await line.send(b"x")
                    await asyncio.wait([hearing], timeout=_PAUSE_S)
            status = _STATUS.search(await hearing)
            answers[status[1].decode() if status else "cut"] += 1

    await asyncio.gather(*(one() for _ in range(crowd.each)))
    return answers


async def idle(crowd: Crowd) -> Answers:
    """Connect and say nothing at all, until that is answered."""
    answers: Answers = Counter()

    async def one() -> None:
        async with wire(crowd.port, "127.0.4.1") as line:
            status = _STATUS.search(await line.ended())
            answers[status[1].decode() if status else "cut"] += 1

    await asyncio.gather(*(one() for _ in range(crowd.idle)))
    return answers


async def ignore(crowd: Crowd) -> Answers:
    """Subscribe, read nothing for so long, and see then who was cut."""
    with Stalled(crowd.port, crowd.silent, "score:*") as stalled:
        await asyncio.sleep(crowd.seconds)
        cut = await asyncio.to_thread(stalled.ended)
    return Counter({"cut": cut, "open": crowd.silent - cut})


async def guess(crowd: Crowd) -> Answers:
    """Call with wrong tokens, each answer awaited, on connections that stay open."""
    answers: Answers = Counter()
    call = head("/admin/state", more="Authorization: Bearer wrong\r\n")

    async def one() -> None:
        async with wire(crowd.port, "127.0.5.1") as line:
            while True:
                await line.send(call)
                answer = await line.reader.readuntil(b"}")
                status = _STATUS.search(answer)
                answers[status[1].decode() if status else "cut"] += 1

    await _for(crowd.seconds, *(one() for _ in range(crowd.each)))
    return answers


async def _for(seconds: float, *works: Awaitable[None]) -> None:
    """Let all of them work for so long; what breaks one breaks the run."""
    tasks = [asyncio.ensure_future(work) for work in works]
    done, left = await asyncio.wait(tasks, timeout=seconds, return_when="FIRST_EXCEPTION")
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in done:
        task.result()


KINDS: Mapping[str, Callable[[Crowd], Awaitable[Answers]]] = {
    "commands": lambda crowd: babble(crowd, text('{"type":"set"}')),
    "pings": lambda crowd: babble(crowd, client_frame(FIN | PING)),
    "pongs": lambda crowd: babble(crowd, client_frame(FIN | PONG)),
    "fragments": lambda crowd: babble(crowd, client_frame(MORE), client_frame(TEXT)),
    "slow heads": lambda crowd: trickle(crowd, b"GET / HTTP/1.1\r\nX: "),
    "slow bodies": lambda crowd: trickle(
        crowd,
        head(
            "/admin/sign-in",
            "POST",
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16000\r\n",
        ),
    ),
    "idle": idle,
    "never read": ignore,
    "wrong tokens": guess,
}


def attack(crowd: Crowd, begun: Path) -> dict[str, Answers]:
    """All kinds at once, in a process of their own; a file tells that they begin.

    Attackers have machines of their own: on this one they take what the server leaves them.
    """
    os.nice(10)

    async def all_of_them() -> dict[str, Answers]:
        answers = await asyncio.gather(*(kind(crowd) for kind in KINDS.values()))
        return dict(zip(KINDS, answers, strict=True))

    begun.touch()
    return asyncio.run(all_of_them())
