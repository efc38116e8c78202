"""SIGTERM: everyone is told, nothing is cut short, and the process ends with 0."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp

from tests.blackbox.conftest import Serve
from tests.blackbox.problems import fetch
from tests.support.admin import Admin
from tests.support.client import Reader, offset, parse
from tests.support.doors import sse_events, sse_frame, websocket
from tests.support.server import Server
from tests.support.traffic import beats

CROWD = 40
LOOKS_PER_S = 20


async def _stop(server: Server) -> int:
    return await asyncio.to_thread(server.stop)


async def test_viewers_are_told_and_the_process_ends_well(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_DRAIN_S="1")
    admin = Admin(http, server.url)
    place = (await admin.inject({"topic": "score:A", "set": {"n": 1}}))["cursor"]
    query = {"topics": "score:*"}
    poll = {**query, "cursor": place, "wait": 55}
    reader = Reader()
    async with (
        asyncio.timeout(20),
        websocket(server.url, query, reader=reader) as socket,
        http.get(f"{server.url}/sse", params=query) as stream,
        asyncio.TaskGroup() as group,
    ):
        await socket.until("snapshot")
        events = sse_events(stream.content)
        frames = []
        async for event in events:
            if "data" in event:
                frames.append(sse_frame(event))
                if frames[-1]["type"] == "snapshot":
                    break
        polled = group.create_task(fetch(http, f"{server.url}/poll", poll))
        await admin.snapshot("A")  # sent after the poll, and answered while that waits
        stopped = group.create_task(_stop(server))
        bye = await socket.until("bye")
        assert bye["reason"] == "shutdown"
        assert bye["reconnect"] is True
        assert await socket.closed() in {1001, 1012}
        frames = [sse_frame(event) async for event in events if "data" in event]
        assert "bye" in [frame["type"] for frame in frames]
        answer = await polled
        assert answer.status == 200
        assert (answer.body["frames"], answer.body["more"]) == ([], False)
        assert offset(answer.body["cursor"]) >= offset(place)
        assert await stopped == 0
    assert reader.cursor is not None
    assert offset(reader.cursor) >= offset(place)


async def test_it_is_not_ready_at_once_and_says_so_while_it_drains(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_DRAIN_S="2", FEED_LOG="memory:")
    async with asyncio.timeout(20), websocket(server.url, {"topics": "*"}) as socket:
        await socket.until("snapshot")
        before = await fetch(http, f"{server.url}/health/ready")
        assert before.status == 200
        names = {"ready", "instance", "log", "epoch", "head", "durable", "leader", "draining"}
        assert names <= before.body.keys()
        async with http.get(f"{server.url}/health/live") as answer:
            assert answer.status == 200
        server.terminate()
        await socket.until("bye")
        after = await fetch(http, f"{server.url}/health/ready")
        assert after.status == 503
        assert (after.body["ready"], after.body["draining"]) == (False, True)
        assert 1 <= int(after.headers["Retry-After"]) <= 300
    assert await asyncio.to_thread(server.exited_within, 10) == 0


async def test_a_restart_on_the_same_log_is_a_resume(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_DRAIN_S="1")
    admin, reader = Admin(http, server.url), Reader()
    query = {"topics": "score:*"}
    await admin.inject({"topic": "score:A", "set": {"n": 1}})
    async with websocket(server.url, query, reader=reader) as socket:
        await socket.until("snapshot")
        stopped = asyncio.create_task(_stop(server))
        await socket.closed()
        assert await stopped == 0
    await asyncio.to_thread(server.start)
    await admin.inject({"topic": "score:A", "set": {"n": 2}, "event": {"kind": "goal", "id": "g"}})
    async with websocket(server.url, query, reader=reader) as socket:
        assert (await socket.until("subscribed"))["resumed"] is True
        await socket.until("update")
    assert reader.resets == []
    assert reader.items == {"score:A": {"n": 2}}
    assert [event["id"] for event in reader.events] == ["g"]


async def test_the_log_of_the_output_holds_no_token(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_LOG="memory:")
    await Admin(http, server.url).inject({"topic": "A", "set": {"price": "1"}})
    async with http.get(f"{server.url}/snapshot", params={"topics": "A", "token": "s3cret"}) as got:
        parse(await got.read())
    assert await _stop(server) == 0
    assert server.settings["FEED_ADMIN_TOKEN"] not in server.output
    assert "s3cret" not in server.output


async def test_a_balancer_sees_it_although_nobody_is_connected(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_LOG="memory:")
    server.terminate()
    async for _ in beats(LOOKS_PER_S):
        if (await fetch(http, f"{server.url}/health/ready")).status != 200:
            break
    health = await fetch(http, f"{server.url}/health/ready")
    assert (health.status, health.body["draining"]) == (503, True)
    assert (await fetch(http, f"{server.url}/health/live")).status == 200
    assert await asyncio.to_thread(server.exited_within, 10) == 0


async def test_a_crowd_is_sent_away_one_by_one(serve: Serve) -> None:
    server = await asyncio.to_thread(serve, FEED_LOG="memory:", FEED_DRAIN_S="2")
    async with asyncio.timeout(30), AsyncExitStack() as crowd:
        sockets = [
            await crowd.enter_async_context(websocket(server.url, {"topics": "*"}))
            for _ in range(CROWD)
        ]
        for socket in sockets:
            await socket.until("snapshot")
        server.terminate()
        byes = await asyncio.gather(*(socket.until("bye") for socket in sockets))
        assert len({bye["after_ms"] for bye in byes}) == CROWD
        assert all(0 <= bye["after_ms"] < bye["grace_ms"] <= 2000 for bye in byes)
        assert {await socket.closed() for socket in sockets} == {1012}
    assert await asyncio.to_thread(server.exited_within, 10) == 0
