"""How much one client may ask for (protocol section 5)."""

MAX_TOPICS = 1000
MAX_WILDCARDS = 16
COMMANDS_PER_S = 20
COMMANDS_BURST = 100
MESSAGE_BYTES = 65_536
BODY_BYTES = 1 << 20
BATCH = 1000


class Bucket:
    """A token bucket: `rate` a second, and `burst` at once. Times are seconds of one clock."""

    __slots__ = ("_at_s", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now_s: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        """Take one; False where none is left."""
        self._refill(now_s)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def is_full(self, now_s: float) -> bool:
        """Whether a whole burst may be taken."""
        self._refill(now_s)
        return self._left >= self._burst

    def wait_s(self, now_s: float) -> float:
        """How long until one is there."""
        self._refill(now_s)
        return max(0.0, (1 - self._left) / self._rate)

    def _refill(self, now_s: float) -> None:
        self._left = min(self._burst, self._left + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
