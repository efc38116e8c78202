"""The past, read once for all who replay it: pages of the log, and the frames that tell them."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from feed.errors import LogTrimmed
from feed.hub.kept import Kept
from feed.log.base import READ_LIMIT, EventLog
from feed.model.entry import Entry

_MOST_PAGES = 16
"""Some 16 MB: as much of the past as most clients come back from at once."""

_MOST_FRAMES = 64

_offset = attrgetter("offset")


class Pages:
    """A page are the entries of `READ_LIMIT` neighbouring offsets; the log never changes them.

    `frames`: those that told part of a page to somebody, for others who come from the same place.
    """

    def __init__(self, events: EventLog) -> None:
        self.frames = Kept(_MOST_FRAMES)
        self.log = events
        self._pages = Kept(_MOST_PAGES)

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
