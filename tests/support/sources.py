"""Doubles for what stands around a source: the log's items, the clock, what is published."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from feed.errors import LogUnavailable
from feed.model.change import Change
from feed.model.codec import JsonObject
from feed.model.merge import merge
from feed.sources.base import Current, Poll

T0 = 1_790_000_000_000
"""A moment to begin at, milliseconds."""


class HandClock:
    """A clock that a test moves."""

    def __init__(self, now_ms: int = T0) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        return self.now


class Table:
    """The items that changes lead to, as the log would hold them, and all that was said."""

    def __init__(self) -> None:
        self.items: dict[str, JsonObject] = {}
        self.changes: list[Change] = []

    def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self.changes.append(change)
            if change.data is not None:
                self.items[change.topic] = merge({}, change.data)
            elif change.patch is not None:
                before = self.items.get(change.topic, {})
                self.items[change.topic] = merge(before, change.patch)

    def current(self, topic: str) -> JsonObject | None:
        return self.items.get(topic)


class ScriptedSource:
    """A source whose polls are written down: changes to give, or an error to raise; then none.

    With `endless` false it has ended when all were given. While `free` is clear, no poll returns.
    """

    def __init__(
        self,
        name: str,
        *polls: Sequence[Change] | BaseException,
        every_s: float = 1.0,
        endless: bool = True,
    ) -> None:
        self.name = name
        self.kind = "scripted"
        self.every_s = every_s
        self.asked = Counted()
        self.free = asyncio.Event()
        self.free.set()
        self.closed = False
        self._polls = list(polls)
        self._endless = endless

    @property
    def ended(self) -> bool:
        return not self._polls and not self._endless

    def resume(self, current: Current) -> None:
        """Nothing to go on from."""

    async def poll(self, now_ms: int) -> Sequence[Change]:
        await self.asked.add(1)
        await self.free.wait()
        result = self._polls.pop(0) if self._polls else ()
        if isinstance(result, BaseException):
            raise result
        return result

    async def aclose(self) -> None:
        self.closed = True


class Counted:
    """A count that can be waited for."""

    def __init__(self) -> None:
        self.count = 0
        self._grown = asyncio.Condition()

    async def add(self, number: int) -> None:
        async with self._grown:
            self.count += number
            self._grown.notify_all()

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(20), self._grown:
            await self._grown.wait_for(lambda: self.count >= count)


class Publisher:
    """Takes what is published, or refuses it while `down`."""

    def __init__(self) -> None:
        self.down = False
        self.batches: list[tuple[str, tuple[Change, ...]]] = []
        self.tries = Counted()

    async def publish(self, poll: Poll) -> int:
        if not poll.changes:
            return 0
        await self.tries.add(1)
        if self.down:
            raise LogUnavailable("the disk is full")
        self.batches.append((poll.source, tuple(poll.changes)))
        return len(poll.changes)


def price(value: str, topic: str = "price:BTC-USD") -> Change:
    """A change of a price, as short as can be."""
    return Change(topic=topic, patch={"price": value})


def shared_data(*parts: str) -> Path:
    """A file of the sample data that lies beside the project; skips where there is none."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    path = Path(os.environ.get("FEED_TEST_DATA", beside)).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the sample data is not here: {path.name}; FEED_TEST_DATA names its folder")
    return path
