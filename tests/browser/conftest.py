"""One browser for all tests of this folder, and a page for each."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from tests.support.admin import Admin
from tests.support.admin_page import sign_in
from tests.support.browser import Screen, chromium, missing, screen
from tests.support.browser_feed import FeedPage
from tests.support.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator["Browser"]:
    if reason := missing():
        pytest.skip(reason)
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: "Browser") -> AsyncIterator[Screen]:
    """A page at which nothing may go wrong."""
    async with screen(browser) as page:
        yield page
        assert page.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def client(page: Screen) -> FeedPage:
    feed = FeedPage(page)
    await feed.open()
    return feed


@pytest_asyncio.fixture(loop_scope="session")
async def slow_client(page: Screen) -> FeedPage:
    """One whose time stands still unless the test moves it."""
    feed = FeedPage(page)
    await feed.open(virtual_time=True)
    return feed


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without sources; use `server`, which empties it."""
    with Server(tmp_path_factory.mktemp("shared"), {"FEED_HEARTBEAT_S": "1"}) as server:
        yield server


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as `python -m feed` starts it, with the sources of the demo."""
    with Server(tmp_path_factory.mktemp("demo"), {"FEED_SOURCES": "on"}) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True), timeout=aiohttp.ClientTimeout(total=10)
    ) as session:
        yield session


@pytest_asyncio.fixture(loop_scope="session")
async def server(shared: Server, http: aiohttp.ClientSession) -> Server:
    """A server that runs and knows no topic, whatever the test before did to it."""
    if not shared.running:
        await asyncio.to_thread(shared.start)
    async with http.get(f"{shared.url}/snapshot?topics=*") as answer:
        items = (await answer.json())["items"]
    if items:
        gone = [{"topic": item["topic"], "gone": True} for item in items]
        await Admin(http, shared.url).inject(gone)
    return shared


@pytest.fixture
def admin(server: Server, http: aiohttp.ClientSession) -> Admin:
    return Admin(http, server.url)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(page: Screen, server: Server) -> Screen:
    """The page of an admin who has just signed in."""
    await sign_in(page, server)
    return page
