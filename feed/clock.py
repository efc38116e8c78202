"""The only place that asks for the time."""

import time
from typing import Protocol


class Clock(Protocol):
    """What every part that needs the time is given."""

    def now_ms(self) -> int:
        """Wall clock: integer milliseconds since the Unix epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Wall clock: integer milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000
