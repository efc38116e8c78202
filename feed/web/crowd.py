"""What a crowd took goes back to the system once the crowd has gone.

The C library keeps what is freed below something that is still in use, and would keep it for
good: some 15 MiB after two hundred clients that read nothing. It is asked for it seldom, since
for milliseconds nobody else gets memory meanwhile.
"""

import ctypes

_CROWD = 16
"""So many that were there at once, and are not any more."""


class Crowd:
    """Whether many have left: at least half of those who were there when there were most."""

    def __init__(self) -> None:
        self._most = self._last = 0

    def has_left(self, here: int) -> bool:
        """To be asked from time to time with how many are here; it says so once, when all went."""
        is_leaving, self._last = here < self._last, here
        self._most = max(self._most, here)
        if is_leaving or self._most - here < max(_CROWD, here):
            return False
        self._most = here
        return True


def give_back() -> None:
    """Let the system have what is free; where the C library cannot, nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
