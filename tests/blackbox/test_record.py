"""Recorded day in, same day out: `record`, `replay` into an empty feed, and `record` again."""

import asyncio
from itertools import cycle
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.blackbox.conftest import SOAK, Serve, client
from tests.support.admin import Admin, Ledger
from tests.support.client import epoch
from tests.support.proxy import CuttingProxy
from tests.support.recordings import Recorder, as_lines, lines, play, source, told
from tests.support.server import Server
from tests.support.traffic import Traffic, beats, drive

LOOKS_PER_S = 20
CHANGES, KILLS, AWAY = (300, 4, 3_000) if SOAK else (160, 2, 1_300)
FIRST: list[dict[str, Any]] = [
    {"topic": "price:OPEN-USD", "data": {"price": "10.00", "open": "8.00"}, "ts": 1_000},
    {"topic": "price:OPEN-USD", "set": {"price": "12.00"}, "ts": 2_000},
    {"topic": "price:OPEN-USD", "set": {"price": "12.00", "high": "40.00"}},
    {"topic": "price:OPEN-USD", "set": {"high": None}},
    {"topic": "price:OPEN-USD", "set": {"bid": "11.90"}},
    {"topic": "price:OPEN-USD", "set": {"bid": "11.90"}},
    {"topic": "score:A", "event": {"kind": "goal", "id": "g-1", "data": {"side": "home"}}},
    {"topic": "score:A", "set": {"home": {"score": 1}}},
    {"topic": "score:A", "gone": True},
    {"topic": "score:A", "event": {"kind": "goal", "id": "g-2", "ts": 3_000}},
    {
        "topic": "score:A",
        "event": {"op": "amend", "kind": "goal", "id": "g-1", "data": {"side": "away"}},
    },
    {"topic": "score:A", "gone": True},
    {"topic": "score:A", "event": {"op": "void", "kind": "goal", "id": "g-2", "data": {}}},
    {"topic": "score:A", "data": {"x": 1.50, "clock": {"ms": 1, "at": 5, "running": True}}},
    {"topic": "score:A", "set": {"x": 1.5}, "event": {"kind": "note", "id": "n-1"}},
]
LAST = [{"topic": "price:OPEN-USD", "gone": True}]
"""What is hard to tell again: derived fields, topics that go and return, events on them."""


async def last_place(admin: Admin) -> str:
    """The end of the log."""
    answer = await admin.get("state")
    return f"{answer['epoch']}-{answer['head']}"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of seeded traffic, whose recorder was cut off and killed again and again."""
    directory = tmp_path_factory.mktemp("recorded")
    with Server(directory, {"FEED_HEARTBEAT_S": "0.5"}) as server:
        asyncio.run(_record(server, directory / "day"))
    assert len(list((directory / "day").glob("*.jsonl"))) > 1
    return directory / "day"


async def _record(server: Server, place: Path) -> None:
    ledger = Ledger()
    cuts = cycle([2_500, None])  # who is cut off over and over waits longer each time
    async with (
        client("127.0.0.1") as http,
        CuttingProxy(server.port, lambda: next(cuts)) as proxy,
        asyncio.timeout(90),
    ):
        admin = Admin(http, server.url)
        recorder = Recorder(place, proxy.url, "--most-mb", "0.006")
        await recorder.start()
        await recorder.until(await last_place(admin))
        ledger.record(FIRST, await admin.inject(FIRST))
        traffic = [Traffic(number, f"t{number}") for number in range(2)]
        async with asyncio.TaskGroup() as group:
            for each in traffic:
                group.create_task(drive(admin, each, ledger, 100, lambda: len(ledger) >= CHANGES))
            for number in range(1, KILLS + 1):
                await ledger.grown_to(number * CHANGES // (KILLS + 1))
                await recorder.until(await last_place(admin))
                await recorder.kill()
                await recorder.start()
        if SOAK:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
        ledger.record(LAST, await admin.inject(LAST))
        await recorder.until(await last_place(admin))
        status, said = await recorder.stop()
        assert status == 0, said
        assert recorder.kills == KILLS
        assert proxy.cuts >= KILLS // 2
    items, events = told(lines(place))
    # the ledger knows nothing of times, and of no version that an event alone left as it was
    assert [event[:4] for event in events] == [e[:4] for e in ledger.events(lambda _: True)]
    assert {topic for topic, *_ in items} == set(ledger.newest())
    assert sum(merged for _, _, merged, _ in items) == sum(ledger.newest().values())


async def test_a_day_played_by_the_command_is_the_same_day(
    day: Path, serve: Serve, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    empty = await asyncio.to_thread(serve, FEED_LOG="memory:")
    async with asyncio.timeout(60):
        recorder = Recorder(tmp_path / "again.jsonl", empty.url)
        await recorder.start()
        await recorder.until(await last_place(Admin(http, empty.url)))
        status, said = await play(empty.url, str(day), "--speed", "max")
        assert (status, "left out" in said) == (0, False), said
        await recorder.until(await last_place(Admin(http, empty.url)))
        await recorder.stop()
    assert told(lines(recorder.place)) == _unmerged(told(lines(day)))


async def test_a_day_played_by_a_source_is_the_same_day(
    day: Path, serve: Serve, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    config = tmp_path / "feed.toml"
    row = {"type": "replay", "name": "day", "format": "jsonl", "path": str(day), "speed": 0}
    config.write_text(source(**row))
    empty = await asyncio.to_thread(
        serve, FEED_LOG="memory:", FEED_CONFIG=str(config), FEED_SOURCES="on"
    )
    admin = Admin(http, empty.url)
    async with asyncio.timeout(60):
        async for _ in beats(LOOKS_PER_S):
            if (await admin.get("sources"))["sources"][0]["state"] == "ended":
                break
    expected = _unmerged(told(lines(day)))
    end = await last_place(admin)
    recorder = Recorder(tmp_path / "again.jsonl", empty.url)
    begin = {"at": 0, "snapshot": "begin", "topics": ["*"], "cursor": f"{epoch(end)}-0"}
    recorder.place.write_bytes(as_lines(begin))  # as if it had been there from the beginning
    await recorder.start()
    await recorder.until(end)
    await recorder.stop()
    assert told(lines(recorder.place)) == expected


async def test_what_a_recorder_missed_for_long(
    serve: Serve, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    server = await asyncio.to_thread(serve, FEED_LOG="memory:")
    empty = await asyncio.to_thread(serve, FEED_LOG="memory:")
    admin, ledger, traffic = Admin(http, server.url), Ledger(), Traffic(9, "long")
    recorder = Recorder(tmp_path / "day.jsonl", server.url)

    async def drive_to(count: int) -> None:
        while len(ledger) < count:
            changes = [change for _ in range(25) for change in traffic.batch()]
            ledger.record(changes, await admin.inject(changes))

    async with asyncio.timeout(60):
        await recorder.start()
        await recorder.until(await last_place(admin))
        await drive_to(50)
        await recorder.until(await last_place(admin))
        await recorder.kill()
        await drive_to(AWAY)
        await recorder.start()
        await recorder.until(await last_place(admin))
        await drive_to(AWAY + 50)
        await recorder.until(await last_place(admin))
        await recorder.kill()
        items, events = told(lines(recorder.place))
        status, said = await play(empty.url, str(recorder.place), "--speed", "max")
    assert [event[:4] for event in events] == [e[:4] for e in ledger.events(lambda _: True)]
    assert len(items) < sum(ledger.newest().values()) / 2
    assert status == 0, said
    now = {topic: item["data"] for topic, item in (await admin.snapshot("*")).items()}
    then = await Admin(http, empty.url).snapshot("*")
    assert {topic: item["data"] for topic, item in then.items()} == now


def _unmerged(day: tuple[list[Any], list[Any]]) -> tuple[list[Any], list[Any]]:
    """What was told as merged is one version to whoever plays it."""
    items, events = day
    return [(topic, ts, 1, state) for topic, ts, _, state in items], events
