"""Putting records into a log by hand."""

from collections.abc import Awaitable, Callable

from feed.log.base import Appended, Batch, Bounds, EventLog
from feed.log.memory import MemoryLog
from feed.model.entry import Record


async def appended(log: EventLog, *records: Record, at_ms: int = 0) -> Appended:
    """Append records as one batch."""
    return await log.append(Batch(records=records, at_ms=at_ms))


def lent(log: EventLog) -> Callable[[], Awaitable[EventLog]]:
    """What opens a log that is there already."""

    async def give() -> EventLog:
        return log

    return give


class Outliving(MemoryLog):
    """A log that the next hub may be lent when one has let go of it."""

    async def aclose(self) -> None:
        """See EventLog."""


class Forgetful(Outliving):
    """Lets go of everything between saying that it holds it and being asked for it."""

    forgets = False

    async def bounds(self) -> Bounds:
        bounds = await super().bounds()
        if self.forgets:
            await self.trim(bounds.head + 1)
        return bounds
