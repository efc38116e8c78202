"""Reading on from a cursor: from memory where that reaches back, else from the log."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

from feed.hub.pages import Pages
from feed.hub.plan import Step, go_on
from feed.hub.tail import Tail
from feed.log.base import READ_LIMIT
from feed.model.entry import Entry
from feed.model.topic import Filters

MAX_ELEMENTS = 1000
MAX_BYTES = 1 << 20
"""What one frame tells at the most (protocol section 4, of a poll's answer)."""

KEEPS_UP_BYTES = 1 << 16
"""A backlog of at most so much is told version by version: its reader was away for a moment."""

_offset = attrgetter("offset")


class Slice(NamedTuple):
    """Matching entries, in order; there is nothing else that matches up to `upto`.

    `is_short`: it is all that was missing and little, so that nothing need be merged.
    """

    entries: Sequence[Entry]
    upto: int
    is_short: bool


async def next_slice(pages: Pages, tail: Tail, cursor: int, filters: Filters) -> Slice | None:
    """What follows a cursor and fits a frame, maybe nothing that matches; None at the tail's head.

    Raises LogTrimmed, LogUnavailable.
    """
    match go_on(cursor, tail.first, tail.head):
        case Step.WAIT:
            return None
        case Step.TAIL:
            entries = tail.after(cursor, READ_LIMIT)
        case _:
            entries = await pages.after(cursor)
    head = tail.head
    return pages.slices.get((filters, cursor, head), lambda: _cut(entries, head, filters))


def _cut(entries: Sequence[Entry], head: int, filters: Filters) -> Slice:
    """What of some entries matches and fits a frame; they may go beyond the head."""
    entries = entries[: bisect_right(entries, head, key=_offset)]
    wanted = [entry for entry in entries if filters.matches(entry.topic)]
    fitting = wanted[: fit(wanted)]
    whole = len(fitting) == len(wanted)
    upto = entries[-1].offset if whole else fitting[-1].offset
    size = sum(entry.size_bytes for entry in fitting)
    is_short = whole and upto == head and size <= KEEPS_UP_BYTES
    return Slice(fitting, upto, is_short)


def fit(entries: Sequence[Entry]) -> int:
    """How many of the entries fit into one frame; at least one, where there are any."""
    elements = accumulate((e.item is not None) + (e.event is not None) for e in entries)
    sizes = accumulate(e.size_bytes + len(e.data or b"") for e in entries)
    fitting = sum(
        count <= MAX_ELEMENTS and size <= MAX_BYTES
        for count, size in zip(elements, sizes, strict=True)
    )
    return max(1, fitting)
