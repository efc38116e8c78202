"""The short memory of what was appended: who keeps up never asks the engine."""

import asyncio
from collections.abc import Sequence

from feed.log.published import Published
from feed.model.entry import Entry
from tests.support.records import FUSE_S


def _entries(first: int, last: int) -> list[Entry]:
    return [Entry(n, 0, "price:A", n, 0, b"{}", None, b"{}", None) for n in range(first, last + 1)]


class Engine:
    """All entries there ever were; `asked` are the places that a reader came from."""

    def __init__(self, head: int) -> None:
        self.asked: list[int] = []
        self._entries = _entries(1, head)

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        self.asked.append(after)
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
