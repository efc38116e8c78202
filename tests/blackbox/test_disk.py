"""A disk that is full or fails: what is acknowledged is on it, and clients just go on."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.blackbox.conftest import SOAK
from tests.blackbox.problems import fetch
from tests.support.admin import Admin
from tests.support.doors import Socket, websocket
from tests.support.faulty_disk import COMPILER, Fault, FaultyDisk
from tests.support.server import Server, Spawned
from tests.support.traffic import beats

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no cc to make a disk fail with")

FUSE_S = 30.0
LOOKS_PER_S = 20

FAULTS: dict[Fault, str] = {
    "full": "database or disk is full",
    "sync": "disk I/O error (SQLITE_IOERR_FSYNC)",
    "write": "disk I/O error (SQLITE_IOERR_WRITE)",
    "read-only": "disk I/O error (SQLITE_IOERR_WRITE)",
}
TRIED: Sequence[Fault] = ("full", "sync", "write", "read-only") if SOAK else ("full", "sync")
SOURCE = """
[[source]]
type = "random_walk"
name = "walk"
every_s = 0.1
moving = 1.0
tickers = [{ topic = "WALK", name = "A walk", price = "100" }]
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shim is made, once."""
    return tmp_path_factory.mktemp("library")


class Place:
    """A server with a source on a disk that can fail, and a client that was there before."""

    def __init__(self, server: Server, disk: FaultyDisk, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.disk = disk
        self.admin = Admin(http, server.url)
        self._http = http

    async def inject(self, n: int) -> int:
        """The status of one change under a key that is the change's own."""
        body = json.dumps({"topic": "A", "event": {"kind": "n", "id": f"e-{n}"}, "set": {"n": n}})
        return (await self.admin.post("inject", body, key=f"k-{n}")).status

    async def health(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What `/health/ready` says once it is so; it is 200 all the time."""
        async with asyncio.timeout(FUSE_S):
            async for _ in beats(LOOKS_PER_S):
                answer = await fetch(self._http, f"{self.server.url}/health/ready")
                assert answer.status == 200, answer
                if holds(answer.body):
                    return answer.body
        raise AssertionError("it never ends")

    async def reads(self, n: int) -> None:
        """Everything that is only read is there, and as it was acknowledged last."""
        assert (await self.admin.snapshot("A"))["price:A"]["data"]["n"] == n
        for path in ("/poll?topics=*", "/history?topic=A", "/"):
            answer = await fetch(self._http, f"{self.server.url}{path}")
            assert answer.status == 200, (path, answer)
        async with websocket(self.server.url, {"topics": "*"}) as socket:
            await socket.until("snapshot")


@asynccontextmanager
async def placed(
    directory: Path, disk: FaultyDisk, http: aiohttp.ClientSession
) -> AsyncIterator[Place]:
    """Start a server; at the end it leaves as one does, with no traceback behind it."""
    config = directory / "feed.toml"
    config.write_text(SOURCE)
    settings = {"FEED_CONFIG": str(config), "FEED_SOURCES": "on", "FEED_HEARTBEAT_S": "0.5"}
    with Spawned(directory, settings | disk.settings) as server:
        yield Place(server, disk, http)
        if server.running:
            assert server.stop() == 0, server.output
        assert "Traceback" not in server.output, server.output


async def test_nothing_is_acknowledged_that_the_disk_did_not_take_and_it_recovers(
    tmp_path: Path, library: Path, http: aiohttp.ClientSession
) -> None:
    disk = FaultyDisk(library, tmp_path / "feed.db")
    async with placed(tmp_path, disk, http) as place:
        async with websocket(place.server.url, {"topics": "*"}) as socket:
            await socket.until("snapshot")
            for n, fault in enumerate(TRIED, 1):
                assert await place.inject(n) == 200
                await told(socket, f"e-{n}")
                with disk.failing(fault):
                    await fails(place, n, FAULTS[fault])
                    await socket.until("heartbeat")
                if fault == "sync":  # nobody injects: it finds out by itself
                    await place.health(lambda health: health["writable"] is True)
        assert await place.inject(len(TRIED) + 1) == 200
        place.server.kill()
        place.server.start()
        await place.reads(len(TRIED) + 1)
        assert await place.inject(1) == 200, "by its key it is known to be done"
        assert (await place.admin.snapshot("A"))["price:A"]["v"] == len(TRIED) + 1
        assert place.server.output.count("nothing can be appended to the log") == len(TRIED)
        assert place.server.output.count("the log takes appends again") == len(TRIED)


async def fails(place: Place, n: int, words: str) -> None:
    """Nothing is taken, and said so; what is there is served."""
    refused = await place.admin.post("inject", '{"topic":"A","set":{"n":-1}}', key=f"refused-{n}")
    assert refused.status == 503
    assert 1 <= int(refused.headers["Retry-After"]) <= 300
    health = await place.health(lambda health: not health["writable"])
    assert (health["ready"], health["durable"], health["log"]) == (True, True, words)
    await place.reads(n)


async def told(socket: Socket, event: str) -> None:
    """Wait for an event, before which nothing is told that was refused."""
    while True:
        frame = await socket.until("update")
        assert '"n": -1' not in json.dumps(frame)
        if event in [each["id"] for each in frame.get("events", ())]:
            return


async def test_a_start_on_a_disk_that_fails_says_which_file_and_loses_nothing(
    tmp_path: Path, library: Path, http: aiohttp.ClientSession
) -> None:
    disk = FaultyDisk(library, tmp_path / "feed.db")
    async with placed(tmp_path, disk, http) as place:
        assert await place.inject(1) == 200
        place.server.kill()
        with disk.failing("full"):
            code, output = await asyncio.to_thread(place.server.refused)
        name = f"{tmp_path / 'feed.db'}"
        said = f"feed: {name}: disk I/O error (SQLITE_IOERR_SHMSIZE)"
        assert (code, output.splitlines()[-1]) == (1, said)
        with disk.failing("sync"):
            code, output = await asyncio.to_thread(place.server.refused)
        assert (code, output.splitlines()[-1]) == (1, f"feed: {name}: {FAULTS['sync']}")
        place.server.start()
        await place.reads(1)


@pytest.mark.skipif(not SOAK, reason="only with FEED_SOAK=1; tests/log has it for the log alone")
async def test_a_file_that_was_taken_away_is_missed_until_it_is_back(
    tmp_path: Path, library: Path, http: aiohttp.ClientSession
) -> None:
    disk = FaultyDisk(library, tmp_path / "feed.db")
    async with placed(tmp_path, disk, http) as place:
        assert await place.inject(1) == 200
        path = tmp_path / "feed.db"
        path.rename(tmp_path / "elsewhere")
        assert await place.inject(2) == 503
        answer = await fetch(http, f"{place.server.url}/health/ready")
        assert (answer.status, answer.body["writable"]) == (503, False)
        assert answer.body["log"] == "feed.db: No such file or directory"
        path.touch()
        assert await place.inject(2) == 503
        (tmp_path / "elsewhere").rename(path)
        assert await place.inject(2) == 200
        place.server.kill()
        place.server.start()
        await place.reads(2)


async def test_a_file_that_turns_out_corrupt_ends_the_process_and_is_named(
    tmp_path: Path, library: Path, http: aiohttp.ClientSession
) -> None:
    path = tmp_path / "feed.db"
    disk = FaultyDisk(library, path)
    async with placed(tmp_path, disk, http) as place:
        assert await place.inject(1) == 200
        with disk.failing("sync"):
            assert await place.inject(2) == 503
            for file in (path, tmp_path / "feed.db-wal"):
                file.write_bytes(bytes(file.stat().st_size))
        assert await place.inject(2) == 503
        assert await asyncio.to_thread(place.server.exited_within, FUSE_S) == 1
        said = f"feed: {path}: file is not a database"
        assert place.server.output.splitlines()[-1] == said
        code, output = await asyncio.to_thread(place.server.refused)
        assert (code, output.splitlines()[-1]) == (1, said)
