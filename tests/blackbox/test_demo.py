"""Started with nothing but a port, it serves prices and scores that move."""

import asyncio

import aiohttp

from tests.blackbox.conftest import Serve
from tests.blackbox.problems import check_problem, fetch
from tests.support.admin import Admin
from tests.support.client import Reader
from tests.support.doors import DOORS, visit

KINDS = {"price", "score"}


async def test_the_demo_moves_and_keeps_the_rules_at_every_door(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_SOURCES="on")
    for door in DOORS:
        reader = Reader(door)

        def enough(reader: Reader = reader) -> bool:
            moved = any(step.v < reader.versions[step.topic] for step in reader.steps)
            return moved and {topic.partition(":")[0] for topic in reader.items} == KINDS

        async with asyncio.timeout(20):
            while not enough():
                await visit(http, door, server.url, {"topics": "*"}, reader, enough)
        assert reader.resets == []
        assert all(item.get("state") for item in reader.items.values())
    sources = (await Admin(http, server.url).get("sources"))["sources"]
    assert len(sources) >= 2
    ready = await fetch(http, f"{server.url}/health/ready")
    assert ready.body["leader"] is True
    assert await asyncio.to_thread(server.stop) == 0


async def test_a_source_is_paused_and_resumed(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await asyncio.to_thread(serve, FEED_SOURCES="on", FEED_LOG="memory:")
    admin = Admin(http, server.url)
    [first, *_] = (await admin.get("sources"))["sources"]
    for action in ("pause", "resume", "run"):
        answer = await admin.post(f"sources/{first['name']}/{action}")
        assert answer.status == 200, answer
    check_problem(await admin.post("sources/no-such-source/pause"), 404)
