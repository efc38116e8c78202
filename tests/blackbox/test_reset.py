"""A cursor that cannot be resumed: an explicit reset, and the snapshot in the same breath."""

import asyncio

import aiohttp
import pytest

from tests.blackbox.conftest import Serve
from tests.support.admin import Admin
from tests.support.client import Reader, epoch, offset
from tests.support.doors import DOORS, visit, websocket
from tests.support.server import Server
from tests.support.traffic import beats


async def _reset(
    http: aiohttp.ClientSession, server: Server, door: str, cursor: str, topic: str
) -> Reader:
    """Come back at a door with a cursor; what the reader then knows."""
    reader = Reader(door)
    reader.cursor = cursor
    reader.items = {"score:never": {"n": 0}}
    await visit(http, door, server.url, {"topics": topic}, reader, lambda: bool(reader.resets))
    return reader


async def _poll_once(
    http: aiohttp.ClientSession, server: Server, cursor: str, topic: str
) -> Reader:
    reader = Reader("poll")
    reader.cursor, reader.versions, reader.items = cursor, {"score:A": 1}, {"score:A": {"n": 0}}
    await visit(http, "poll", server.url, {"topics": topic}, reader, lambda: False)
    return reader


@pytest.mark.parametrize("door", DOORS)
async def test_a_cursor_of_another_log(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str, door: str
) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    reader = await _reset(http, server, door, "zzzz-3", topic)
    assert (reader.resets, reader.items) == (["epoch"], {topic: {"n": 1}})


@pytest.mark.parametrize("door", DOORS)
async def test_a_cursor_beyond_the_end(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str, door: str
) -> None:
    topic = f"score:{name}.A"
    place = (await admin.inject({"topic": topic, "set": {"n": 1}}))["cursor"]
    ahead = f"{epoch(place)}-{offset(place) + 1_000_000}"
    reader = await _reset(http, server, door, ahead, topic)
    assert (reader.resets, reader.items) == (["ahead"], {topic: {"n": 1}})
    assert reader.cursor is not None
    assert offset(reader.cursor) < offset(ahead)


async def test_a_cursor_older_than_the_log_holds(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await asyncio.to_thread(serve, FEED_RETENTION_EVENTS="20")
    admin = Admin(http, server.url)
    old = (await admin.inject({"topic": "score:A", "set": {"n": 0}}))["cursor"]
    await admin.inject({"topic": "score:B", "set": {"n": 0}})
    async with asyncio.timeout(30):
        async for beat in beats(10):  # it trims now and then
            await admin.inject([{"topic": "score:A", "set": {"n": [beat, i]}} for i in "ab"])
            if (await _poll_once(http, server, old, "score:*")).resets:
                break
    last = await admin.inject({"topic": "score:A", "set": {"n": "last"}})
    for door in DOORS:
        reader = await _reset(http, server, door, old, "score:*")
        assert reader.resets == ["expired"]
        assert reader.items == {"score:A": {"n": "last"}, "score:B": {"n": 0}}
        assert reader.cursor == last["cursor"]


async def test_a_log_in_memory_is_another_after_a_restart(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_LOG="memory:")
    admin = Admin(http, server.url)
    place = (await admin.inject({"topic": "score:A", "set": {"n": 1}}))["cursor"]
    assert await asyncio.to_thread(server.stop) == 0
    await asyncio.to_thread(server.start)
    for door in DOORS:
        reader = await _reset(http, server, door, place, "score:*")
        assert (reader.resets, reader.items) == (["epoch"], {})


async def test_the_frames_around_a_reset(admin: Admin, server: Server, name: str) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    async with websocket(server.url, {"topics": topic, "cursor": "zzzz-3"}) as socket:
        frames = [await socket.receive() for _ in range(4)]
    kinds = [frame["type"] for frame in frames]
    assert kinds == ["welcome", "subscribed", "reset", "snapshot"]
    assert frames[1]["resumed"] is False
    assert "cursor" not in frames[2]
