"""The short memory of what was appended: who keeps up never asks the engine."""

import asyncio
from collections.abc import Sequence

import pytest

from feed.errors import LogAway, LogReplaced, LogTrimmed
from feed.log.published import Published
from feed.model.entry import Entry
from tests.support.clock import run_virtual
from tests.support.records import FUSE_S


def _entries(first: int, last: int) -> list[Entry]:
    return [Entry(n, 0, "price:A", n, 0, b"{}", None, b"{}", None) for n in range(first, last + 1)]


class Engine:
    """All entries there ever were; `asked` are the places that a reader came from.

    `faults` are raised first.
    """

    def __init__(self, head: int, *faults: Exception) -> None:
        self.asked: list[int] = []
        self.faults = list(faults)
        self._entries = _entries(1, head)

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        self.asked.append(after)
        if self.faults:
            raise self.faults.pop(0)
        return self._entries[after : after + limit]


async def _followed(published: Published, engine: Engine, after: int) -> list[int]:
    """The offsets that a follower is given up to the head."""
    given: list[int] = []
    async with asyncio.timeout(FUSE_S):
        async for entries in published.follow(after, engine.read):
            given += [entry.offset for entry in entries]
            if given[-1] == published.head:
                break
    return given


async def test_what_is_remembered_is_not_read_again() -> None:
    published, engine = Published(0), Engine(5000)
    published.publish(_entries(1, 5000))

    assert await _followed(published, engine, 5000 - 4096) == list(range(905, 5001))
    assert engine.asked == []


async def test_what_is_not_remembered_is_read() -> None:
    published, engine = Published(0), Engine(5000)
    published.publish(_entries(1, 5000))

    assert await _followed(published, engine, 903) == list(range(904, 5001))
    assert engine.asked == [903]


async def test_what_was_there_before_this_process_is_read() -> None:
    published, engine = Published(3), Engine(3)

    assert await _followed(published, engine, 0) == [1, 2, 3]
    published.publish(_entries(4, 4))
    assert await _followed(published, engine, 3) == [4]
    assert engine.asked == [0]


async def test_an_entry_that_the_engine_shows_early_is_given_once() -> None:
    published, engine = Published(3), Engine(4)
    follower = published.follow(0, engine.read)

    assert [entry.offset for entry in await anext(follower)] == [1, 2, 3, 4]
    published.publish(_entries(4, 5))
    following = await asyncio.wait_for(anext(follower), FUSE_S)
    assert [entry.offset for entry in following] == [5]


def test_an_engine_that_is_away_is_asked_again() -> None:
    async def play() -> None:
        published, engine = Published(5), Engine(5, LogAway("x"), LogAway("x"), LogAway("x"))

        assert await _followed(published, engine, 2) == [3, 4, 5]
        assert engine.asked == [2, 2, 2, 2]

    run_virtual(play())


async def test_any_other_fault_of_the_engine_is_the_follower_s() -> None:
    published, engine = Published(5), Engine(5, LogTrimmed("x"))

    with pytest.raises(LogTrimmed):
        await anext(published.follow(2, engine.read))
    assert await _followed(published, engine, 2) == [3, 4, 5], "and nobody else's"


async def test_a_failure_ends_those_who_wait_and_those_who_come() -> None:
    published, engine = Published(5), Engine(5)
    waiting = [asyncio.ensure_future(anext(published.follow(5, engine.read))) for _ in range(3)]
    between = published.follow(0, engine.read)
    await anext(between)
    await asyncio.sleep(0)  # let them wait
    published.fail(LogReplaced("another"))

    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(each) for each in told] == ["another"] * 3
    for follower in (between, published.follow(0, engine.read)):
        with pytest.raises(LogReplaced):
            await anext(follower)


def test_who_asks_an_engine_that_is_away_is_ended_with_all_others() -> None:
    async def play() -> None:
        published, engine = Published(5), Engine(5, *[LogAway("x")] * 1000)
        waiting = asyncio.ensure_future(anext(published.follow(2, engine.read), None))
        await asyncio.sleep(9.9)
        published.close()

        assert await waiting is None
        assert len(engine.asked) == 50, "five times a second"

    run_virtual(play())
