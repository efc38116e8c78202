"""The one way in."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from feed.clock import SystemClock
from feed.errors import (
    BadChange,
    EventExists,
    EventUnknown,
    KeyReused,
    LogUnavailable,
    TopicUnknown,
    VersionDiffers,
)
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest, Result
from feed.log.base import EventLog
from feed.log.memory import MemoryLog
from feed.model.change import Change, EventChange
from tests.support.failing_log import FailingLog
from tests.support.log import lent
from tests.support.stuck_log import StuckLog


def put(**patch: object) -> Change:
    return Change(topic="score:A", patch=patch)  # type: ignore[arg-type]  # ints and texts


def goal(name: str | None = None, **more: str) -> Change:
    kind = {"kind": "goal"} if more.get("op", "add") == "add" else {}
    return Change(topic="score:A", event=EventChange(id=name, **kind, **more))  # type: ignore[arg-type]


async def test_a_batch_builds_on_itself(ingest: Ingest, hub: Hub) -> None:
    receipt = await ingest.submit([put(x=1), put(y=2), goal("g")])

    assert receipt.results == [
        Result("score:A", 1), Result("score:A", 2), Result("score:A", 2, "g"),
    ]  # fmt: skip
    assert receipt.offset == hub.head == 3, "readers here see it before it is answered"
    item = hub.current("score:A")
    assert item is not None
    assert item.state() == {"x": 1, "y": 2}


async def test_many_at_once_build_on_each_other(ingest: Ingest, hub: Hub) -> None:
    receipts = await asyncio.gather(*(ingest.submit([put(**{f"k{n}": n})]) for n in range(50)))

    assert [receipt.results[0].v for receipt in receipts] == list(range(1, 51))
    item = hub.current("score:A")
    assert item is not None
    assert item.state() == {f"k{n}": n for n in range(50)}


async def test_a_fault_anywhere_refuses_the_whole_batch(ingest: Ingest, hub: Hub) -> None:
    with pytest.raises(BadChange) as caught:
        await ingest.submit([put(x=1), Change(topic="score:A"), put(phase="never")])

    assert [fault.path for fault in caught.value.faults] == ["$[1]", "$[2].set.phase"]
    assert hub.head == 0


async def test_what_the_state_does_not_allow(ingest: Ingest, hub: Hub) -> None:
    await ingest.submit([put(x=1), goal("g")])

    with pytest.raises(VersionDiffers, match="score:A is at version 2") as caught:
        await ingest.submit([put(x=2), Change(topic="score:A", patch={}, if_v=1)])
    assert (caught.value.index, caught.value.v) == (1, 2)
    with pytest.raises(TopicUnknown):
        await ingest.submit([Change(topic="score:B", gone=True)])
    with pytest.raises(EventExists):
        await ingest.submit([goal("g")])
    with pytest.raises(EventUnknown):
        await ingest.submit([goal("h", op="void")])
    assert hub.head == 2


async def test_if_v_fits(ingest: Ingest) -> None:
    await ingest.submit([Change(topic="score:A", patch={}, if_v=0)])
    await ingest.submit([Change(topic="score:A", gone=True, if_v=1)])

    receipt = await ingest.submit([Change(topic="score:A", patch={}, if_v=0)])

    assert receipt.results == [Result("score:A", 3)], "versions go on where a topic was gone"


async def test_an_event_keeps_its_kind(ingest: Ingest) -> None:
    first = await ingest.submit([goal()])
    name = first.results[0].event

    later = await ingest.submit([goal(name, op="amend"), goal("g"), goal("g", op="void")])

    kinds = [json.loads(record.event or b"")["kind"] for record in later.records]
    assert kinds == ["goal", "goal", "goal"]


async def test_a_key_is_answered_again(ingest: Ingest, hub: Hub) -> None:
    first = await ingest.submit([goal("g")], key="k", body=b"1")

    again = await ingest.submit([goal("g")], key="k", body=b"1")
    assert (again.offset, again.results, again.duplicate) == (1, first.results, True)
    with pytest.raises(KeyReused):
        await ingest.submit([put(x=1)], key="k", body=b"2")
    assert hub.head == 1


async def test_a_key_is_answered_again_whatever_holds_by_now(ingest: Ingest) -> None:
    await ingest.submit([put(x=1)])
    await ingest.submit([Change(topic="score:A", gone=True)], key="k", body=b"1")

    again = await ingest.submit([Change(topic="score:A", gone=True)], key="k", body=b"1")
    assert again.duplicate
    with pytest.raises(TopicUnknown):
        await ingest.submit([Change(topic="score:A", gone=True)], key="other", body=b"1")


async def test_a_dry_run_checks_and_changes_nothing(ingest: Ingest, hub: Hub) -> None:
    receipt = await ingest.submit([put(x=1), goal("g")], key="k", body=b"1", dry_run=True)

    assert [result.v for result in receipt.results] == [1, 1]
    assert len(receipt.records) == 2
    assert hub.head == 0
    assert not (await ingest.submit([put(x=1)], key="k", body=b"2")).duplicate


@asynccontextmanager
async def hub_on(log: EventLog) -> AsyncIterator[Hub]:
    hub = Hub(lent(log), SystemClock(), heartbeat_s=15)
    await hub.start()
    yield hub
    await hub.stop()


async def test_after_a_failed_write_the_next_is_planned_anew(log: MemoryLog) -> None:
    async with hub_on(FailingLog(log, failures=1)) as hub:
        ingest = Ingest(hub, SystemClock())

        outcomes = await asyncio.gather(
            ingest.submit([put(x=1)]),
            ingest.submit([put(y=1)]),
            ingest.submit([put(z=1)]),
            return_exceptions=True,
        )

        assert isinstance(outcomes[0], LogUnavailable)
        item = hub.current("score:A")
    assert item is not None
    assert (item.v, item.state()) == (2, {"y": 1, "z": 1})


async def test_a_plan_that_is_never_current_is_given_up(log: MemoryLog) -> None:
    async with hub_on(FailingLog(log, conflicts=99)) as hub:
        with pytest.raises(LogUnavailable, match="faster"):
            await Ingest(hub, SystemClock()).submit([put(x=1)])


async def test_a_source_s_news(ingest: Ingest, hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    both = Change(topic="score:A", patch={"x": 2}, event=EventChange(kind="k", id="g"))

    assert await ingest.publish("s", [put(x=1), put(x=1), goal("g")]) == 2
    assert await ingest.publish("s", [put(x=1)]) == 0
    assert await ingest.publish("s", [put(phase="?"), both, goal("g")]) == 1
    assert await ingest.publish("s", [goal("h", op="void"), put(x=3)]) == 1
    assert await ingest.publish("s", []) == 0

    item = hub.current("score:A")
    assert item is not None
    assert item.state() == {"x": 3}
    refused = [record.getMessage() for record in caplog.records]
    assert len(refused) == 2, "what is known already is no fault of a source that began again"
    assert "$.set.phase" in refused[0]
    assert "has no event h" in refused[1]


async def test_a_source_that_began_again(ingest: Ingest, hub: Hub) -> None:
    named = [goal(f"g-{n}") for n in range(3)]
    first = [put(x=1), *named, Change(topic="score:A", patch={"y": 1}, event=EventChange(kind="k"))]
    assert await ingest.publish("s", first) == 5

    again = [put(x=1), *named, goal("g-3"), goal("g-3"), goal("g-0", op="void"), put(y=2)]
    assert await ingest.publish("s", again) == 3, "a new event once, its correction, and a change"
    assert hub.head == 8


async def test_a_source_s_item_that_grows_too_large_is_left_out(
    ingest: Ingest, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    large = Change(topic="score:B", patch={"x": "y" * 20_000})

    assert await ingest.publish("s", [put(x=1), large, put(x=2)]) == 2
    assert hub.current("score:B") is None
    assert caplog.messages == [
        "source s: score:B is refused: $: an item over 16384 bytes",
    ]


async def test_an_item_that_grows_too_large_refuses_its_batch(ingest: Ingest, hub: Hub) -> None:
    with pytest.raises(BadChange) as caught:
        await ingest.submit([put(x=1), put(x="y" * 20_000)])

    assert [fault.path for fault in caught.value.faults] == ["$[1]"]
    assert hub.head == 0
    assert (await ingest.submit([put(x=2)])).results == [Result("score:A", 1)]


async def test_an_append_that_is_cut_off_is_not_built_on(log: MemoryLog) -> None:
    stuck = StuckLog(log)
    async with hub_on(stuck) as hub:
        ingest = Ingest(hub, SystemClock())
        one = asyncio.create_task(ingest.submit([put(x=1)]))
        await stuck.asked.wait()
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        others = [asyncio.create_task(ingest.submit([put(**{name: 1})])) for name in "yz"]
        await asyncio.sleep(0)
        stuck.free.set()
        await asyncio.gather(*others)

        item = hub.current("score:A")
        assert item is not None
        assert (item.v, item.state()) == (3, {"x": 1, "y": 1, "z": 1}), "it was appended"


async def test_what_is_planned_on_a_batch_that_another_was_before_is_planned_anew(
    log: MemoryLog,
) -> None:
    stuck = StuckLog(log)
    async with hub_on(stuck) as hub, hub_on(log) as elsewhere:
        here, there = Ingest(hub, SystemClock()), Ingest(elsewhere, SystemClock())
        mine = [asyncio.create_task(here.submit([put(**{name: 1})])) for name in "xyz"]
        await stuck.asked.wait()
        await there.submit([put(other=1)])
        stuck.free.set()
        await asyncio.gather(*mine)

        item = hub.current("score:A")
        assert item is not None
        assert (item.v, item.state()) == (4, {"other": 1, "x": 1, "y": 1, "z": 1})


async def test_what_a_source_says_again_is_known_only_if_it_is_so(log: MemoryLog) -> None:
    stuck = StuckLog(log)
    async with hub_on(stuck) as hub:
        ingest = Ingest(hub, SystemClock())
        one = asyncio.create_task(ingest.submit([put(x=1)]))
        await stuck.asked.wait()
        stuck.fail(1)
        again = asyncio.create_task(ingest.publish("s", [put(x=1)]))
        await asyncio.sleep(0)
        stuck.free.set()

        with pytest.raises(LogUnavailable):
            await one
        assert await again == 1


async def test_a_name_is_claimed_once_for_all(ingest: Ingest, hub: Hub) -> None:
    assert await ingest.claim("quota/api/minute/1/0")
    assert not await ingest.claim("quota/api/minute/1/0")
    assert not await Ingest(hub, SystemClock()).claim("quota/api/minute/1/0")
    assert await ingest.claim("quota/api/minute/1/1")
    assert hub.head == 0  # nobody is told


async def test_a_name_that_somebody_uses_as_a_key_is_not_free(ingest: Ingest) -> None:
    await ingest.submit([put(x=1)], key="quota/api/day/1/0", body=b"mine")
    assert not await ingest.claim("quota/api/day/1/0")


async def test_a_look_at_a_name_does_not_take_it(ingest: Ingest, hub: Hub) -> None:
    assert not await ingest.is_claimed("sign-out a")
    assert not await ingest.is_claimed("sign-out a")
    assert await ingest.claim("sign-out a")
    assert await ingest.is_claimed("sign-out a")
    assert await Ingest(hub, SystemClock()).is_claimed("sign-out a")
    assert not await ingest.is_claimed("sign-out b")
