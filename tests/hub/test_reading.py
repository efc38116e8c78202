"""Reading on from a cursor."""

from feed.hub.pages import Pages
from feed.hub.reading import MAX_BYTES, Slice, fit, next_slice
from feed.hub.tail import Tail
from feed.log.base import Snapshot
from feed.log.memory import MemoryLog
from feed.model.entry import Entry, Record
from feed.model.topic import ALL, Filters
from tests.support.log import appended


def entry(offset: int, size: int = 2, *, event: bool = False) -> Entry:
    body = b"x" * size
    return Entry(offset, 0, "price:A", offset, 0, body, body if event else None, b"", None)


def test_what_fits_a_frame() -> None:
    assert fit([entry(n) for n in range(1, 1002)]) == 1000
    assert fit([entry(n, event=True) for n in range(1, 1002)]) == 500
    assert fit([entry(1, MAX_BYTES), entry(2)]) == 1
    assert fit([entry(1, MAX_BYTES + 1), entry(2)]) == 1, "one goes in any case"


async def _log(count: int, size: int = 2) -> MemoryLog:
    log = MemoryLog()
    for v in range(1, count + 1):
        await appended(log, Record(topic="price:A", v=v, ts=0, item=b"x" * size, data=b"{}"))
    return log


async def _slices(log: MemoryLog, tail: Tail, cursor: int, filters: Filters) -> list[Slice]:
    parts = []
    while part := await next_slice(Pages(log), tail, cursor, filters):
        parts.append(part)
        cursor = part.upto
    return parts


async def test_memory_and_log_tell_the_same() -> None:
    log = await _log(5)
    entries = await log.read(0, 10)
    near, far = Tail(Snapshot(0, []), 10), Tail(Snapshot(5, []), 10)
    near.extend(entries)

    assert await _slices(log, near, 2, ALL) == await _slices(log, far, 2, ALL)
    assert await _slices(log, near, 5, ALL) == []


async def test_nothing_beyond_the_head_of_a_lane_that_is_late() -> None:
    log = await _log(5)
    late = Tail(Snapshot(3, []), 10)

    (part,) = await _slices(log, late, 0, ALL)

    assert [each.offset for each in part.entries] == [1, 2, 3]
    assert part.upto == 3


async def test_what_matches_nothing_still_moves_on() -> None:
    log = await _log(3)

    (part,) = await _slices(log, Tail(Snapshot(3, []), 10), 0, Filters.of(["price:B"]))

    assert part == Slice([], 3, is_short=True)


async def test_a_long_backlog_comes_in_slices_and_is_not_short() -> None:
    log = await _log(1500)

    parts = await _slices(log, Tail(Snapshot(1500, []), 10), 0, ALL)

    assert [(len(part.entries), part.upto, part.is_short) for part in parts] == [
        (1000, 1000, False),
        (500, 1500, True),
    ]


async def test_a_large_backlog_is_not_short() -> None:
    log = await _log(3, size=40_000)

    (part,) = await _slices(log, Tail(Snapshot(3, []), 10), 0, ALL)

    assert not part.is_short


async def test_a_slice_ends_where_a_frame_is_full() -> None:
    log = await _log(3, size=MAX_BYTES // 2 - 2)

    parts = await _slices(log, Tail(Snapshot(3, []), 10), 0, ALL)

    assert [part.upto for part in parts] == [2, 3]
