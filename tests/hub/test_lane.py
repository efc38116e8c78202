"""What is sent when: windows, conflation, heartbeats, delays. In virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

from feed.hub.delay import snapshot_at
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.subscription import Options, Subscription
from feed.log.base import Snapshot
from feed.log.memory import MemoryLog
from feed.model.change import Change, EventChange
from tests.support.clock import START_MS, LoopClock, run_virtual
from tests.support.viewer import Viewer

A = "price:A"


class Stage:
    """A hub in virtual time, and when each frame of a viewer came."""

    def __init__(self, hub: Hub, ingest: Ingest, log: MemoryLog) -> None:
        self.hub = hub
        self.ingest = ingest
        self.log = log

    async def put(self, x: int, topic: str = A) -> None:
        await self.ingest.submit([Change(topic=topic, patch={"x": x})])

    async def viewer(self, topic: str = A, options: Options | None = None) -> "Timed":
        viewer = Timed(self.hub, topic, options=options)
        await viewer.come()
        return viewer


class Timed(Viewer):
    """Notes at which millisecond updates and heartbeats came."""

    def __init__(self, hub: Hub, topic: str, options: Options | None = None) -> None:
        super().__init__(hub, topic, options=options)
        self.times: list[tuple[str, int]] = []

    def _take(self, frame: dict[str, object]) -> None:
        super()._take(frame)
        if frame["type"] in ("update", "heartbeat"):
            now_ms = round(asyncio.get_running_loop().time() * 1000)
            self.times.append((str(frame["type"]), now_ms))


def play(act: Callable[[Stage], Awaitable[None]], heartbeat_s: float = 1000) -> None:
    async def run() -> None:
        log = MemoryLog()
        hub = Hub(log, LoopClock(), heartbeat_s=heartbeat_s)
        await hub.start()
        try:
            await act(Stage(hub, Ingest(log, hub, LoopClock()), log))
        finally:
            await hub.stop()

    run_virtual(run())


def test_without_options_a_change_goes_out_at_once() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer()
        await stage.put(1)
        assert viewer.times == [("update", 0)]

    play(act)


def test_a_window_gathers_from_the_first_change_and_merges_nothing() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer(options=Options(window_ms=50))
        await stage.put(1)
        await asyncio.sleep(0.03)
        await stage.put(2)
        await asyncio.sleep(0.1)
        assert viewer.times == [("update", 50)]
        assert [item["v"] for item in viewer.last("update")["items"]] == [1, 2]

    play(act)


def test_conflation_sends_the_first_at_once_and_then_once_in_its_time() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer(options=Options(conflate_ms=100))
        for x in range(8):
            await stage.put(x)
            await asyncio.sleep(0.03)
        await asyncio.sleep(1)
        assert viewer.times == [("update", 0), ("update", 100), ("update", 200), ("update", 300)]
        assert viewer.last("update")["items"] == [
            {"topic": A, "v": 8, "ts": 1_790_000_000_210, "set": {"x": 7}}
        ]

    play(act)


def test_one_who_comes_between_two_flushes_gets_only_what_is_newer() -> None:
    async def act(stage: Stage) -> None:
        early = await stage.viewer(options=Options(window_ms=1000))
        await stage.put(1)
        late = await stage.viewer(options=Options(window_ms=1000))
        await stage.put(2)
        await asyncio.sleep(2)
        assert [item["v"] for item in early.last("update")["items"]] == [1, 2]
        assert [item["v"] for item in late.last("update")["items"]] == [2]
        await stage.put(3)
        await asyncio.sleep(2)
        assert late.last("update") == early.last("update")

    play(act)


def test_one_who_comes_late_and_reads_nothing_falls_behind() -> None:
    async def act(stage: Stage) -> None:
        await stage.viewer(options=Options(window_ms=100))
        await stage.put(1)
        late = await stage.viewer(options=Options(window_ms=100))
        await stage.put(2)
        late.stick()
        await asyncio.sleep(1)
        assert list(stage.hub.behind) == [late.member]
        late.flow()
        await late.caught_up()
        assert late.reader.items == {A: {"x": 2}}

    play(act)


def test_one_who_comes_late_may_leave_before_it_is_in() -> None:
    async def act(stage: Stage) -> None:
        await stage.viewer(options=Options(window_ms=100))
        await stage.put(1)
        late = await stage.viewer(options=Options(window_ms=100))
        await late.leave()
        await asyncio.sleep(1)
        assert late.kinds()[-1] == "snapshot"

    play(act)


def test_heartbeats_come_after_silence_and_move_the_cursor() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer()
        await asyncio.sleep(1.5)
        await stage.put(1)
        await stage.put(1, "price:B")
        await asyncio.sleep(2.6)
        kinds = [kind for kind, _ in viewer.times]
        assert kinds == ["heartbeat", "update", "heartbeat", "heartbeat"]
        assert viewer.last("heartbeat")["cursor"].endswith("-2")

    play(act, heartbeat_s=1)


def test_a_heartbeat_does_not_pass_what_is_held_back() -> None:
    async def act(stage: Stage) -> None:
        early = await stage.viewer(options=Options(conflate_ms=60_000))
        await stage.put(1)
        await stage.put(2)
        late = await stage.viewer(options=Options(conflate_ms=60_000))
        await asyncio.sleep(5)
        assert early.last("heartbeat")["cursor"].endswith("-1")
        assert late.last("heartbeat")["cursor"].endswith("-2"), "its snapshot had the second"

    play(act, heartbeat_s=1)


def test_one_who_reads_nothing_is_written_no_heartbeats() -> None:
    async def act(stage: Stage) -> None:
        viewer = await stage.viewer()
        viewer.stick()
        await asyncio.sleep(5)
        assert viewer.kinds()[-1] == "snapshot"
        viewer.flow()
        await asyncio.sleep(2)
        assert viewer.kinds()[-1] == "heartbeat"

    play(act, heartbeat_s=1)


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
