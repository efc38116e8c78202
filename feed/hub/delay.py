"""Seeing everything later: the state at a past place, and the log at a delayed pace."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from operator import attrgetter

from feed.clock import Clock
from feed.errors import LogTrimmed
from feed.log.base import READ_LIMIT, EventLog, Snapshot
from feed.log.retention import place_at
from feed.model.entry import Entry, Item


def lasting(delay_ms: int) -> int:
    """The delay that is kept for a delay: two digits of it, rounded up.

    What viewers choose is mostly that already (1500, 12000), and there are some 400 of them in all.
    """
    unit: int = 10 ** max(0, len(str(delay_ms)) - 2)
    return -(-delay_ms // unit) * unit


async def snapshot_at(log: EventLog, current: Callable[[], Snapshot], at_ms: int) -> Snapshot:
    """All items as they were at a moment, or at the oldest place that the log still tells.

    Worked out from the `current` items, which it shares where nothing has changed since.
    """
    while True:
        try:
            place = await place_at(log, at_ms)
            now = current()
            items = {item.topic: item for item in now.items}
            place = min(place, now.offset)
            items |= await _before(log, place, now.offset)
        except LogTrimmed:
            continue  # retention has moved on meanwhile: the oldest place is another now
        return Snapshot(place, list(items.values()))


async def _before(log: EventLog, place: int, upto: int) -> dict[str, Item]:
    """The items that changed after a place, as they were there."""
    items: dict[str, Item] = {}
    while place < upto:
        entries = await log.read(place, READ_LIMIT)
        for entry in entries:
            if entry.item is not None and entry.topic not in items and entry.offset <= upto:
                items[entry.topic] = entry.item_before()
        place = entries[-1].offset
    return items


async def follow_late(
    log: EventLog, after: int, delay_ms: int, clock: Clock
) -> AsyncIterator[Sequence[Entry]]:
    """Every entry after an offset, each `delay_ms` after it was appended.

    Or so long after it was read here: a wall clock that was set back holds up nothing.
    """
    time_s = asyncio.get_running_loop().time
    async for entries in log.follow(after):
        rest, latest_s = entries, time_s() + delay_ms / 1000
        while rest:
            due_ms = clock.now_ms() - delay_ms
            is_late = time_s() >= latest_s
            due = len(rest) if is_late else bisect_right(rest, due_ms, key=attrgetter("at"))
            if due:
                yield rest[:due]
                rest = rest[due:]
            else:
                await asyncio.sleep(min((rest[0].at - due_ms) / 1000, latest_s - time_s()))
