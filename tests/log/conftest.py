"""The engines that the contract holds for."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from feed.log.base import EventLog
from feed.log.memory import MemoryLog
from feed.log.sqlite import SqliteLog

ENGINES = ("memory", "sqlite")
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
