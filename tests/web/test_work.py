"""What a delivery costs, counted in calls: a figure that no other load on the machine changes.

Raise a bound only for a reason: `docs/performance.md` says what a call more costs.
"""

import asyncio
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import FrameType
from typing import Any

import pytest

from feed.clock import SystemClock
from feed.hub.lane import Lane
from feed.hub.pages import Pages
from feed.hub.subscription import Options, Subscription
from feed.hub.tail import Tail
from feed.hub.traffic import Traffic
from feed.limits import DEFAULTS
from feed.log.base import Snapshot
from feed.log.memory import MemoryLog
from feed.model.entry import Entry
from feed.model.frame import item_set
from feed.model.topic import Filters
from feed.web.connection import Connection
from feed.web.wire import websocket_message

MEMBERS = 100


class Stream(Connection):
    """A stream without a door."""

    door = "test"

    def say_end(self, _code: int) -> None:
        """Nothing."""


class Home:
    """Where streams of tests belong."""

    hub: Any = None
    grants: Any = None
    limits = DEFAULTS

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.left = asyncio.Event()
        self.refused: Counter[str] = Counter()

    def remove(self, connection: Connection) -> None:
        """See Home."""
        if connection is self.streams[-1]:
            self.left.set()


class Work:
    """Counts the calls of functions, ours and built-in, while it is entered."""

    def __init__(self) -> None:
        self.calls = 0
        self.writes = 0

    def _count(self, _frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            self.calls += 1
            self.writes += getattr(argument, "__qualname__", "") == "write"

    def of(self, work: Callable[[], None]) -> "Work":
        """Do it, and count."""
        sys.setprofile(self._count)
        try:
            work()
        finally:
            sys.setprofile(None)
        return self


@asynccontextmanager
async def lane(topics: Callable[[int], list[str]]) -> AsyncIterator[Lane]:
    """A lane with real streams; each wants what `topics` gives for its number."""
    tail, pages = Tail(Snapshot(0, []), 100), Pages(MemoryLog())
    made = Lane("e", tail, pages, SystemClock(), lambda _member: None, Traffic())
    loop = asyncio.get_running_loop()
    home = Home()
    pairs = [socket.socketpair() for _ in range(MEMBERS)]
    for number, (here, _) in enumerate(pairs):
        _, stream = await loop.create_connection(
            partial(Stream, "here", websocket_message, home), sock=here
        )
        stream.member.subscription = Subscription(Filters.of(topics(number)), Options())
        made.join(stream.member)
        home.streams.append(stream)
    yield made
    for stream in home.streams:
        stream.abort()
    await home.left.wait()
    for _, there in pairs:
        there.close()


def changes(count: int, topic: Callable[[int], str], after: int = 0) -> list[Entry]:
    """So many changes that follow an offset."""
    return [
        Entry(n, 0, topic(n), n, 0, item_set(topic(n), n, 0, {"price": "1"}), None, b"{}", None)
        for n in range(after + 1, after + count + 1)
    ]


@pytest.mark.parametrize(("count", "most"), [(1, 1.6), (50, 4)])
async def test_one_write_a_member_and_turn_whatever_is_told(count: int, most: float) -> None:
    async with lane(lambda _: ["price:A"]) as shared:
        told = changes(count, lambda _: "price:A")
        work = Work().of(lambda: shared.extend(told))
    assert work.writes == MEMBERS
    assert work.calls / MEMBERS < most


async def test_members_of_a_group_share_the_making() -> None:
    async with lane(lambda _: ["price:A"]) as shared:
        one, fifty = changes(1, lambda _: "price:A"), changes(50, lambda _: "price:A", after=1)
        few = Work().of(lambda: shared.extend(one))
        many = Work().of(lambda: shared.extend(fifty))
    assert many.calls - few.calls <= 4 * 49, "what more changes cost does not grow with the members"


async def test_a_change_wakes_only_those_who_want_it() -> None:
    async with lane(lambda number: [f"price:{number}"]) as sparse:
        told = changes(10, lambda n: f"price:{n}")
        work = Work().of(lambda: sparse.extend(told))
    assert work.writes == 10
    assert work.calls < 10 * 22


async def test_a_subscription_of_ones_own_costs_little_more_than_its_write() -> None:
    async with lane(lambda number: [f"price:{n}" for n in range(number, number + 20)]) as sparse:
        told = changes(40, lambda n: f"price:{n}")
        work = Work().of(lambda: sparse.extend(told))
    deliveries = sum(min(n + 1, 20) for n in range(1, 41))
    assert work.writes == 41
    assert work.calls < 17 * work.writes + 2 * deliveries
