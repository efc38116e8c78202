"""How many requests a source may make, kept over restarts by names claimed in the log.

Requests are claimed in blocks before they are made, and a block is claimed once for all: what an
earlier run of the source claimed is known, to a block, by asking for it again: a restart may lose
a block or two, and never exceeds the quota.
"""

from collections import deque

from feed.sources.base import Claim, SourceFailed

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_BLOCKS = 10
"""Into so many a minute's or a day's requests are cut: so many writes, and a tenth lost at most."""


async def _free(name: str) -> bool:
    """The claim of who keeps no log: every name is free."""
    return True


class Quota:
    """Of one source: requests within any minute, and within a day of UTC; None: not limited."""

    def __init__(self, source: str, per_minute: int | None, per_day: int | None) -> None:
        self._minute = None if per_minute is None else _Minute(f"quota/{source}/minute", per_minute)
        self._day = None if per_day is None else _Window(f"quota/{source}/day", per_day, _DAY_MS)
        self._claim: Claim = _free

    def keep(self, claim: Claim) -> None:
        """Claim by this from now on."""
        self._claim = claim

    async def take(self, wanted: int, now_ms: int) -> int:
        """How many of the wanted requests may be made now, which they must then be counted as.

        0 where the minute is used up, which passes. Raises SourceFailed where the day is, with
        how long it lasts, and LogUnavailable, where nothing can be claimed.
        """
        if self._day is not None:
            wanted = await self._day.open(wanted, now_ms, self._claim)
            if not wanted:
                until_ms = (now_ms // _DAY_MS + 1) * _DAY_MS
                message = f"the quota of {self._day.limit} requests a day is used up"
                raise SourceFailed(message, (until_ms - now_ms) / 1000)
        if self._minute is not None:
            wanted = await self._minute.open(wanted, now_ms, self._claim)
            self._minute.use(wanted, now_ms)
        if self._day is not None:
            self._day.use(wanted, now_ms)
        return wanted

    def left(self, now_ms: int) -> int | None:
        """How many requests may be made now, of the minute and of the day; None: not limited."""
        windows = [window for window in (self._minute, self._day) if window is not None]
        return min((window.left(now_ms) for window in windows), default=None)


class _Window:
    """At most `limit` requests from one multiple of `length_ms` to the next."""

    def __init__(self, name: str, limit: int, length_ms: int) -> None:
        self.limit = limit
        self._name = name
        self._length_ms = length_ms
        self._block = -(-limit // _BLOCKS)
        self._index = -1
        self._next = 0  # the block to claim next
        self._used = 0  # of this window, by whomever
        self._mine = 0  # claimed, and not used yet

    async def open(self, wanted: int, now_ms: int, claim: Claim) -> int:
        """Claim what is wanted; how much of it there is."""
        self._turn(now_ms)
        while self._mine < wanted and (size := self._size(self._next)):
            is_mine = await claim(self._named(self._index, self._next))
            self._next += 1
            if is_mine:
                self._mine += size
            else:
                self._used += size
        return min(wanted, self._mine)

    def use(self, count: int, now_ms: int) -> None:
        """Note requests that were opened."""
        self._mine -= count
        self._used += count

    def left(self, now_ms: int) -> int:
        """How many requests may still be made in this window, as far as is known."""
        return self.limit - (self._used if now_ms // self._length_ms == self._index else 0)

    def _turn(self, now_ms: int) -> None:
        """Begin a window where the last one is over, or the clock was set back before it.

        What was claimed of that one before is found claimed.
        """
        if now_ms // self._length_ms != self._index:
            self._index = now_ms // self._length_ms
            self._next = self._used = self._mine = 0

    def _size(self, block: int) -> int:
        return max(0, min(self._block, self.limit - block * self._block))

    def _named(self, index: int, block: int) -> str:
        return f"{self._name}/{index}/{block}"


class _Minute(_Window):
    """Besides, at most `limit` requests in any 60 s, those of an earlier run included."""

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(name, limit, _MINUTE_MS)
        self._made: deque[int] = deque()  # when, in order
        self._knows = False  # what an earlier run has used

    async def open(self, wanted: int, now_ms: int, claim: Claim) -> int:
        """See _Window."""
        if not self._knows:
            await self._recall(now_ms, claim)
        self._turn(now_ms)
        before = self._used
        # The first time one is claimed in any case: that tells what was used of this minute.
        claimed = max(int(not self._knows), min(wanted, self._free(now_ms)))
        granted = min(wanted, await super().open(claimed, now_ms, claim))
        self._knows = True
        self._note(self._used - before, now_ms)  # the earlier run's, at the latest now
        return min(granted, self._free(now_ms))

    def use(self, count: int, now_ms: int) -> None:
        """See _Window."""
        super().use(count, now_ms)
        self._note(count, now_ms)

    def left(self, now_ms: int) -> int:
        """See _Window."""
        return min(super().left(now_ms), self._free(now_ms))

    async def _recall(self, now_ms: int, claim: Claim) -> None:
        """What was used in the minute before this one: at the latest at its end."""
        index, block = now_ms // _MINUTE_MS - 1, 0
        while (size := self._size(block)) and not await claim(self._named(index, block)):
            self._note(size, (index + 1) * _MINUTE_MS - 1)
            block += 1

    def _free(self, now_ms: int) -> int:
        if self._made and self._made[-1] > now_ms:  # the clock was set back
            self._made = deque(min(at_ms, now_ms) for at_ms in self._made)
        while self._made and self._made[0] <= now_ms - _MINUTE_MS:
            self._made.popleft()
        return max(0, self.limit - len(self._made))

    def _note(self, count: int, at_ms: int) -> None:
        self._made.extend([at_ms] * count)
