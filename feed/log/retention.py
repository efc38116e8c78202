"""How much of the log is kept: by age and by count. Current items are kept always."""

from feed.log.base import EventLog


async def place_at(log: EventLog, at_ms: int) -> int:
    """The offset of the last entry appended at or before a moment; `first - 1` where none was.

    A binary search: about twenty single reads in a million entries. Raises LogTrimmed when
    retention overtakes it.
    """
    bounds = await log.bounds()
    low, high = bounds.first - 1, bounds.head
    while low < high:
        middle = (low + high + 1) // 2
        (entry,) = await log.read(middle - 1, 1)
        if entry.at <= at_ms:
            low = middle
        else:
            high = middle - 1
    return low


async def trim(log: EventLog, now_ms: int, *, age_s: float, entries: int) -> None:
    """Let go of what is `age_s` old or older, and of what is beyond the newest `entries`."""
    bounds = await log.bounds()
    old = await place_at(log, now_ms - round(age_s * 1000))
    before = max(old, bounds.head - entries) + 1
    if before > bounds.first:
        await log.trim(before)
