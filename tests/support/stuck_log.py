"""A log whose appends wait."""

import asyncio

from feed.log.base import Appended, Batch
from feed.log.memory import MemoryLog
from tests.support.failing_log import FailingLog


class StuckLog(FailingLog):
    """Appends nothing until `free` is set; `asked` is set when an append waits for that.

    As the engines, it appends what it was given in that order, also when nobody waits any more.
    """

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self.asked = asyncio.Event()
        self.free = asyncio.Event()
        self._turn = asyncio.Lock()

    async def append(self, batch: Batch) -> Appended:
        """See EventLog."""
        self.asked.set()
        return await asyncio.shield(self._append(batch))

    async def _append(self, batch: Batch) -> Appended:
        async with self._turn:
            await self.free.wait()
            return await super().append(batch)
