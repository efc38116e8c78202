import logging
import random
from asyncio import CancelledError

import pytest

from feed.errors import LogUnavailable
from feed.sources.base import PartlyFailed, SourceFailed
from feed.sources.running import Running, Status
from tests.support.sources import T0, HandClock, Publisher, ScriptedSource, price


def running(source: ScriptedSource, publisher: Publisher, seed: int = 1) -> Running:
    return Running(source, publisher.publish, HandClock(), random.Random(seed))


async def test_what_is_found_is_published_and_counted() -> None:
    publisher = Publisher()
    worker = running(ScriptedSource("tape", [price("1"), price("2")], []), publisher)
    assert await worker.tick() is None
    assert await worker.tick() is None
    assert publisher.batches == [("tape", (price("1"), price("2")))]
    assert worker.status(T0 + 1000) == Status(
        name="tape", kind="scripted", state="running",
        last_run=T0, last_change=T0, last_error=None,
        runs=2, changes=2, errors=0, missed=0, next_run=T0 + 1000,
        last_success=T0,
    )  # fmt: skip


async def test_a_failing_source_says_so_once_and_when_it_recovers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed = SourceFailed("answered 500")
    worker = running(ScriptedSource("api", failed, failed, failed, []), Publisher())
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert await worker.tick() is not None
        assert worker.status(None).state == "failing"
        assert await worker.tick() is None
    assert caplog.messages == ["source api fails: answered 500", "source api has recovered"]
    status = worker.status(None)
    assert (status.state, status.errors, status.runs) == ("running", 3, 4)
    assert status.last_error == "answered 500"


async def test_the_silence_is_jittered_doubles_at_length_and_is_bounded() -> None:
    longest = []
    for failures in range(1, 12):
        delays = []
        for seed in range(60):
            worker = running(ScriptedSource("api", every_s=0.5), Publisher(), seed)
            for _ in range(failures - 1):
                worker.fail(SourceFailed("no"))
            delays.append(worker.fail(SourceFailed("no")))
        assert min(delays) >= 0.5
        assert len(set(delays)) > 10
        longest.append(max(delays))
    for delay, bound in zip(
        longest, [0.75, 0.75, 0.75, 1.5, 3, 6, 12, 24, 48, 60, 60], strict=True
    ):
        assert bound * 0.8 < delay <= bound


async def test_a_slow_source_is_never_asked_sooner_than_planned() -> None:
    worker = running(ScriptedSource("api", every_s=300), Publisher())
    assert worker.fail(SourceFailed("no")) == 300


async def test_it_waits_as_long_as_the_other_side_asks() -> None:
    worker = running(ScriptedSource("api"), Publisher())
    assert worker.fail(SourceFailed("answered 429", retry_after_s=120)) == 120


async def test_what_could_be_had_is_published_when_the_rest_fails() -> None:
    publisher = Publisher()
    failed = SourceFailed("one of two", changes=[price("1")])
    worker = running(ScriptedSource("api", failed), publisher)
    assert await worker.tick() is not None
    assert publisher.batches == [("api", (price("1"),))]
    status = worker.status(None)
    assert (status.state, status.changes, status.last_change) == ("failing", 1, T0)


async def test_what_the_log_cannot_take_is_kept_and_goes_first() -> None:
    publisher = Publisher()
    source = ScriptedSource("tape", [price("1")], [price("2")], [price("3")])
    worker = running(source, publisher)
    publisher.down = True
    for _ in range(3):
        delay_s = await worker.tick()
        assert delay_s is not None
        assert delay_s <= 5
    assert source.asked.count == 1
    assert worker.status(None).last_error == "the disk is full"
    publisher.down = False
    assert await worker.tick() is None
    assert [changes for _, changes in publisher.batches] == [(price("1"),), (price("2"),)]
    assert worker.status(None).changes == 2


async def test_a_source_has_not_ended_before_the_log_has_it_all() -> None:
    publisher = Publisher()
    source = ScriptedSource("tape", [price("1")], endless=False)
    worker = running(source, publisher)
    publisher.down = True
    await worker.tick()
    assert (source.ended, worker.ended) == (True, False)
    publisher.down = False
    await worker.tick()
    assert (worker.ended, worker.status(None).state) == (True, "ended")
    assert publisher.batches == [("tape", (price("1"),))]
    assert source.asked.count == 1


async def test_what_nobody_foresaw_goes_on_to_the_border() -> None:
    worker = running(
        ScriptedSource("tape", ZeroDivisionError("oops"), CancelledError()), Publisher()
    )
    with pytest.raises(ZeroDivisionError):
        await worker.tick()
    with pytest.raises(CancelledError):
        await worker.tick()
    assert worker.fail(LogUnavailable("full")) <= 5


async def test_what_is_bad_in_part_is_counted_and_slows_nothing_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    publisher = Publisher()
    partly = PartlyFailed("1 bad: items[3]: no topic", 1, [price("1")])
    worker = running(ScriptedSource("api", partly, partly, []), publisher)
    assert [await worker.tick(), await worker.tick()] == [None, None]
    status = worker.status(None)
    assert (status.state, status.refused, status.errors) == ("running", 2, 0)
    assert status.last_error == "1 bad: items[3]: no topic"
    assert [changes for _, changes in publisher.batches] == [(price("1"),)] * 2
    assert await worker.tick() is None
    assert caplog.messages == [
        "source api goes on without what is bad: 1 bad: items[3]: no topic",
        "source api has recovered",
    ]


async def test_a_partial_answer_ends_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    partly = PartlyFailed("1 bad", 1, [price("1")])
    worker = running(ScriptedSource("api", SourceFailed("answered 500"), partly), Publisher())
    assert await worker.tick() is not None
    assert (worker.status(None).state, worker.status(None).last_success) == ("failing", None)
    assert await worker.tick() is None
    assert (worker.status(None).state, worker.status(None).last_success) == ("running", T0)


async def test_who_has_no_quota_says_none_and_is_not_hurried() -> None:
    worker = running(ScriptedSource("tape"), Publisher())
    worker.hurry()
    assert worker.status(None).quota_left is None
