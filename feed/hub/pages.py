"""The past, read once for all who replay it: pages of the log, and the frames that tell them."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from feed.errors import LogTrimmed
from feed.hub.kept import Kept
from feed.log.base import READ_LIMIT, Bounds, EventLog
from feed.model.entry import Entry

_MOST_PAGES = 16
"""Some 16 MB: as much of the past as most clients come back from at once."""

_MOST_FRAMES = 64

_AT_ONCE = 8
"""Frames of the past written in one turn of the loop: at most half a megabyte, mostly."""

_offset = attrgetter("offset")


class Pages:
    """A page are the entries of `READ_LIMIT` neighbouring offsets; the log never changes them.

    `slices` are what of a page was told to somebody, and `frames` what told it, for others who come
    from the same place. `turns`: to be held while one is written, to the end of the loop's turn.
    """

    def __init__(self, events: EventLog) -> None:
        self.turns = asyncio.Semaphore(_AT_ONCE)
        self.slices = Kept(_MOST_FRAMES)
        self.frames = Kept(_MOST_FRAMES)
        self.log = events
        self._pages = Kept(_MOST_PAGES)
        self._asking: asyncio.Task[Bounds] | None = None

    async def bounds(self, place: int) -> Bounds:
        """What the log holds: asked once for all who come at once, with their places in it.

        Its end may be an older one, unless a place lies beyond that. Raises LogUnavailable.
        """
        if self._asking is None:
            self._asking = asyncio.create_task(self.log.bounds(), name="log bounds")
            self._asking.add_done_callback(self._asked)
        bounds = await asyncio.shield(self._asking)
        return bounds if place <= bounds.head else await self.log.bounds()

    def _asked(self, asking: "asyncio.Task[Bounds]") -> None:
        self._asking = None
        _ = asking.cancelled() or asking.exception()  # whoever asked has it, who still waits

    async def after(self, offset: int) -> Sequence[Entry]:
        """What follows an offset, to the end of its page; nothing at the log's end.

        Raises LogTrimmed, LogUnavailable.
        """
        start = offset - offset % READ_LIMIT
        try:
            entries = await asyncio.shield(self._pages.get(start, lambda: self._read(start)))
        except LogTrimmed:  # of the page's beginning, maybe, and not of what is asked for
            return await self.log.read(offset, start + READ_LIMIT - offset)
        return entries[bisect_right(entries, offset, key=_offset) :]

    def _read(self, start: int) -> "asyncio.Task[Sequence[Entry]]":
        reading = asyncio.create_task(self.log.read(start, READ_LIMIT), name="log page")

        def done(task: "asyncio.Task[Sequence[Entry]]") -> None:
            if task.cancelled() or task.exception() or len(task.result()) < READ_LIMIT:
                self._pages.drop(start)  # it failed, or more is still to come to it

        reading.add_done_callback(done)
        return reading
