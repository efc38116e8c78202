"""A server, and a place for recordings."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from feed.app import running
from feed.clock import SystemClock
from feed.settings import Settings
from tests.support.recordings import url_of
from tests.support.server import TOKEN


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A server without sources."""
    settings = Settings(log="memory:", sources=False, admin_token=(TOKEN,), drain_s=0)
    async with running(settings, SystemClock()) as app, TestServer(app) as server:
        yield url_of(server)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "day.jsonl"
