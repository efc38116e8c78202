"""Members that are behind, cut or gone, and a log that is away or cannot be told."""

import asyncio
import logging

import pytest

from feed.clock import SystemClock
from feed.errors import LogUnavailable
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.subscription import Options
from feed.hub.tail import Tail
from feed.log.memory import MemoryLog
from feed.model.change import Change
from feed.model.entry import Entry
from feed.model.frame import Frame
from feed.model.topic import ALL
from tests.support.clock import LoopClock, run_virtual
from tests.support.log import Outliving, lent
from tests.support.records import batch, changed, versions
from tests.support.traffic import beats
from tests.support.viewer import Viewer

A, B = "price:A", "price:B"


def put(topic: str = A, **patch: object) -> Change:
    return Change(topic=topic, patch=patch)  # type: ignore[arg-type]  # ints and texts


async def test_retention_overtakes_who_is_behind(hub: Hub, ingest: Ingest, log: MemoryLog) -> None:
    """It is reset in the middle of the stream: never a hidden gap."""
    await ingest.submit([put(x=0)])
    viewer = Viewer(hub, A)
    await viewer.come()
    await viewer.leave()
    for n in range(1, 4):
        await ingest.submit([put(x=n)])
    await log.trim(4)

    await viewer.come(resume=True)

    assert viewer.reader.resets == ["expired"]
    assert viewer.reader.items == {A: {"x": 3}}


async def test_retention_overtakes_one_while_it_is_read(
    hub: Hub, ingest: Ingest, log: MemoryLog
) -> None:
    await ingest.submit([put(x=0)])
    viewer = Viewer(hub, A)
    await viewer.come()
    viewer.stick()
    await ingest.submit([put(x=1)])
    await ingest.submit([put(x=2)])
    hub.live.tail = Tail(await log.items(ALL), 9)  # as after a long time: only the log has it
    await log.trim(3)
    viewer.flow()
    await viewer.caught_up()

    assert viewer.reader.resets == ["expired"]
    assert viewer.reader.items == {A: {"x": 2}}


async def test_who_is_between_a_reset_and_its_snapshot_has_no_place(
    hub: Hub, ingest: Ingest, log: MemoryLog
) -> None:
    """With one it would come back without ever asking for the snapshot."""
    await ingest.submit([put(x=0)])
    viewer = Viewer(hub, A)
    await viewer.come()
    await viewer.leave()
    for n in range(1, 4):
        await ingest.submit([put(x=n)])
    await log.trim(4)
    viewer.stick()
    coming = asyncio.create_task(viewer.come(resume=True))
    async with asyncio.timeout(20):
        async for _ in beats(1000):
            if "reset" in viewer.kinds():
                break
    assert hub.place(viewer.member) is None
    viewer.flow()
    await coming
    assert viewer.kinds()[-2:] == ["reset", "snapshot"]
    assert hub.place(viewer.member) == viewer.reader.cursor


async def test_one_who_reads_in_sips(hub: Hub, ingest: Ingest) -> None:
    """After each frame it takes no more; each is waited for, and none is lost."""
    sipping = Sipping(hub, A)
    await ingest.submit([put(x=0)])
    await sipping.come()
    sipping.stick()
    for n in range(1, 1502):
        await ingest.submit([put(x=n)])
    sipping.flow()
    await sipping.caught_up()

    assert sipping.waits == 3, "before the first frame, and after each of two"
    assert sipping.reader.items == {A: {"x": 1501}}


async def test_one_who_leaves_while_it_is_behind(hub: Hub, ingest: Ingest) -> None:
    viewer = Viewer(hub, A)
    await viewer.come()
    viewer.stick()
    await ingest.submit([put(x=1)])

    await viewer.leave()
    viewer.flow()

    assert (hub.behind, hub.live.groups, viewer.kinds()[-1]) == ({}, {}, "snapshot")


async def test_what_touches_no_field_is_passed_over_while_it_catches_up(
    hub: Hub, ingest: Ingest
) -> None:
    await ingest.submit([put(y=1)])
    viewer = Viewer(hub, A, options=Options(fields=("x",)))
    await viewer.come()
    await viewer.leave()
    await ingest.submit([put(y=2)])
    await viewer.come(resume=True)
    await viewer.caught_up()
    await ingest.submit([put(x=1, y=3)])

    assert viewer.kinds().count("update") == 1
    assert viewer.reader.items == {A: {"x": 1}}


async def test_one_who_leaves_while_it_is_served(hub: Hub, ingest: Ingest) -> None:
    await ingest.submit([put(f"price:T{n:04}", x=1) for n in range(600)])
    viewer = Viewer(hub, "price:*")
    viewer.stick()
    coming = asyncio.create_task(viewer.come())
    await asyncio.sleep(0)  # let the task subscribe and wait for its reader
    await viewer.leave()
    viewer.flow()
    await coming

    assert hub.live.groups == {}


class Sipping(Viewer):
    """Is full after each update."""

    waits = 0

    def write(self, frame: Frame) -> None:
        super().write(frame)
        self.is_full = self.frames[-1]["type"] == "update"

    async def drained(self) -> None:
        self.waits += 1
        await super().drained()
        self.is_full = False


class Gone(Viewer):
    """A client that is found gone when it is waited for."""

    async def drained(self) -> None:
        raise ConnectionResetError


class Broken(Viewer):
    """A door with a fault of ours."""

    async def drained(self) -> None:
        raise ValueError("a fault")


async def test_a_client_that_goes_while_it_is_behind(hub: Hub, ingest: Ingest) -> None:
    gone, other = Gone(hub, A), Viewer(hub, A)
    await other.come()
    await gone.come()
    gone.stick()

    await ingest.submit([put(x=1)])
    await gone.caught_up()

    await gone.leave()
    assert other.reader.items == {A: {"x": 1}}


async def test_a_fault_cuts_one_client_and_is_logged(
    hub: Hub, ingest: Ingest, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Broken(hub, A)
    await broken.come()
    broken.stick()

    await ingest.submit([put(x=1)])
    await broken.caught_up()

    assert broken.is_cut
    assert "could not be caught up" in caplog.text


class Failing(Outliving):
    """A log that cannot be read for a while, or whose followers fail."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0

    async def read(self, after: int, limit: int) -> list[Entry]:
        if self.failures:
            self.failures -= 1
            raise LogUnavailable("the disk is away")
        return list(await super().read(after, limit))


def test_a_log_that_is_away_for_a_while_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        log = Failing()
        first = Hub(lent(log), LoopClock(), heartbeat_s=15)
        await first.start()
        ingest = Ingest(first, LoopClock())
        viewer = Viewer(first, A)
        await viewer.come()
        await viewer.leave()
        await ingest.submit([put(x=1)])
        await first.stop()

        again = Hub(lent(log), LoopClock(), heartbeat_s=15)  # nothing in memory: it must read
        await again.start()
        log.failures = 3
        viewer.hub = again
        await viewer.come(resume=True)
        await viewer.caught_up()
        assert viewer.reader.items == {A: {"x": 1}}
        await again.stop()

    caplog.set_level(logging.WARNING)
    run_virtual(play())
    assert caplog.text.count("the disk is away") == 2


async def test_who_asks_for_what_cannot_be_had_now_goes_on_as_before() -> None:
    log = Failing()
    hub = Hub(lent(log), SystemClock(), heartbeat_s=15)
    await hub.start()
    ingest = Ingest(hub, SystemClock())
    viewer = Viewer(hub, A)
    await viewer.come()
    await ingest.submit([put(x=1)])

    wanted, log.failures = viewer.wanted, 1
    with pytest.raises(LogUnavailable):
        await viewer.change(A, options=Options(delay_ms=1000))
    viewer.wanted = wanted
    await ingest.submit([put(x=2)])

    assert viewer.reader.items == {A: {"x": 2}}
    await hub.stop()


async def test_a_hub_whose_log_was_closed_is_quiet(hub: Hub, log: MemoryLog) -> None:
    viewer = Viewer(hub, A)
    await viewer.come()

    await log.aclose()
    await asyncio.sleep(0)  # let the follower see the end

    assert not hub.failed.done()
    assert hub.live.standing(ALL) == (f"{hub.epoch}-0", [])


async def test_a_log_that_was_trimmed_faster_than_it_was_followed_is_read_anew(
    hub: Hub, log: MemoryLog
) -> None:
    viewer = Viewer(hub, "price:A")
    await viewer.come()
    await hub.lane(60_000)
    await log.append(batch(*versions(1, 5999)))
    await log.trim(5000)  # overtakes a follower that has not read any of it
    async with asyncio.timeout(20):
        async for _ in beats(100):
            if viewer.reader.resets:
                break
        await viewer.caught_up()
        await log.append(batch(changed(6000)))
        await hub.live.reached(6000)
    assert not hub.failed.done()
    assert viewer.reader.resets == ["expired"]
    assert viewer.reader.versions == {"price:A": 6000}
