"""A log whose epoch ends, and another one that goes on from a part of it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from feed.errors import FeedError, LogReplaced
from feed.log.base import Appended, Batch, Bounds, EventLog, Snapshot
from feed.log.memory import MemoryLog
from feed.model.entry import Entry
from feed.model.topic import Filters


class Ending(MemoryLog):
    """A log in memory that ends when it is told to. `asked` counts what was asked of it.

    While `gate` is clear, nothing that is asked is answered.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0
        self.is_closed = False
        self._batches: list[Batch] = []
        self._end: FeedError | None = None

    def end(self, error: FeedError | None = None) -> None:
        """Tell followers that it is over, and whoever asks; as LogReplaced, or as it is said."""
        self._end = error or LogReplaced("another log")
        self.overtake(self._end)

    def overtake(self, error: FeedError) -> None:
        """End followers with an error; all else can be asked as before."""
        self._published.fail(error)

    async def less(self, lost: int) -> "Ending":
        """Another log, of another epoch, that holds the same but for the newest batches."""
        other = Ending()
        for batch in self._batches[: len(self._batches) - lost]:
            await other.append(batch)
        return other

    def same_as(self, other: "Ending") -> None:
        """Be the same log, opened again."""
        self._epoch = other._epoch  # noqa: SLF001

    async def append(self, batch: Batch) -> Appended:
        """See EventLog."""
        await self._pass()
        appended = await super().append(batch)
        self._batches.append(batch)
        return appended

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """See EventLog."""
        await self._pass()
        return await super().read(after, limit)

    async def items(self, topics: Filters) -> Snapshot:
        """See EventLog."""
        await self._pass()
        return await super().items(topics)

    async def bounds(self) -> Bounds:
        """See EventLog."""
        await self._pass()
        return await super().bounds()

    async def aclose(self) -> None:
        """See EventLog."""
        self.is_closed = True
        await super().aclose()

    async def _pass(self) -> None:
        self.waiting += 1
        await self.gate.wait()
        self.waiting -= 1
        if self._end:
            raise self._end


class Opener:
    """Opens what it is given to open; an error is raised instead. `tries` counts."""

    def __init__(self, *found: EventLog | BaseException) -> None:
        self.tries = 0
        self._found: list[Any] = list(found)

    def finds(self, *found: EventLog | BaseException) -> None:
        """What the next tries find; the last of it all further ones, too."""
        self._found = list(found)

    async def __call__(self) -> EventLog:
        """Open the log."""
        self.tries += 1
        found = self._found.pop(0) if len(self._found) > 1 else self._found[0]
        if isinstance(found, BaseException):
            raise found
        log: EventLog = found
        return log
