"""`conflate_ms`, `window_ms`, `delay_ms` and `fields`, judged by what the frames say of time."""

import asyncio
import itertools
import random

import aiohttp
import pytest

from tests.blackbox.problems import fetch
from tests.support.admin import Admin, Ledger
from tests.support.client import Frame, Reader, offset
from tests.support.doors import DOORS, Query, Socket, visit, websocket
from tests.support.server import Server
from tests.support.traffic import Traffic, beats, drive

STAMP_MS = 25
"""How much later than it was due a frame may be stamped on a busy machine, and the next one not."""


async def _updates_during(
    admin: Admin, server: Server, name: str, query: Query, calls: int
) -> tuple[list[Frame], Reader, Ledger]:
    """Every update of one ws connection while some traffic goes on; all of it has come."""
    fields = str(query["fields"]).split(",") if "fields" in query else ()
    reader, ledger = Reader(name, fields), Ledger()
    count = itertools.count()
    updates: list[Frame] = []
    topics = {"topics": f"price:{name}.*,score:{name}.*"}
    async with websocket(server.url, {**topics, **query}, reader=reader) as socket:
        await socket.until("snapshot")
        await drive(admin, Traffic(11, name), ledger, 80, lambda: next(count) >= calls)
        while reader.cursor is None or offset(reader.cursor) < ledger.last:
            frame = await socket.receive()
            if frame["type"] == "update":
                updates.append(frame)
    ledger.check(reader, lambda _: True)
    return updates, reader, ledger


async def test_without_options_every_version_is_an_element_of_its_own(
    admin: Admin, server: Server, name: str
) -> None:
    _, reader, ledger = await _updates_during(admin, server, name, {}, 60)
    seen = [(step.topic, step.v) for step in reader.steps]
    assert sorted(seen) == sorted(ledger.states())


async def test_conflation_sends_an_item_once_in_its_time_and_every_event(
    admin: Admin, server: Server, name: str
) -> None:
    updates, reader, ledger = await _updates_during(admin, server, name, {"conflate_ms": 250}, 90)
    last: dict[str, int] = {}
    for update in updates:
        topics = [item["topic"] for item in update.get("items", [])]
        assert len(topics) == len(set(topics))
        for topic in topics:
            assert update["pt"] - last.get(topic, 0) >= 250 - STAMP_MS
            last[topic] = update["pt"]
    assert len(reader.steps) < len(ledger.states())
    merged = [item for update in updates for item in update.get("items", []) if "merged" in item]
    assert merged


async def test_a_window_gathers_frames_and_merges_nothing(
    admin: Admin, server: Server, name: str
) -> None:
    updates, reader, ledger = await _updates_during(admin, server, name, {"window_ms": 200}, 60)
    seen = [(step.topic, step.v) for step in reader.steps]
    assert sorted(seen) == sorted(ledger.states())
    times = [update["pt"] for update in updates]
    assert all(later - sooner >= 200 - STAMP_MS for sooner, later in itertools.pairwise(times))


async def test_a_delayed_viewer_sees_nothing_sooner(
    admin: Admin, server: Server, name: str
) -> None:
    updates, _, _ = await _updates_during(admin, server, name, {"delay_ms": 300}, 30)
    for update in updates:
        for entry in [*update.get("items", []), *update.get("events", [])]:
            assert update["pt"] - entry["ts"] >= 300


async def test_options_changed_in_midstream_lose_nothing(
    admin: Admin, server: Server, name: str
) -> None:
    chance, reader, ledger = random.Random(5), Reader(name), Ledger()
    topics = {"topics": f"price:{name}.*,score:{name}.*"}
    finished = False

    async def change(socket: Socket) -> None:
        async for number in beats(12):
            if finished:
                return
            options = {
                "conflate_ms": chance.choice((0, 0, 150)),
                "window_ms": chance.choice((0, 0, 60)),
                "delay_ms": chance.choice((0, 0, 200)),
            }
            await socket.send(type="set", id=number, **options)

    async def inject() -> None:
        nonlocal finished
        count = itertools.count()
        await drive(admin, Traffic(13, name), ledger, 80, lambda: next(count) >= 160)
        finished = True

    async with websocket(server.url, topics, reader=reader) as socket, asyncio.TaskGroup() as group:
        await socket.until("snapshot")
        group.create_task(inject())
        group.create_task(change(socket))
        while not finished or offset(reader.cursor or "-0") < ledger.last:
            await socket.receive()
    ledger.check(reader, lambda _: True)


async def test_a_place_that_a_delayed_viewer_has_not_reached_means_wait(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic = f"score:{name}.A"
    query: Query = {"topics": topic, "delay_ms": 400}
    for door in DOORS:
        reader = Reader(door)
        answer = await admin.inject({"topic": topic, "set": {door: 1}})
        reader.cursor = answer["cursor"]
        reader.versions[topic] = answer["results"][0]["v"]
        reader.items[topic] = (await admin.snapshot(topic))[topic]["data"]
        last = offset((await admin.inject({"topic": topic, "set": {door: 2}}))["cursor"])

        def caught_up(reader: Reader = reader, last: int = last) -> bool:
            return offset(reader.cursor or "-0") >= last

        async with asyncio.timeout(5):
            while not caught_up():
                await visit(http, door, server.url, query, reader, caught_up)
        assert reader.resets == []
        assert reader.items[topic][door] == 2


async def test_a_delayed_snapshot_is_of_the_past(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic = f"score:{name}.A"
    query: Query = {"topics": topic, "delay_ms": 600_000}
    place = (await admin.inject({"topic": topic, "set": {"n": 1}}))["cursor"]
    answer = await fetch(http, f"{server.url}/snapshot", query)
    assert answer.body["items"] == []
    assert offset(answer.body["cursor"]) < offset(place)
    for door in DOORS:
        reader = Reader(door)

        def placed(reader: Reader = reader) -> bool:
            return reader.cursor is not None

        await visit(http, door, server.url, query, reader, placed)
        assert reader.items == {}
        assert reader.cursor is not None
        assert offset(reader.cursor) < offset(place)


async def test_a_delayed_heartbeat_does_not_run_ahead(
    admin: Admin, server: Server, name: str
) -> None:
    async with websocket(server.url, {"topics": f"score:{name}.A", "delay_ms": 60_000}) as socket:
        await socket.until("snapshot")
        place = (await admin.inject({"topic": f"score:{name}.B", "set": {"n": 1}}))["cursor"]
        heartbeat = await socket.until("heartbeat")
        assert offset(heartbeat["cursor"]) < offset(place)


async def test_fields_leave_out_all_others_and_changes_of_none_of_them(
    admin: Admin, server: Server, name: str
) -> None:
    topic = f"price:{name}.A"
    await admin.inject({"topic": topic, "data": {"price": "1", "name": "A", "state": "live"}})
    reader = Reader(fields=["price", "bid"])
    query = {"topics": topic, "fields": "price,bid"}
    async with websocket(server.url, query, reader=reader) as socket:
        assert (await socket.until("subscribed"))["fields"] == ["bid", "price"]
        snapshot = await socket.until("snapshot")
        assert snapshot["items"][0]["data"] == {"price": "1", "state": "live"}
        await admin.inject({"topic": topic, "set": {"name": "B"}})
        await admin.inject({"topic": topic, "set": {"name": "C", "ask": "3"}})
        await admin.inject({"topic": topic, "set": {"price": "2", "ask": "4"}})
        update = await socket.until("update")
        [item] = update["items"]
        assert (item["v"], item["merged"], item["set"]) == (4, 3, {"price": "2"})
        await admin.inject({"topic": topic, "set": {"state": "halted", "why": "news", "name": "D"}})
        [item] = (await socket.until("update"))["items"]
        assert (item["v"], item["set"]) == (5, {"state": "halted", "why": "news"})
        assert "merged" not in item


async def test_fields_do_not_hide_events(admin: Admin, server: Server, name: str) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    async with websocket(server.url, {"topics": topic, "fields": "price"}) as socket:
        await socket.until("snapshot")
        await admin.inject({"topic": topic, "set": {"n": 2}, "event": {"kind": "goal", "id": "g"}})
        update = await socket.until("update")
        assert not update.get("items")
        assert [event["id"] for event in update["events"]] == ["g"]


@pytest.mark.parametrize("door", DOORS)
async def test_after_a_resume_with_fields_the_first_change_comes_as_data(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str, door: str
) -> None:
    topic = f"price:{name}.A"
    query: Query = {"topics": topic, "fields": "price"}
    reader = Reader(fields=["price"])
    await admin.inject({"topic": topic, "set": {"price": "1"}})
    await visit(http, "poll", server.url, query, reader, lambda: False)
    await admin.inject({"topic": topic, "set": {"name": "A"}})
    await admin.inject({"topic": topic, "set": {"price": "2"}})

    def seen() -> bool:
        return reader.versions[topic] == 3

    await visit(http, door, server.url, query, reader, seen)
    assert reader.items[topic] == {"price": "2"}


async def test_a_merged_set_is_the_difference_of_the_two_states(
    admin: Admin, server: Server, name: str
) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "data": {"x": {"a": 1}, "y": 1}})
    reader = Reader()
    query: Query = {"topics": topic, "conflate_ms": 500}
    async with websocket(server.url, query, reader=reader) as socket:
        await socket.until("snapshot")
        await admin.inject(
            [
                {"topic": topic, "set": {"x": None}},
                {"topic": topic, "set": {"x": {"b": 1}}},
                {"topic": topic, "set": {"y": 2}},
                {"topic": topic, "set": {"y": 3}},
            ]
        )
        while reader.versions[topic] < 5:
            await socket.receive()
    assert reader.items[topic] == {"x": {"b": 1}, "y": 3}
