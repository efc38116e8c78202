"""The past, read once for all who replay it."""

import asyncio
from collections.abc import Sequence

import pytest

from feed.errors import LogTrimmed, LogUnavailable
from feed.hub.pages import Pages
from feed.log.base import Bounds
from feed.log.memory import MemoryLog
from feed.model.entry import Entry
from tests.support.records import batch, changed, fill

ENTRIES = 2500


class Counting(MemoryLog):
    """Notes what is read of it; fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[int] = []
        self.asked = 0
        self.fails = False

    async def bounds(self) -> Bounds:
        """See EventLog."""
        self.asked += 1
        if self.fails:
            raise LogUnavailable("as told")
        return await super().bounds()

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """See EventLog."""
        self.reads.append(after)
        if self.fails:
            raise LogUnavailable("as told")
        return await super().read(after, limit)


@pytest.fixture
async def log() -> Counting:
    log = Counting()
    await fill(log, ENTRIES)
    log.asked = 0
    return log


def offsets(entries: Sequence[Entry]) -> tuple[int, int]:
    return entries[0].offset, entries[-1].offset


async def test_many_who_come_at_once_read_a_page_once(log: Counting) -> None:
    pages = Pages(log)
    found = await asyncio.gather(*(pages.after(offset) for offset in (0, 400, 999, 400)))
    assert [offsets(entries) for entries in found] == [
        (1, 1000),
        (401, 1000),
        (1000, 1000),
        (401, 1000),
    ]
    assert log.reads == [0]
    assert offsets(await pages.after(1000)) == (1001, 2000)
    assert log.reads == [0, 1000]


async def test_a_page_that_is_not_full_yet_is_read_again(log: Counting) -> None:
    pages = Pages(log)
    assert offsets(await pages.after(2100)) == (2101, 2500)
    await log.append(batch(changed(ENTRIES + 1)))
    assert offsets(await pages.after(2100)) == (2101, 2501)
    assert await pages.after(2501) == []


async def test_what_is_left_of_a_trimmed_page_is_told(log: Counting) -> None:
    pages = Pages(log)
    await log.trim(300)
    assert offsets(await pages.after(299)) == (300, 1000)
    with pytest.raises(LogTrimmed):
        await pages.after(298)


async def test_a_page_that_failed_is_tried_again(log: Counting) -> None:
    pages = Pages(log)
    log.fails = True
    with pytest.raises(LogUnavailable):
        await pages.after(0)
    log.fails = False
    assert offsets(await pages.after(0)) == (1, 1000)


async def test_who_leaves_takes_nothing_from_the_others(log: Counting) -> None:
    pages = Pages(log)
    leaving = asyncio.create_task(pages.after(0))
    staying = asyncio.create_task(pages.after(0))
    await asyncio.sleep(0)
    leaving.cancel()
    assert offsets(await staying) == (1, 1000)


async def test_what_the_log_holds_is_asked_once_for_all_who_come_at_once(log: Counting) -> None:
    pages = Pages(log)
    held = await asyncio.gather(*(pages.bounds(place) for place in (0, 7, ENTRIES)))
    assert [bounds.head for bounds in held] == [ENTRIES] * 3
    assert log.asked == 1
    await pages.bounds(7)
    assert log.asked == 2


async def test_who_comes_from_beyond_what_was_asked_asks_anew(log: Counting) -> None:
    pages = Pages(log)
    first, ahead = await asyncio.gather(pages.bounds(7), pages.bounds(ENTRIES + 1))
    assert first == ahead
    assert log.asked == 2


async def test_an_answer_that_failed_is_everybody_s_who_waited(log: Counting) -> None:
    pages = Pages(log)
    log.fails = True
    leaving = asyncio.create_task(pages.bounds(7))
    staying = asyncio.create_task(pages.bounds(7))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(LogUnavailable):
        await staying
    log.fails = False
    assert (await pages.bounds(7)).head == ENTRIES


async def test_an_answer_that_is_cut_off_is_asked_for_anew(log: Counting) -> None:
    pages = Pages(log)
    asking = asyncio.create_task(pages.bounds(0))
    await asyncio.sleep(0)  # let it ask
    (task,) = (each for each in asyncio.all_tasks() if each.get_name() == "log bounds")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert (await pages.bounds(0)).head == ENTRIES
