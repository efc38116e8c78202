"""How followers in this process learn what was appended: a short memory, and a bell."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import islice

from feed.errors import FeedError, LogAway
from feed.log.base import READ_LIMIT
from feed.model.entry import Entry

_KEPT = 4096
"""Entries remembered for followers that keep up; who does not reads the engine."""

_PAUSE_S = 0.2
"""Between two tries to read an engine that is away."""


class Published:
    """The newest entries of a log, offsets without a gap, and who waits for the next."""

    def __init__(self, head: int) -> None:
        self.head = head
        self._recent: deque[Entry] = deque(maxlen=_KEPT)
        self._waiting: set[asyncio.Future[None]] = set()
        self._closed = False
        self._error: FeedError | None = None

    def publish(self, entries: Sequence[Entry]) -> None:
        """Show entries to every follower; to be called once they are durable, in order."""
        self._recent.extend(entries)
        self.head = entries[-1].offset
        self._wake()

    def close(self) -> None:
        """End every follower."""
        self._closed = True
        self._wake()

    def fail(self, error: FeedError) -> None:
        """End every follower with an error."""
        self._error = error
        self.close()

    async def follow(
        self, after: int, read: Callable[[int, int], Awaitable[Sequence[Entry]]]
    ) -> AsyncIterator[Sequence[Entry]]:
        """Give every entry after an offset, in order, once; `read` is the engine's own.

        While that is away it is asked again.
        """
        while not self._closed:
            if after >= self.head:
                # A future of one's own: cancelling one follower must not touch another.
                future = asyncio.get_running_loop().create_future()
                self._waiting.add(future)
                try:
                    await future
                finally:
                    self._waiting.discard(future)
                continue
            try:
                entries = self._after(after) or await read(after, READ_LIMIT)
            except LogAway:
                await asyncio.sleep(_PAUSE_S)
                continue
            after = entries[-1].offset
            yield entries
        if self._error:
            raise self._error

    def _after(self, after: int) -> Sequence[Entry]:
        """What is remembered after an offset; nothing when that does not reach back so far."""
        missed = self.head - after
        if missed > len(self._recent):
            return ()
        # From the end: a slice walks, and who keeps up misses only the last few of thousands.
        newest = list(islice(reversed(self._recent), missed))
        newest.reverse()
        return newest[:READ_LIMIT]

    def _wake(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
