"""How often something may be done: token buckets, one alone and one for each address."""

from aiohttp import web

BATCH = 1000
"""Changes that one injection may bring (protocol section 6)."""

_ADDRESSES = 10_000


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


class Buckets:
    """A bucket for each address; of those that take nothing for long nothing is kept."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._by_address: dict[str, Bucket] = {}

    def need(self, address: str, now_s: float) -> None:
        """Raises HTTPTooManyRequests, with when to come back, where nothing is left."""
        bucket = self._by_address.get(address)
        if bucket is not None and (wait_s := bucket.wait_s(now_s)) > 0:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait_s) + 1)})

    def take(self, address: str, now_s: float) -> None:
        """Take one, as far as there is one."""
        bucket = self._by_address.get(address)
        if bucket is None:
            if len(self._by_address) >= _ADDRESSES:
                self._let_go(now_s)
            bucket = self._by_address[address] = Bucket(self._rate, self._burst, now_s)
        bucket.take(now_s)

    def _let_go(self, now_s: float) -> None:
        """Forget the full ones, which say nothing; all, where too few are."""
        left = {name: each for name, each in self._by_address.items() if not each.is_full(now_s)}
        self._by_address = left if len(left) <= _ADDRESSES // 2 else {}
