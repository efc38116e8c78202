"""The only place that asks for the time."""

import time
from typing import Protocol


class Clock(Protocol):
    """What every part that needs the time is given."""

    def now_ms(self) -> int:
        """Wall clock: integer milliseconds since the Unix epoch, UTC."""
        ...


def monotonic_s() -> float:
    """A clock that never goes back, exact to microseconds, to measure how long something takes.

    The loop's own stands still within a turn, and uvloop's counts milliseconds.
    """
    return time.monotonic()


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Wall clock: integer milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000
