"""A server, and what stands before it."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from feed.app import running
from feed.client import stream
from feed.clock import SystemClock
from feed.settings import Settings
from tests.support.client_feed import BLOCKED, Desk
from tests.support.gate import Gate
from tests.support.server import TOKEN


@pytest.fixture(autouse=True)
def nothing_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test knows what came through to another's port, which may be given to it again."""
    monkeypatch.setattr(stream, "_worked", {})


@pytest.fixture
def settings() -> Settings:
    """No sources, and a heartbeat that is soon missed."""
    return Settings(log="memory:", sources=False, admin_token=(TOKEN,), drain_s=0, heartbeat_s=0.2)


@pytest.fixture
async def port(settings: Settings) -> AsyncIterator[int]:
    """A server."""
    async with running(settings, SystemClock()) as app, TestServer(app) as server:
        assert server.port
        yield server.port


@pytest.fixture
async def desk(port: int) -> AsyncIterator[Desk]:
    async with ClientSession() as session:
        yield Desk(session, f"http://127.0.0.1:{port}")


@pytest.fixture(params=BLOCKED)
async def gate(request: pytest.FixtureRequest, port: int) -> AsyncIterator[Gate]:
    """Lets each transport through in turn, and none that is better."""
    async with Gate(port, **BLOCKED[request.param]) as gate:
        yield gate
