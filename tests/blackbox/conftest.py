"""One server for all tests that can share it, and servers of a test's own."""

import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import aiohttp
import pytest

from tests.support.admin import Admin
from tests.support.server import TOKEN, Server

Serve: TypeAlias = Callable[..., Server]

SECOND = "another-token-of-forty-characters-0000002"
SOAK = os.environ.get("FEED_SOAK") == "1"
_names = itertools.count(1)
_strangers = itertools.count(1)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that most tests share; use `server`, which watches it."""
    directory = tmp_path_factory.mktemp("shared")
    with Server(
        directory, {"FEED_HEARTBEAT_S": "0.5", "FEED_ADMIN_TOKEN": f"{TOKEN},{SECOND}"}
    ) as server:
        yield server
        assert server.stop() == 0, server.output


@pytest.fixture
def server(shared: Server) -> Iterator[Server]:
    """The shared server; whatever a test does to it, it goes on and prints no traceback."""
    before = len(shared.output)
    yield shared
    assert shared.running, shared.output
    assert "Traceback" not in shared.output[before:], shared.output[before:]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server of the test's own, with settings; all are gone at the end."""
    servers: list[Server] = []

    def start(**settings: str) -> Server:
        directory = tmp_path / str(len(servers))
        directory.mkdir()
        server = Server(directory, settings)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        if server.running:
            server.kill()
    for server in servers:
        assert "Traceback" not in server.output, server.output


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client without cookies and keep-alive."""
    async with client("127.0.0.1") as session:
        yield session


@pytest.fixture
async def stranger() -> AsyncIterator[aiohttp.ClientSession]:
    """As `http`, from an address that no other test has: wrong tokens are counted by address."""
    async with client(f"127.0.1.{next(_strangers)}") as session:
        yield session


def client(address: str) -> aiohttp.ClientSession:
    """A client that comes from an address of loopback."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30),
        connector=aiohttp.TCPConnector(limit=0, force_close=True, local_addr=(address, 0)),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


@pytest.fixture
def admin(server: Server, http: aiohttp.ClientSession) -> Admin:
    """The admin of the shared server."""
    return Admin(http, server.url)


@pytest.fixture
def name() -> str:
    """The beginning of keys that are this test's alone."""
    return f"t{next(_names)}"
