"""How long to wait: for an answer, and before the next try."""

import random

import msgspec


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a client is, in seconds.

    It waits up to `retry_s` before the next try, then up to twice that, and so on to
    `longest_retry_s`. It waits `connect_s` for an answer to begin, and `beside_s` where that holds
    up a connection that works. After `climb_s` it tries a better transport; this doubles, too.
    """

    retry_s: float = 0.5
    longest_retry_s: float = 30.0
    connect_s: float = 10.0
    beside_s: float = 4.0
    climb_s: float = 30.0


PACE = Pace()


class Backoff:
    """After a restart everybody comes back, and must not do so at the same moment."""

    def __init__(self, first_s: float = 0.5, most_s: float = 30.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._ceiling_s = first_s

    def next_s(self) -> float:
        """Anything from 0 to the ceiling, which doubles with each failure."""
        wait_s = random.uniform(0, self._ceiling_s)
        self._ceiling_s = min(self._most_s, 2 * self._ceiling_s)
        return wait_s

    def succeeded(self) -> None:
        """Begin anew at the first ceiling."""
        self._ceiling_s = self._first_s
