"""The history of a log that is away, ends, or fails."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import pytest

from feed.errors import LogAway, LogUnavailable
from feed.hub.history import History
from feed.hub.hub import Hub
from feed.hub.points import Span
from feed.hub.recall import Recall
from feed.log.bars import Bars
from feed.log.memory import MemoryLog
from feed.model.bar import Bar
from feed.model.entry import Entry
from tests.support.clock import START_MS, LoopClock, run_virtual
from tests.support.past import A, Instance, M, running, until
from tests.support.records import batch, changed
from tests.support.replaced import Ending, Opener


class Forgetful(MemoryLog):
    """A log that can keep no minutes and read none while there is an `error`."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.asked = 0

    async def bars(self, topics: Collection[str], first: int, last: int) -> Mapping[int, Bars]:
        """See EventLog."""
        self.asked += 1
        if self.error:
            raise self.error
        return await super().bars(topics, first, last)


class Stumbling(MemoryLog):
    """A log that cannot be read the first time."""

    def __init__(self) -> None:
        super().__init__()
        self._has_failed = False

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """See EventLog."""
        if not self._has_failed:
            self._has_failed = True
            raise ValueError("a fault")
        return await super().read(after, limit)


class Mute(MemoryLog):
    """A log that tells followers nothing."""

    async def follow(self, after: int) -> AsyncIterator[Sequence[Entry]]:
        """See EventLog."""
        await asyncio.get_running_loop().create_future()
        yield []


@pytest.mark.parametrize("error", [LogUnavailable("no space"), ValueError("a fault")])
def test_a_minute_that_could_not_be_kept_is_kept_later(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        log = Forgetful()
        async with running(log) as one:
            await one.put({"price": "1"})
            log.error = error
            await until(3, 30)
            log.error = None
            assert await log.bars([A], 0, 2 * M) == {}
            assert await one.shown() == {60 * n: "1 1 1 1" for n in range(4)}
            await until(3, 40)
            assert list(await log.bars([A], 0, 2 * M)) == [M, M + 1, M + 2]

    with caplog.at_level(logging.ERROR):
        run_virtual(scene())
    assert ("a minute cannot be kept" in caplog.text) == isinstance(error, ValueError)


def test_what_could_not_be_read_is_read_by_the_next_who_asks() -> None:
    async def scene() -> None:
        log = Forgetful()
        await log.keep(M, {A: Bar("1")}, 9)
        recall, span = Recall(log), Span(60_000, M, M)
        log.error = LogAway("gone")
        with pytest.raises(LogAway):
            await recall.bars([A], span, frozenset())
        log.error = None
        found = await asyncio.gather(*(recall.bars([A], span, frozenset()) for _ in range(5)))
        assert all(each.bars == {A: {M: Bar("1")}} for each in found)
        assert all(each.units == {M} for each in found)
        assert log.asked == 2, "once for all"
        assert (await recall.bars([A], span, frozenset({M}))).units == set()

    run_virtual(scene())


def test_where_the_log_begins_again_so_does_its_history() -> None:
    async def scene() -> None:
        log, clock = Ending(), LoopClock()
        opener = Opener(log)
        hub = Hub(opener, clock, heartbeat_s=15)
        await hub.start()
        history = History(hub, clock, 9)
        history.start()
        one = Instance(hub, history)
        await one.put({"price": "1"})
        await one.put({"price": "2"})
        assert await one.shown() == {0: "1 2 1 2"}
        opener.finds(less := await log.less(1))
        log.end()
        await asyncio.sleep(2)
        assert hub.log is less
        assert await one.shown() == {0: "1 1 1 1"}
        await history.stop()
        await hub.stop()

    run_virtual(scene())


def test_a_fault_is_logged_and_the_log_is_read_again(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with running(Stumbling()) as one:
            await one.put({"price": "1"})
            assert await one.shown() == {0: "1 1 1 1"}

    with caplog.at_level(logging.ERROR):
        run_virtual(scene())
    assert [record.message for record in caplog.records] == [
        "the history cannot be read; it is tried again"
    ]


def test_who_has_not_read_all_does_not_say_that_a_minute_is_over() -> None:
    async def scene() -> None:
        log = Mute()
        async with running(log):
            await until(2)
            assert list(await log.bars([], 0, 2 * M)) == [M]
            await log.append(batch(changed(1), at_ms=START_MS + 60_000))
            await until(5)
            assert list(await log.bars([], 0, 2 * M)) == [M]

    run_virtual(scene())


def test_a_log_that_comes_late_has_a_history_from_then_on() -> None:
    async def scene() -> None:
        clock = LoopClock()
        opener = Opener(LogAway("nobody listens"))
        hub = Hub(opener, clock, heartbeat_s=15)
        await hub.start()
        history = History(hub, clock, 9)
        history.start()
        await until(2)
        opener.finds(MemoryLog())
        await hub.began()
        one = Instance(hub, history)
        await one.put({"price": "1"})
        assert [*(await one.shown()).values()] == ["1 1 1 1"]
        await history.stop()
        await hub.stop()

    run_virtual(scene())
