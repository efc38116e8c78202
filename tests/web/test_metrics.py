"""What Prometheus reads, and who may."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from feed.app import running
from feed.clock import SystemClock
from feed.settings import Settings
from tests.support.traffic import beats

ADMIN = "admin-token-of-forty-characters-00000001"
READER = "reader-token-of-forty-characters-0000001"
LOOKS_PER_S = 100
SETTINGS = Settings(
    log="memory:", drain_s=0, admin_token=(ADMIN,), metrics_token=READER, sources=True
)


@pytest.fixture
async def client() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async with running(SETTINGS, SystemClock()) as app, TestClient(TestServer(app)) as client:
        yield client


Client = TestClient[web.Request, web.Application]


async def told(client: Client, token: str = READER) -> dict[str, float]:
    """Name and labels → value."""
    async with client.get("/metrics", headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert answer.headers["Cache-Control"] == "no-store"
        families = text_string_to_metric_families(await answer.text())
        return {
            " ".join([sample.name, *sample.labels.values()]): sample.value
            for family in families
            for sample in family.samples
        }


async def test_what_an_instance_tells_of_itself(client: Client) -> None:
    async with asyncio.timeout(5), client.ws_connect("/ws?topics=price:*") as socket:
        while (await socket.receive_json())["type"] != "snapshot":
            pass
        async for _ in beats(LOOKS_PER_S):
            if (await told(client))["feed_leader"]:
                break
        metrics = await told(client)
    assert metrics["feed_connections ws"] == 1
    assert metrics["feed_connections sse"] == 0
    assert metrics["feed_subscribers"] == 1
    assert metrics["feed_draining"] == 0
    assert metrics["feed_log_durable"] == 0
    assert metrics["feed_log_head"] >= 0


async def test_who_may_read_them(client: Client) -> None:
    assert await told(client, ADMIN)
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        async with client.get("/metrics", headers=headers) as answer:
            assert answer.status == 401
    reader = {"Authorization": f"Bearer {READER}"}
    async with client.get("/admin/state", headers=reader) as answer:
        assert answer.status == 401
