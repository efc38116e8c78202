"""A log to which something is appended right after its items were read."""

from collections.abc import Awaitable, Callable

from feed.log.base import Snapshot
from feed.log.memory import MemoryLog
from feed.model.topic import Filters


class RacingLog:
    """Reads as the log does, and lets somebody append in between."""

    durable = False

    def __init__(self, log: MemoryLog, race: Callable[[], Awaitable[object]]) -> None:
        self._log = log
        self._race = race
        self.append = log.append
        self.read = log.read
        self.event_kind = log.event_kind
        self.bounds = log.bounds
        self.follow = log.follow
        self.trim = log.trim
        self.aclose = log.aclose

    async def items(self, topics: Filters) -> Snapshot:
        """See EventLog."""
        snapshot = await self._log.items(topics)
        await self._race()
        return snapshot
