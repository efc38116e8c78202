"""A log whose appends fail at first."""

from feed.errors import Conflict, LogUnavailable
from feed.log.base import Appended, Batch
from feed.log.memory import MemoryLog


class FailingLog:
    """Refuses so many appends, then passes them on; all else is the log's own."""

    durable = False
    trouble = ""

    def __init__(self, log: MemoryLog, *, failures: int = 0, conflicts: int = 0) -> None:
        self._log = log
        self._failures = failures
        self._error: Exception = LogUnavailable("no space")
        self._conflicts = conflicts
        self.read = log.read
        self.items = log.items
        self.event_kind = log.event_kind
        self.bounds = log.bounds
        self.follow = log.follow
        self.trim = log.trim
        self.lease = log.lease
        self.notes = log.notes
        self.keep = log.keep
        self.bars = log.bars
        self.aclose = log.aclose

    def fail(self, times: int, error: Exception | None = None) -> None:
        """Refuse so many appends from now on, for want of space or with another error."""
        self._failures = times
        self._error = error or self._error

    async def append(self, batch: Batch) -> Appended:
        """See EventLog."""
        if self._failures:
            self._failures -= 1
            raise self._error
        if self._conflicts:
            self._conflicts -= 1
            raise Conflict("another was faster")
        return await self._log.append(batch)
