"""What Prometheus reads, and who may."""

import asyncio
import platform
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from feed import __version__
from feed.app import running
from feed.clock import SystemClock
from feed.settings import Settings
from feed.sources.open import demo
from tests.support.traffic import beats

ADMIN = "admin-token-of-forty-characters-00000001"
READER = "reader-token-of-forty-characters-0000001"
FUSE_S = 30
LOOKS_PER_S = 100
SETTINGS = Settings(
    log="memory:", drain_s=0, admin_token=(ADMIN,), metrics_token=READER, source=demo()
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
        while not metrics["feed_source_runs_total basketball"]:
            metrics = await told(client)
    assert metrics["feed_connections ws"] == 1
    assert metrics["feed_connections sse"] == 0
    assert metrics["feed_subscribers"] == 1
    assert metrics["feed_draining"] == 0
    assert metrics["feed_log_durable"] == 0
    assert metrics["feed_log_head"] >= 0
    assert metrics["feed_log_up"] == 1
    assert metrics[f"feed_build_info {platform.python_version()} {__version__}"] == 1
    assert metrics["process_resident_memory_bytes"] > 1_000_000
    age_s = SystemClock().now_ms() / 1000 - metrics["feed_lease_seen_timestamp_seconds"]
    assert 0 <= age_s < FUSE_S
    for source in ("market", "football", "basketball"):
        assert metrics[f"feed_source_runs_total {source}"] >= 1
        assert metrics[f"feed_source_failing {source}"] == 0


async def test_nothing_that_clients_say_is_in_them(client: Client) -> None:
    async with client.ws_connect("/ws?topics=price:MARKER-1") as socket:
        await socket.send_json({"type": "MARKER-2", "id": "MARKER-3"})
        while (await socket.receive_json())["type"] != "error":
            pass
        headers = {"Origin": "https://MARKER-4.example", "Authorization": "Bearer MARKER-5"}
        for path in ("/MARKER-6", "/admin/MARKER-7", "/poll?topics=MARKER-8&cursor=MARKER-9"):
            async with client.get(path, headers=headers) as answer:
                assert answer.status >= 400
        async with client.request("MARKER", "/poll") as answer:
            assert answer.status >= 400
        names = " ".join(await told(client))
    assert "feed_http_answers_total" in names
    assert "MARKER" not in names


async def test_a_log_out_of_reach_is_told_and_all_else_too() -> None:
    away = msgspec.structs.replace(SETTINGS, log="redis://127.0.0.1:1", sources=False)
    async with running(away, SystemClock()) as app, TestClient(TestServer(app)) as client:
        metrics = await told(client)
    assert metrics["feed_log_up"] == 0
    assert metrics["feed_connections ws"] == 0
    assert not {"feed_log_head", "feed_log_entries", "feed_topics"} & set(metrics)


async def test_who_may_read_them(client: Client) -> None:
    assert await told(client, ADMIN)
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        async with client.get("/metrics", headers=headers) as answer:
            assert answer.status == 401
    reader = {"Authorization": f"Bearer {READER}"}
    async with client.get("/admin/state", headers=reader) as answer:
        assert answer.status == 401
