"""A real server, and pages of another site that follow it."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import pytest_asyncio

from tests.support.admin import Admin
from tests.support.browser import Screen
from tests.support.server import Server
from tests.support.site import Site, site
from tests.support.watching import MATCH, A, B, Watching


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other_site() -> AsyncIterator[Site]:
    async with site() as served:
        yield served


@pytest.fixture(scope="module")
def served(other_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose heartbeats are a second apart; use `server`."""
    settings = {"FEED_HEARTBEAT_S": "1", "FEED_ALLOWED_ORIGINS": other_site.origin}
    with Server(tmp_path_factory.mktemp("transports"), settings) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def server(served: Server) -> Server:
    if not served.running:
        await asyncio.to_thread(served.start)
    return served


@pytest_asyncio.fixture(loop_scope="session")
async def admin(server: Server, http: aiohttp.ClientSession) -> Admin:
    """Its hand; the items that the tests begin with are there."""
    admin = Admin(http, server.url)
    topics = (A, B, MATCH)
    await admin.inject([{"topic": topic, "data": {"state": "live"}} for topic in topics])
    return admin


@pytest_asyncio.fixture(loop_scope="session")
async def watching(page: Screen, other_site: Site, server: Server) -> Watching:
    return Watching(page, other_site, server)


@pytest_asyncio.fixture(loop_scope="session")
async def slow(page: Screen, other_site: Site, server: Server) -> Watching:
    """One whose time can be moved on."""
    await page.page.clock.install()
    return Watching(page, other_site, server)
