import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from feed.clock import SystemClock
from feed.sources.base import SourceFailed, SourceUnknown
from feed.sources.schedule import Schedule
from tests.support.sources import Publisher, ScriptedSource, price


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
async def schedules() -> AsyncIterator[list[Schedule]]:
    """Schedules to stop at the end."""
    running: list[Schedule] = []
    yield running
    for schedule in running:
        await schedule.stop()


def started(schedules: list[Schedule], publisher: Publisher, *sources: ScriptedSource) -> Schedule:
    schedule = Schedule(sources, publisher.publish, SystemClock())
    schedules.append(schedule)
    schedule.start()
    return schedule


async def test_each_source_is_asked_at_once_and_at_its_interval(
    schedules: list[Schedule], publisher: Publisher
) -> None:
    often = ScriptedSource("often", [price("1")], [price("2")], every_s=0.01)
    seldom = ScriptedSource("seldom", [price("9")], every_s=3600)
    schedule = started(schedules, publisher, often, seldom)
    await often.asked.reach(4)
    assert seldom.asked.count == 1
    assert sorted(publisher.batches, key=lambda batch: batch[0]) == [
        ("often", (price("1"),)),
        ("often", (price("2"),)),
        ("seldom", (price("9"),)),
    ]
    statuses = schedule.statuses()
    assert [status.name for status in statuses] == ["often", "seldom"]
    assert [status.state for status in statuses] == ["running", "running"]
    assert all(status.next_run is not None for status in statuses)
    await schedule.stop()
    assert (often.closed, seldom.closed) == (True, True)
    asked = often.asked.count
    await asyncio.sleep(0)
    assert often.asked.count == asked


async def test_pause_run_and_resume(schedules: list[Schedule], publisher: Publisher) -> None:
    source = ScriptedSource("tape", every_s=3600)
    schedule = started(schedules, publisher, source)
    await source.asked.reach(1)
    schedule.pause("tape")
    [status] = schedule.statuses()
    assert (status.state, status.next_run) == ("paused", None)
    schedule.run_now("tape")
    await source.asked.reach(2)
    await asyncio.sleep(0)  # the tick settles
    [status] = schedule.statuses()
    assert (status.state, status.next_run) == ("paused", None)
    schedule.resume("tape")
    await source.asked.reach(3)
    [status] = schedule.statuses()
    assert (status.state, status.next_run is None) == ("running", False)
    for act in (schedule.pause, schedule.resume, schedule.run_now):
        with pytest.raises(SourceUnknown):
            act("nosuch")


async def test_a_source_that_ended_is_asked_no_more(
    schedules: list[Schedule], publisher: Publisher
) -> None:
    source = ScriptedSource("tape", [price("1")], endless=False, every_s=0.01)
    other = ScriptedSource("other", every_s=0.01)
    schedule = started(schedules, publisher, source, other)
    await source.asked.reach(1)
    await other.asked.reach(5)
    assert source.asked.count == 1
    status, _ = schedule.statuses()
    assert (status.state, status.next_run) == ("ended", None)
    for act in (schedule.pause, schedule.resume, schedule.run_now):
        act("tape")
    assert schedule.statuses()[0].state == "ended"


async def test_a_failing_source_is_put_off_and_others_are_not(
    schedules: list[Schedule], publisher: Publisher
) -> None:
    failing = ScriptedSource("api", SourceFailed("answered 429", retry_after_s=900), every_s=0.01)
    other = ScriptedSource("other", every_s=0.01)
    schedule = started(schedules, publisher, failing, other)
    await other.asked.reach(5)
    assert failing.asked.count == 1
    status, _ = schedule.statuses()
    assert (status.state, status.last_error, status.errors) == ("failing", "answered 429", 1)
    assert status.last_run is not None
    assert status.next_run is not None
    assert 890_000 < status.next_run - status.last_run < 910_000


class SetClock(SystemClock):
    """The machine's clock, which somebody sets."""

    set_by_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.set_by_ms


async def test_what_is_planned_moves_with_a_clock_that_is_set(
    schedules: list[Schedule], publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    clock, hour_ms = SetClock(), 3_600_000
    sources = [ScriptedSource(name, every_s=600) for name in ("a", "b")]
    schedule = Schedule(sources, publisher.publish, clock)
    schedules.append(schedule)
    schedule.start()
    for source in sources:
        await source.asked.reach(1)
    schedule.pause("b")
    planned = schedule.statuses()[0].next_run
    assert planned is not None
    clock.set_by_ms = -1000
    schedule.keep_time()
    assert schedule.statuses()[0].next_run == planned, "nobody need hear of that"
    clock.set_by_ms = -hour_ms
    schedule.keep_time()
    schedule.keep_time()
    now = schedule.statuses()
    assert now[0].next_run is not None
    assert abs(now[0].next_run - (planned - hour_ms)) < 10_000
    assert now[1].next_run is None, "it is paused"
    assert [record.getMessage() for record in caplog.records] == [
        "the clock was set by -3599.0 s: the sources go on at their pace"
    ]


async def test_a_fault_of_the_program_is_logged_and_counted(
    schedules: list[Schedule], publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    source = ScriptedSource("tape", ZeroDivisionError("oops"), every_s=3600)
    other = ScriptedSource("other", every_s=0.01)
    schedule = started(schedules, publisher, source, other)
    await other.asked.reach(5)
    status, _ = schedule.statuses()
    assert (status.state, status.last_error, status.errors) == ("failing", "oops", 1)
    assert "source tape fails: oops" in caplog.messages
    assert any(record.exc_info for record in caplog.records)


async def test_ticks_left_out_are_counted_and_not_each_logged(
    schedules: list[Schedule], publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    slow = ScriptedSource("slow", every_s=0.01)
    other = ScriptedSource("other", every_s=0.01)
    slow.free.clear()
    with caplog.at_level(logging.INFO):
        schedule = started(schedules, publisher, slow, other)
        await other.asked.reach(6)
        assert slow.asked.count == 1
        assert schedule.statuses()[0].missed > 0
        slow.free.set()
        await slow.asked.reach(2)
    assert caplog.messages == []


async def test_stop_waits_for_a_tick_under_way(
    schedules: list[Schedule], publisher: Publisher
) -> None:
    source = ScriptedSource("tape", [price("1")], every_s=3600)
    source.free.clear()
    schedule = started(schedules, publisher, source)
    await source.asked.reach(1)
    async with asyncio.TaskGroup() as group:
        group.create_task(schedule.stop())
        await asyncio.sleep(0)
        assert not source.closed
        source.free.set()
    assert publisher.batches == [("tape", (price("1"),))]
    assert source.closed


async def test_stop_cuts_off_a_tick_that_does_not_end(
    schedules: list[Schedule], publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    source = ScriptedSource("tape", [price("1")], every_s=3600)
    source.free.clear()
    schedule = started(schedules, publisher, source)
    await source.asked.reach(1)
    await schedule.stop(deadline_s=0)
    assert source.closed
    assert publisher.batches == []
    said = "tick of source tape was cut off: what it had found is not published"
    assert caplog.messages == [said]
    assert schedule.statuses()[0].errors == 0


async def test_a_schedule_that_never_started_closes_its_sources(publisher: Publisher) -> None:
    source = ScriptedSource("tape")
    await Schedule([source], publisher.publish, SystemClock()).stop()
    assert source.closed
