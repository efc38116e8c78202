"""What is sent when: windows, conflation, heartbeats. In virtual time."""

import asyncio

from feed.hub.subscription import Options
from tests.support.stage import A, Stage, play


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


def test_windows_of_two_lengths_end_each_in_its_time() -> None:
    async def act(stage: Stage) -> None:
        soon = await stage.viewer(options=Options(window_ms=50))
        later = await stage.viewer(options=Options(window_ms=200))
        await stage.put(1)
        await asyncio.sleep(1)
        assert (soon.times, later.times) == ([("update", 50)], [("update", 200)])

    play(act)


def test_who_wants_one_field_is_told_nothing_of_the_others() -> None:
    async def act(stage: Stage) -> None:
        await stage.put(1)
        viewer = await stage.viewer(options=Options(fields=("y",)))
        await stage.put(2)
        await stage.put(3)
        assert viewer.times == []

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
