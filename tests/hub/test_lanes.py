"""Lanes come when they are asked for, and go when they are not used. In virtual time."""

import asyncio
import gc

import pytest

from feed.errors import LogAway, LogTrimmed, LogUnavailable
from feed.hub.delay import lasting, snapshot_at
from feed.hub.hub import Hub
from feed.hub.subscription import Options
from feed.log.base import Bounds, Snapshot
from feed.log.memory import MemoryLog
from feed.model.change import Change
from feed.model.entry import Entry, Record
from tests.support.clock import START_MS, LoopClock, run_virtual
from tests.support.log import appended, lent
from tests.support.stage import A, Stage, play

B = "price:B"
MANY = [Change(topic=A, patch={"x": x}) for x in range(2, 5002)]
"""More than a log remembers for its followers."""


KEPT = {0: 0, 7: 7, 99: 99, 101: 110, 1500: 1500, 1501: 1600, 12_000: 12_000}
KEPT |= {12_345: 13_000, 590_001: 600_000, 600_000: 600_000}


@pytest.mark.parametrize(("asked", "kept"), KEPT.items())
def test_a_delay_is_kept_to_two_digits_and_never_cut_short(asked: int, kept: int) -> None:
    assert lasting(asked) == kept


def test_there_are_only_so_many() -> None:
    asked = (*range(1_000), *range(1_000, 600_001, 100))
    assert len({lasting(delay) for delay in asked}) == 421


def test_who_asks_for_the_same_at_once_waits_for_the_same() -> None:
    async def act(stage: Stage) -> None:
        one, other = await asyncio.gather(stage.hub.lane(500), stage.hub.lane(500))
        assert one is other
        assert stage.hub.delays == 1

    play(act)


class Lost(MemoryLog):
    """Is away, which it says once its gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.gate = asyncio.Event()

    async def bounds(self) -> Bounds:
        """See EventLog."""
        if self.is_away:
            await self.gate.wait()
            raise LogAway("away")
        return await super().bounds()


def test_one_that_fails_when_nobody_waits_for_it_any_more_fails_in_silence() -> None:
    heard: list[object] = []

    async def act() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
        log = Lost()
        hub = Hub(lent(log), LoopClock(), heartbeat_s=15)
        await hub.start()
        log.is_away = True
        asking = asyncio.create_task(hub.lane(500))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.wait([asking])
        log.gate.set()
        await asyncio.sleep(1)
        del asking  # it knows what it waited for
        gc.collect()
        with pytest.raises(LogAway):
            await hub.lane(500)
        await hub.stop()

    run_virtual(act())
    assert heard == []


def test_too_many_delays_are_refused_and_others_go_on() -> None:
    async def act(stage: Stage) -> None:
        for delay_ms in range(1, 101):
            await stage.hub.lane(delay_ms)
        with pytest.raises(LogUnavailable, match="more than 100 different delays"):
            await stage.hub.lane(200)
        assert await stage.hub.lane(0) is stage.hub.live
        assert await stage.hub.lane(99) is not stage.hub.live

    play(act)


def test_there_is_none_once_the_hub_has_stopped() -> None:
    async def act(stage: Stage) -> None:
        await stage.hub.stop()
        with pytest.raises(LogUnavailable, match="followed no more"):
            await stage.hub.lane(0)

    play(act)


def test_a_longer_delay_with_more_topics_is_acknowledged_and_never_mute() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer()
        await stage.put(1, B)
        await stage.put(1)
        viewer.wanted = viewer.wanted.__class__(viewer.wanted.filters, Options(delay_ms=90_000))
        await viewer.add(B)
        assert viewer.kinds()[-1] == "subscribed"

        await asyncio.sleep(60)
        assert viewer.kinds()[-1] == "heartbeat"
        await stage.put(2)
        await asyncio.sleep(31)
        assert viewer.kinds()[-1] == "snapshot"
        assert viewer.reader.items == {A: {"x": 1}, B: {"x": 1}}
        await asyncio.sleep(60)
        assert viewer.reader.items == {A: {"x": 2}, B: {"x": 1}}

    play(act, heartbeat_s=15)


def test_what_is_owed_stays_owed_when_something_else_is_asked() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer()
        await stage.put(1, B)
        await stage.put(1)
        viewer.wanted = viewer.wanted.__class__(viewer.wanted.filters, Options(delay_ms=5000))
        await viewer.add(B)
        await viewer.add("price:C")
        await viewer.change(A, B)
        await asyncio.sleep(6)
        assert viewer.reader.items == {A: {"x": 1}, B: {"x": 1}}
        assert viewer.kinds().count("snapshot") == 2

    play(act)


def test_retention_shorter_than_a_delay_resets_it_and_nobody_else() -> None:
    async def act(stage: Stage) -> None:
        live = await stage.viewer()
        late = await stage.viewer(options=Options(delay_ms=5000))
        waiting = await stage.viewer()
        await stage.put(1)
        await asyncio.sleep(1)
        await stage.ingest.submit(MANY)
        waiting.wanted = late.wanted
        await waiting.add(B)
        await stage.log.trim(4990)
        await asyncio.sleep(20)
        await stage.put(6)
        await asyncio.sleep(20)

        assert late.reader.resets == ["expired"]
        for viewer in (live, late, waiting):
            assert viewer.reader.items[A] == {"x": 6}
        assert live.reader.resets == []
        assert not stage.hub.failed.done()

    play(act)


def test_a_delay_that_was_let_go_moves_no_more() -> None:
    async def act(stage: Stage) -> None:
        lane = await stage.hub.lane(500)
        waiting, gone = (asyncio.create_task(lane.reached(1)) for _ in range(2))
        await asyncio.sleep(0)  # let both begin to wait
        gone.cancel()
        await asyncio.sleep(70)
        assert lane.is_closed
        await waiting
        await stage.put(1)
        await asyncio.sleep(70)
        assert lane.tail.head == 0

    play(act)


class Overtaken(MemoryLog):
    """Retention moves on while it is read."""

    failures = 1

    async def read(self, after: int, limit: int) -> list[Entry]:
        if self.failures:
            self.failures -= 1
            raise LogTrimmed("the log begins later now")
        return list(await super().read(after, limit))


async def test_the_past_is_told_anew_when_retention_overtakes_it() -> None:
    log = Overtaken()
    await appended(log, Record(topic=A, v=1, ts=0, item=b"{}", data=b"{}"), at_ms=START_MS)

    snapshot = await snapshot_at(log, lambda: Snapshot(1, []), START_MS)

    assert snapshot == Snapshot(1, [])
