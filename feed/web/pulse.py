"""How late the loop is: what everybody waits for whom it does not get to."""

import asyncio

from feed.clock import monotonic_s
from feed.histogram import Histogram

_EVERY_S = 0.25
_LATE_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Pulse:
    """Sleeps four times a second, and counts by how much each sleep was too long."""

    def __init__(self) -> None:
        self.late = Histogram(_LATE_S)
        self._beating: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sleep."""
        self._beating = asyncio.create_task(self._beat(), name="pulse")

    def stop(self) -> None:
        """End it."""
        if self._beating:
            self._beating.cancel()

    async def _beat(self) -> None:
        while True:
            began_s = monotonic_s()
            await asyncio.sleep(_EVERY_S)
            self.late.observe(max(0.0, monotonic_s() - began_s - _EVERY_S))
