"""Connections as the admin sees them, and the end of those that have become old."""

import asyncio

import aiohttp

from tests.blackbox.conftest import Serve
from tests.blackbox.problems import check_problem
from tests.support.admin import Admin
from tests.support.client import Reader
from tests.support.doors import visit, websocket
from tests.support.server import Server


async def test_a_connection_is_listed_and_may_be_ended(
    admin: Admin, server: Server, name: str
) -> None:
    async with websocket(server.url, {"topics": f"score:{name}.*"}) as socket:
        number = (await socket.until("welcome"))["connection"]
        await socket.until("snapshot")
        listed = (await admin.get("connections"))["connections"]
        assert number in [each["id"] for each in listed]
        answer = await admin.delete(f"connections/{number}")
        assert answer.status in {200, 204}, answer
        assert await socket.closed() in {1001, 1006, 1012, 4403}
    check_problem(await admin.delete(f"connections/{number}"), 404)


async def test_an_old_connection_is_told_to_come_again_and_resumes(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_MAX_AGE_S="2")
    admin, reader = Admin(http, server.url), Reader()
    query = {"topics": "score:*"}
    async with asyncio.timeout(10), websocket(server.url, query, reader=reader) as socket:
        ends_in_ms = (await socket.until("welcome"))["ends_in_ms"]
        assert 0 < ends_in_ms <= 2000
        bye = await socket.until("bye")
        assert (bye["reason"], bye["reconnect"]) == ("rotate", True)
        await admin.inject({"topic": "score:A", "event": {"kind": "goal", "id": "g"}})
        async with websocket(server.url, {**query, "cursor": bye["cursor"]}) as newer:
            update = await newer.until("update")
            assert [event["id"] for event in update["events"]] == ["g"]
        assert await socket.closed() == 1012
    await visit(http, "poll", server.url, query, reader, lambda: False)
    assert reader.resets == []
    assert [event["id"] for event in reader.events] == ["g"]
