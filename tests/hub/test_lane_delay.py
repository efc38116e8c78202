"""Lanes behind a delay, and members that go between now and the past. In virtual time."""

import asyncio

import pytest

from feed.hub.delay import follow_late, snapshot_at
from feed.hub.subscription import Options, Subscription
from feed.log.base import Snapshot
from feed.log.memory import MemoryLog
from feed.model.change import Change, EventChange
from tests.support.clock import START_MS, LoopClock, run_virtual
from tests.support.log import appended
from tests.support.records import changed
from tests.support.stage import A, Stage, play


def test_a_delay_shows_everything_so_much_later() -> None:
    async def act(stage: Stage) -> None:
        await stage.put(1)
        await asyncio.sleep(1)
        await stage.put(2)
        await asyncio.sleep(0.2)
        viewer = await stage.viewer(options=Options(delay_ms=500))
        assert viewer.reader.items == {A: {"x": 1}}, "as it was 500 ms ago"
        await asyncio.sleep(1)
        assert viewer.times == [("update", 1500)]
        await stage.put(3)
        await asyncio.sleep(1)
        assert viewer.times == [("update", 1500), ("update", 2700)]

    play(act)


class SetClock(LoopClock):
    """A clock that somebody sets."""

    set_by_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.set_by_ms


@pytest.mark.parametrize(("set_by_ms", "told_s"), [(0, 3), (-3_600_000, 4), (3_600_000, 1)])
def test_a_clock_that_is_set_holds_up_nothing(set_by_ms: int, told_s: float) -> None:
    async def act() -> None:
        log, clock = MemoryLog(), SetClock()
        await appended(log, changed(1), at_ms=clock.now_ms())
        await asyncio.sleep(1)
        clock.set_by_ms = set_by_ms
        late = follow_late(log, 0, 3000, clock)
        [entry] = await anext(late)
        assert entry.v == 1
        assert asyncio.get_running_loop().time() == told_s
        await log.aclose()

    run_virtual(act())


def test_the_past_is_told_from_what_changed_since() -> None:
    async def act(stage: Stage) -> None:
        await stage.put(1)
        await stage.put(1, "price:B")
        await asyncio.sleep(1)
        await stage.put(2)
        await stage.put(3)
        await stage.ingest.submit(
            [
                Change(topic="price:B", event=EventChange(kind="k")),
                Change(topic="price:B", gone=True),
                Change(topic="price:C", patch={"x": 1}),
            ]
        )
        lane = await stage.hub.lane(500)
        past = {item.topic: item for item in lane.tail.items.values()}
        assert {topic: item.state() for topic, item in past.items()} == {
            "price:A": {"x": 1},
            "price:B": {"x": 1},
            "price:C": None,
        }
        assert (past["price:A"].v, past["price:A"].ts) == (1, START_MS)

    play(act)


def test_what_is_appended_while_the_past_is_told_is_none_of_it() -> None:
    async def act(stage: Stage) -> None:
        await stage.put(1)
        await asyncio.sleep(1)
        await stage.put(2)
        tail = stage.hub.live.tail
        now = Snapshot(tail.head, list(tail.items.values()))
        await stage.put(3, "price:B")
        snapshot = await snapshot_at(stage.log, lambda: now, START_MS + 500)
        assert {item.topic: item.state() for item in snapshot.items} == {A: {"x": 1}}

    play(act)


def test_one_who_is_ahead_of_a_delay_stays_late_until_it_is_reached() -> None:
    async def act(stage: Stage) -> None:
        other = await stage.viewer(options=Options(delay_ms=500))
        ahead = await stage.viewer()
        await stage.put(1)
        await asyncio.sleep(0.2)
        await stage.put(2)
        await ahead.leave()
        ahead.wanted = other.wanted
        await ahead.come(resume=True)
        await asyncio.sleep(0.4)
        assert other.reader.items == {A: {"x": 1}}
        assert ahead.kinds().count("update") == 2, "both from before the delay"
        await ahead.leave()
        await ahead.come(resume=True)
        await asyncio.sleep(1)
        assert other.reader.items == {A: {"x": 2}}
        assert ahead.kinds().count("update") == 2
        await stage.put(3)
        await asyncio.sleep(1)
        assert ahead.last("update") == other.last("update")

    play(act)


def test_one_behind_a_delay_keeps_it_up() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer(options=Options(delay_ms=500))
        viewer.stick()
        await stage.put(1)
        await asyncio.sleep(600)
        await stage.put(2)
        viewer.flow()
        await asyncio.sleep(1)
        assert viewer.reader.items == {A: {"x": 2}}

    play(act)


def test_a_longer_delay_on_the_same_connection_waits_for_its_place() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer()
        other = await stage.viewer(options=Options(delay_ms=500))
        await stage.put(1)
        viewer.wanted = other.wanted
        await viewer.leave()
        await viewer.come(resume=True)
        await asyncio.sleep(0.1)
        await stage.put(2)
        await asyncio.sleep(2)
        assert [item["v"] for item in viewer.last("update")["items"]] == [2]
        assert other.reader.items == viewer.reader.items

    play(act)


def test_a_cursor_from_now_waits_behind_a_delay() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer()
        await stage.put(1)
        await viewer.leave()
        viewer.wanted = Subscription(viewer.wanted.filters, Options(delay_ms=500))
        await viewer.come(resume=True)
        await stage.put(2)
        await asyncio.sleep(2)
        assert [item["v"] for item in viewer.last("update")["items"]] == [2]
        assert viewer.kinds().count("update") == 2

    play(act)


def test_what_nobody_watches_any_more_is_taken_down() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer(options=Options(delay_ms=500))
        lane = await stage.hub.lane(500)
        assert await stage.hub.lane(500) is lane
        await viewer.leave()
        await asyncio.sleep(30)
        assert await stage.hub.lane(500) is lane, "kept for pollers that come back"
        await asyncio.sleep(70)
        assert await stage.hub.lane(500) is not lane

    play(act)


def test_waiting_for_a_place() -> None:
    async def act(stage: Stage) -> None:
        far = asyncio.create_task(stage.hub.live.reached(2))
        gone = asyncio.create_task(stage.hub.live.reached(1))
        await asyncio.sleep(0)  # let both begin to wait
        gone.cancel()
        await stage.put(1)
        assert not far.done()
        await stage.put(2)
        await far

    play(act)


def test_who_goes_into_the_past_is_not_told_an_event_again_after_a_trim() -> None:
    async def act(stage: Stage) -> None:
        await stage.put(0)
        viewer = await stage.viewer()
        await stage.ingest.submit([Change(topic=A, event=EventChange(kind="k", id="e"))])
        await viewer.change(A, options=Options(delay_ms=500))
        await stage.put(1)
        await stage.put(2)
        await viewer.leave()
        await stage.log.trim((await stage.log.bounds()).head)
        await viewer.come(resume=True)
        await asyncio.sleep(2)
        assert [event["id"] for event in viewer.reader.events] == ["e"]
        assert viewer.reader.items == {A: {"x": 2}}

    play(act)


def _goal(x: int, name: str) -> Change:
    return Change(topic=A, patch={"x": x}, event=EventChange(kind="goal", id=name))


@pytest.mark.parametrize(("before_ms", "after_ms"), [(0, 1000), (1000, 0), (1000, 2000)])
def test_no_event_is_lost_between_two_delays_where_further_fields_are_wanted(
    before_ms: int, after_ms: int
) -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer(options=Options(delay_ms=before_ms, fields=("x",)))
        names = [f"g{n}" for n in range(40)]
        for x, name in enumerate(names):
            await stage.ingest.submit([_goal(x, name)])
            await asyncio.sleep(0.1)
            if x == 20:
                await viewer.change(A, options=Options(delay_ms=after_ms, fields=("x", "y")))
        await asyncio.sleep(5)
        assert [event["id"] for event in viewer.reader.events] == names
        assert viewer.reader.items == {A: {"x": 39}}
        assert viewer.kinds().count("snapshot") == 2

    play(act)


def test_who_is_ahead_of_a_delay_may_want_further_fields() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer(options=Options(fields=("x",)))
        await stage.put(1)
        await viewer.leave()
        viewer.wanted = Subscription(viewer.wanted.filters, Options(delay_ms=5000, fields=("x",)))
        await viewer.come(resume=True)
        await viewer.change(A, options=Options(delay_ms=5000, fields=("x", "y")))
        assert viewer.kinds()[-1] == "subscribed"
        await stage.put(2)
        await asyncio.sleep(11)
        assert viewer.kinds().count("snapshot") == 2
        assert viewer.reader.items == {A: {"x": 2}}

    play(act)
