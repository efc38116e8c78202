"""A hub on a log in memory."""

from collections.abc import AsyncIterator

import pytest

from feed.clock import SystemClock
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.log.memory import MemoryLog
from tests.support.log import lent


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def hub(log: MemoryLog) -> AsyncIterator[Hub]:
    hub = Hub(lent(log), SystemClock(), heartbeat_s=15)
    await hub.start()
    yield hub
    await hub.stop()


@pytest.fixture
async def ingest(log: MemoryLog, hub: Hub) -> Ingest:
    return Ingest(hub, SystemClock())
