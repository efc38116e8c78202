"""Clients of every kind, who come back from wherever they were cut."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

import aiohttp

from feed.client import EventChange, Feed, Reset
from feed.client.backoff import Pace
from feed.client.feed import Status
from tests.chaos.record import Expected, Record, Told, different, told
from tests.support.client import Frame, offset
from tests.support.doors import CUTS, DOORS, Query

PACE = Pace(retry_s=0.2, longest_retry_s=2, climb_s=5)
"""Of the program: it comes back more often than one that has to spare a server."""

SILENT_S = 5.0
"""A connection on which nothing is heard for so long, five heartbeats, is left."""

PAUSE_S = 0.2
SLOW_S = 0.3
FIELDS = ("price", "home")


class Client(Protocol):
    """One that follows the feed until it is told to stop."""

    name: str

    @property
    def place(self) -> int:
        """The offset up to which it has everything."""
        ...

    @property
    def counts(self) -> tuple[int, int, int]:
        """Connections, frames (changes, of a client that sees no frames) and events."""
        ...

    def hurry(self) -> None:
        """Read as fast as one can from now on: much may still be on its way to a slow one."""
        ...

    async def follow(self) -> None:
        """Follow; an AssertionError is a broken promise."""
        ...

    def faults(self, expected: Expected) -> list[str]:
        """What differs from what was acknowledged."""
        ...

    def items(self) -> dict[str, tuple[int, Frame]]:
        """Version and state of each topic as it ends; nothing where it asked for a part."""
        ...


class Kind(NamedTuple):
    """What a client asks for, at which doors, and how slowly it reads."""

    name: str
    doors: Sequence[str]
    query: Query
    is_slow: bool = False


EVERYWHERE = sorted(DOORS)
KINDS = (
    Kind("ws", ["ws"], {}),
    Kind("sse", ["sse"], {}),
    Kind("poll", ["poll"], {}),
    Kind("hopping", EVERYWHERE, {}),
    Kind("slow ws", ["ws"], {}, is_slow=True),
    Kind("slow sse", ["sse"], {}, is_slow=True),
    Kind("conflated", EVERYWHERE, {"conflate_ms": 250}),
    Kind("windowed", EVERYWHERE, {"window_ms": 100}),
    Kind("delayed", EVERYWHERE, {"delay_ms": 1500}),
    Kind("delayed ws", ["ws"], {"delay_ms": 3000, "conflate_ms": 500}),
    Kind("fields", EVERYWHERE, {"fields": ",".join(FIELDS)}),
)


class Visitor:
    """Goes from connection to connection; whichever rule of the protocol is broken, it objects."""

    def __init__(
        self, name: str, kind: Kind, session: aiohttp.ClientSession, url: Callable[[], str]
    ) -> None:
        self.name = name
        self._kind = kind
        self._session = session
        self._url = url
        self._random = random.Random(name)
        self._slow = kind.is_slow
        self._record = Record(name, FIELDS if "fields" in kind.query else ())

    @property
    def place(self) -> int:
        """See Client."""
        return -1 if self._record.cursor is None else offset(self._record.cursor)

    @property
    def counts(self) -> tuple[int, int, int]:
        """See Client."""
        return self._record.connections, self._record.frames, len(self._record.told)

    def hurry(self) -> None:
        """See Client."""
        self._slow = False

    async def follow(self) -> None:
        """See Client."""
        while True:
            await self._visit(self._random.choice(self._kind.doors))
            await asyncio.sleep(self._random.random() * PAUSE_S)

    async def _visit(self, door: str) -> None:
        record, left = self._record, self._random.randrange(20, 600)
        place: Query = {} if record.cursor is None else {"cursor": record.cursor}
        query = {"topics": "*", **self._kind.query, **place}
        frames = DOORS[door](self._session, self._url(), query)
        record.opened(door)
        try:
            while left:
                async with asyncio.timeout(SILENT_S):
                    frame = await anext(frames)
                if frame["type"] == "place":
                    record.move(frame["cursor"])
                else:
                    record.apply(frame)
                if self._slow:
                    await asyncio.sleep(self._random.random() * SLOW_S)
                left -= 1
        except (*CUTS, StopAsyncIteration):  # silence is an OSError, too
            return
        finally:
            with suppress(*CUTS):
                await frames.aclose()

    def faults(self, expected: Expected) -> list[str]:
        """See Client."""
        return self._record.faults(expected)

    def items(self) -> dict[str, tuple[int, Frame]]:
        """See Client."""
        if self._record.fields:
            return {}
        versions = self._record.versions
        return {topic: (versions[topic], data) for topic, data in self._record.items.items()}


class Program:
    """A loop over `feed.client.Feed`, as a program has it."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._feed = Feed(url, pace=PACE, on_status=self._note)
        self._why = ""
        self._told: list[Told] = []
        self._changes = 0
        self._resets: list[str] = []

    def _note(self, status: Status) -> None:
        self._why = status.why or self._why

    @property
    def place(self) -> int:
        """See Client."""
        return -1 if self._feed.cursor is None else offset(self._feed.cursor)

    @property
    def counts(self) -> tuple[int, int, int]:
        """See Client."""
        return self._feed.status.connections, self._changes, len(self._told)

    def hurry(self) -> None:
        """See Client."""

    async def follow(self) -> None:
        """See Client."""
        async with self._feed as feed:
            async for change in feed.changes("*"):
                self._changes += 1
                match change:
                    case EventChange(topic=topic, id=id_, op=op, kind=kind, data=data):
                        event = {"topic": topic, "id": id_, "op": op, "kind": kind, "data": data}
                        self._told.append(told(event))
                    case Reset(reason=reason):
                        self._resets.append(f"{reason} ({self._why})")
                    case _:
                        pass

    def faults(self, expected: Expected) -> list[str]:
        """See Client."""
        resets = [f"a reset: {reason}" for reason in self._resets]
        return resets + different(self._told, expected.events)

    def items(self) -> dict[str, tuple[int, Frame]]:
        """See Client."""
        return {topic: (item.v, dict(item.data)) for topic, item in self._feed.items.items()}
