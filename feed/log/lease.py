"""Who runs the sources: one instance at a time, and the log refuses what another one says."""

from typing import Protocol


class Lease(Protocol):
    """The right of one instance to run the sources on one log.

    A term is what the log knows a leader by (`Batch.term`): once the next one has begun, it
    refuses all others, whatever their clocks say.
    """

    async def take(self) -> str:
        """Take the lease or keep it; gives the term, "" where another has it.

        Raises LogUnavailable.
        """
        ...

    async def holder(self) -> str | None:
        """The instance that has it; None: nobody. Raises LogUnavailable."""
        ...

    async def release(self) -> None:
        """Give it back, so that another may take it at once. Raises LogUnavailable."""
        ...


class Sole:
    """Of a log that belongs to one process, which therefore leads."""

    def __init__(self, holder: str) -> None:
        self._name = holder
        self._holder: str | None = None

    async def take(self) -> str:
        """See Lease."""
        self._holder = self._name
        return "sole"

    async def holder(self) -> str | None:
        """See Lease. Of another one of the same process it does not know."""
        return self._holder

    async def release(self) -> None:
        """See Lease."""
        self._holder = None
