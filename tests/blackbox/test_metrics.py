"""What a server counts, against what was done to it."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.support.admin import Admin
from tests.support.doors import Socket, sse_frames, websocket
from tests.support.scrape import Scrape, scrape
from tests.support.server import Server

CHANGES = 5
WAYS = ("feed_deliveries_total", "feed_frames_total", "feed_merged_changes_total")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Nobody else's, and its heartbeats are rare: each frame is one of ours."""
    with Server(tmp_path_factory.mktemp("metrics"), {"FEED_HEARTBEAT_S": "600"}) as server:
        yield server


@pytest.fixture
def server(quiet: Server) -> Iterator[Server]:
    """It goes on whatever is done, and prints no traceback."""
    yield quiet
    assert "Traceback" not in quiet.output, quiet.output


@pytest.fixture
async def before(http: aiohttp.ClientSession, server: Server) -> Scrape:
    """Before anything is done, and when all are gone who were there."""
    return await when_all_are_gone(http, server)


async def when_all_are_gone(http: aiohttp.ClientSession, server: Server) -> Scrape:
    """A transport that was closed is gone a moment later."""
    for _ in range(1000):
        now = await scrape(http, server.url)
        if not now["feed_connections", "ws"] + now["feed_connections", "sse"]:
            return now
    raise AssertionError("somebody stays")


async def test_three_streams_and_five_changes_are_fifteen_deliveries(
    http: aiohttp.ClientSession, server: Server, before: Scrape
) -> None:
    admin = Admin(http, server.url)
    await admin.inject({"topic": "BTC-USD", "set": {"price": "1"}})
    async with AsyncExitStack() as streams:
        sockets = [
            await streams.enter_async_context(websocket(server.url, {"topics": "BTC-USD"}))
            for _ in range(3)
        ]
        for socket in sockets:
            await socket.until("snapshot")
        begun = await scrape(http, server.url)
        for number in range(CHANGES):
            await admin.inject({"topic": "BTC-USD", "set": {"price": f"{number + 2}"}})
            for socket in sockets:
                await socket.until("update")
        await admin.inject({"topic": "NOBODYS", "set": {"price": "1"}})
        now = await scrape(http, server.url)
    assert begun.since(before, *WAYS, "feed_subscriptions_begun_total") == {
        ("feed_deliveries_total", "behind"): 3,
        ("feed_frames_total", "behind"): 3,
        ("feed_subscriptions_begun_total", "snapshot"): 3,
    }
    assert now.since(begun, *WAYS) == {
        ("feed_deliveries_total", "live"): 15,
        ("feed_frames_total", "live"): 15,
    }
    one = len(b'{"type":"update","cursor":"","pt":,"items":[]}')
    assert now.since(begun, "feed_frame_bytes_total")["feed_frame_bytes_total", "live"] > 15 * one
    counted = now.since(
        begun,
        "feed_changes_appended_total",
        "feed_commit_seconds_count",
        "feed_delivery_seconds_count",
        "feed_http_answers_total",
    )
    assert counted.pop(("feed_http_answers_total", "200", "/metrics")) == 1
    assert counted == {
        ("feed_changes_appended_total", "admin"): CHANGES + 1,
        ("feed_commit_seconds_count",): CHANGES + 1,
        ("feed_delivery_seconds_count",): CHANGES + 1,
        ("feed_http_answers_total", "200", "/admin/inject"): CHANGES + 1,
    }
    names = ("connections", "groups", "subscribers", "topics", "log_entries", "log_head")
    assert now.since(before, *(f"feed_{name}" for name in names)) == {
        ("feed_connections", "ws"): 3,
        ("feed_groups",): 1,
        ("feed_subscribers",): 3,
        ("feed_topics",): 2,
        ("feed_log_entries",): CHANGES + 2,
        ("feed_log_head",): CHANGES + 2,
    }


async def test_what_is_merged_for_a_client_that_asked_for_less(
    http: aiohttp.ClientSession, server: Server, before: Scrape
) -> None:
    admin = Admin(http, server.url)
    query = {"topics": "MERGED", "conflate_ms": "400"}
    async with websocket(server.url, query) as socket:
        await socket.until("snapshot")
        versions = 0
        for number in range(3):  # the first is told after a while, and the others with it
            await admin.inject({"topic": "MERGED", "set": {"price": f"{number}"}})
        frames = 0
        while versions < 3:
            [item] = (await socket.until("update"))["items"]
            versions, frames = item["v"], frames + 1
        now = await scrape(http, server.url)
    assert now.since(before, "feed_merged_changes_total") == {
        ("feed_merged_changes_total", "live"): 3 - frames
    }
    assert now.since(before, "feed_deliveries_total") == {("feed_deliveries_total", "live"): frames}


async def test_how_clients_come_back(
    http: aiohttp.ClientSession, server: Server, before: Scrape
) -> None:
    admin = Admin(http, server.url)
    cursor = (await admin.inject({"topic": "BACK", "set": {"price": "1"}}))["cursor"]
    await admin.inject({"topic": "BACK", "set": {"price": "2"}})
    query = {"topics": "BACK", "cursor": cursor}
    async with websocket(server.url, query) as socket:
        await socket.until("update")
    async with websocket(server.url, query | {"cursor": "zzzz-1"}) as socket:
        await socket.until("reset", reason="epoch")
        await socket.until("snapshot")
    stream = sse_frames(http, server.url, query | {"cursor": cursor[:-1] + "900"})
    async for frame in stream:
        if frame["type"] == "snapshot":
            break
    await stream.aclose()
    async with http.get(f"{server.url}/poll", params=query | {"cursor": "zzzz-1"}) as answer:
        kinds = [frame["type"] for frame in (await answer.json())["frames"]]
    assert kinds == ["reset", "snapshot"]
    now = await scrape(http, server.url)
    assert now.since(before, "feed_subscriptions_begun_total", "feed_resets_total") == {
        ("feed_subscriptions_begun_total", "resumed"): 1,
        ("feed_subscriptions_begun_total", "reset"): 2,
        ("feed_resets_total", "epoch"): 2,
        ("feed_resets_total", "ahead"): 1,
    }
    assert now.since(before, "feed_deliveries_total") == {
        ("feed_deliveries_total", "behind"): 3,
        ("feed_deliveries_total", "poll"): 1,
    }


async def test_who_is_refused_and_who_is_sent_away(
    http: aiohttp.ClientSession, server: Server, before: Scrape
) -> None:
    admin = Admin(http, server.url)
    for path, headers in (
        ("/admin/state", {"Authorization": "Bearer wrong"}),
        ("/metrics", {"Authorization": "Bearer wrong"}),
        ("/poll?topics=A", {"Origin": "https://foreign.example"}),
        ("/no/such/path", {}),
    ):
        async with http.get(f"{server.url}{path}", headers=headers) as answer:
            assert answer.status >= 400
    await _say(server, b"GARBAGE\r\n\r\n")
    body = {"topic": "KEYED", "set": {"price": "1"}}
    for change, status in ((body, 200), (body, 200), (body | {"topic": "MISUSED"}, 422)):
        encoded = str(change).replace("'", '"')
        assert (await admin.post("inject", encoded, key="once")).status == status
    async with websocket(server.url, {"topics": "KEYED"}) as socket:
        await _is_refused(socket)
        await socket.raw.send(b"binary")
        assert await socket.closed() == 1003
    async with websocket(server.url, {"topics": "KEYED"}) as socket:
        number = (await socket.until("welcome"))["connection"]
        assert (await admin.delete(f"connections/{number}")).status == 204
        assert await socket.closed() == 1012
    now = await when_all_are_gone(http, server)
    answers = now.since(before, "feed_http_answers_total")
    refused = {sample[1:]: count for sample, count in answers.items() if sample[1] >= "400"}
    assert refused == {
        ("401", "/admin/state"): 1,
        ("401", "/metrics"): 1,
        ("403", "/poll"): 1,
        ("404", ""): 1,
        ("400", ""): 1,
        ("422", "/admin/inject"): 1,
    }
    assert now.since(
        before,
        "feed_tokens_refused_total",
        "feed_keyed_batches_total",
        "feed_commands_refused_total",
        "feed_streams_ended_total",
    ) == {
        ("feed_tokens_refused_total", "admin"): 1,
        ("feed_tokens_refused_total", "metrics"): 1,
        ("feed_keyed_batches_total", "new"): 1,
        ("feed_keyed_batches_total", "repeated"): 1,
        ("feed_keyed_batches_total", "misused"): 1,
        ("feed_commands_refused_total", "unknown_type"): 1,
        ("feed_streams_ended_total", "ws", "not_text"): 1,
        ("feed_streams_ended_total", "ws", "restart"): 1,
    }


async def _is_refused(socket: Socket) -> None:
    await socket.send(type="sing", id=1)
    await socket.until("error", id=1)


async def _say(server: Server, text: bytes) -> None:
    """To the port, and read what is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(text)
    assert (await reader.read()).startswith(b"HTTP/1.0 400")
    writer.close()
