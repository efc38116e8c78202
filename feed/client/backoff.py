"""How long to wait before the next try: exponential, with full jitter."""

import random


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
