"""What every engine promises of followers."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from feed.errors import LogTrimmed
from feed.log.base import EventLog
from feed.model.entry import Entry
from tests.support.records import FUSE_S, batch, changed, fill, followed


class Reading:
    """A follower in a task of its own; `seen` are the offsets that it was given."""

    def __init__(self, follower: AsyncIterator[Sequence[Entry]]) -> None:
        self.seen: list[int] = []
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._read(follower))

    async def until(self, offset: int) -> None:
        """Wait until it was given an offset."""
        async with asyncio.timeout(FUSE_S):
            while not self.seen or self.seen[-1] < offset:
                self._news.clear()
                await self._news.wait()

    async def end(self) -> None:
        """Wait until it has ended."""
        await asyncio.wait_for(self.task, FUSE_S)

    async def _read(self, follower: AsyncIterator[Sequence[Entry]]) -> None:
        async for entries in follower:
            self.seen += [entry.offset for entry in entries]
            self._news.set()


@pytest.mark.parametrize("after", [0, 2, 4])
async def test_what_is_there_and_then_what_comes(log: EventLog, after: int) -> None:
    await fill(log, 4)
    reading = Reading(log.follow(after))
    if after < 4:
        await reading.until(4)
    await fill(log, 2)
    await fill(log, 1)
    await reading.until(7)

    assert reading.seen == list(range(after + 1, 8))
    await log.aclose()
    await reading.end()


async def test_a_follower_is_given_what_read_gives(log: EventLog) -> None:
    await fill(log, 4)

    assert await followed(log, 1, 4) == list(await log.read(1, 10))


async def test_an_append_that_returned_can_be_followed_and_read(log: EventLog) -> None:
    for v in range(1, 20):
        offset = (await log.append(batch(changed(v)))).offset
        entries = await asyncio.wait_for(anext(log.follow(offset - 1)), FUSE_S)

        assert [entry.offset for entry in entries] == [offset]
        assert list(await log.read(offset - 1, 10)) == entries


async def test_a_place_beyond_the_head_is_waited_for(log: EventLog) -> None:
    await fill(log, 4)
    reading = Reading(log.follow(6))
    for _ in range(4):
        await fill(log, 1)
    await reading.until(8)

    assert reading.seen == [7, 8]
    await log.aclose()
    await reading.end()


async def test_followers_do_not_disturb_each_other(log: EventLog) -> None:
    readings = [Reading(log.follow(0)) for _ in range(20)]
    await fill(log, 3)
    for reading in readings:
        await reading.until(3)
    cancelled = readings.pop(7)
    cancelled.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled.task
    await fill(log, 2)
    for reading in readings:
        await reading.until(5)

    assert [reading.seen for reading in readings] == [[1, 2, 3, 4, 5]] * 19
    assert cancelled.seen == [1, 2, 3]
    await log.aclose()
    for reading in readings:
        await reading.end()


async def test_a_follower_that_is_cancelled_with_others_by_the_same_entry(log: EventLog) -> None:
    one, other = Reading(log.follow(0)), Reading(log.follow(0))
    await fill(log, 1)
    await one.until(1)
    await other.until(1)
    appended = asyncio.ensure_future(fill(log, 1))
    one.task.cancel()
    await appended
    await other.until(2)

    assert other.seen == [1, 2]
    await log.aclose()
    await other.end()
    assert one.task.cancelled()


async def test_aclose_ends_followers(log: EventLog) -> None:
    waiting, between, late = log.follow(2), log.follow(0), log.follow(0)
    await fill(log, 2)
    reading = Reading(waiting)
    given = await anext(between)
    await log.aclose()
    await reading.end()

    assert reading.seen == []
    assert [entry.offset for entry in given] == [1, 2]
    assert [entries async for entries in between] == []
    assert [entries async for entries in late] == []


async def test_a_follower_far_behind_is_given_all(log: EventLog) -> None:
    for _ in range(5):
        await fill(log, 1000)

    given = await followed(log, 0, 5000)

    assert [entry.offset for entry in given] == list(range(1, 5001))


async def test_a_follower_is_given_entries_in_portions(log: EventLog) -> None:
    await fill(log, 2500)

    follower = log.follow(0)
    portions = [len(await anext(follower)) for _ in range(3)]

    assert portions == [1000, 1000, 500]


async def test_a_follower_that_trim_overtakes(log: EventLog) -> None:
    for _ in range(6):
        await fill(log, 1000)
    follower = log.follow(0)
    first = await anext(follower)
    await log.trim(1900)

    with pytest.raises(LogTrimmed):
        await asyncio.wait_for(anext(follower), FUSE_S)

    assert first[0].offset == 1
