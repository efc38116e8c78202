"""The thread that commits: what queued during its last commit is its next one."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from feed.errors import FeedError, LogUnavailable
from feed.log.bars import Packed
from feed.log.base import Appended, Batch
from feed.model.entry import Entry

_GROUP = 256
"""Batches in one commit at the most, so that none waits long for the others' work."""

Work: TypeAlias = Batch | int | Packed
"""A batch to append, the offset to trim before, or the bars of a minute to keep."""


class Committed(NamedTuple):
    """What one commit did: its new entries, where the log begins now, what became of each work."""

    entries: Sequence[Entry]
    first: int
    outcomes: Sequence[Appended | FeedError]


Commit: TypeAlias = Callable[[Sequence[Work]], Committed]
"""Makes all of it durable and returns then. Runs in the thread, and raises nothing."""

_Future: TypeAlias = "asyncio.Future[Appended]"


class GroupCommit:
    """Any number of tasks may await `do`; to be made in the loop.

    `committed` is called in the loop after each commit, before those who wait for it go on.
    """

    def __init__(self, commit: Commit, committed: Callable[[Committed], None]) -> None:
        self._commit = commit
        self._committed = committed
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[tuple[Work, _Future] | None] = queue.SimpleQueue()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="feed-log-write", daemon=True)
        self._thread.start()

    async def do(self, work: Work) -> Appended:
        """Wait until it is durable, or refused. A caller that is cancelled does not tear it."""
        if self._stopped:
            raise LogUnavailable("the log is closed")
        future: _Future = self._loop.create_future()
        self._jobs.put((work, future))
        return await future

    def stop(self) -> None:
        """Take no more work. What is queued is still done."""
        self._stopped = True
        self._jobs.put(None)

    def join(self) -> None:
        """Wait until all is done, after `stop`. Blocks: not for the loop's thread."""
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            works, futures = [job[0]], [job[1]]
            while len(works) < _GROUP and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    self._jobs.put(None)  # for the loop above, after this commit
                    break
                works.append(job[0])
                futures.append(job[1])
            self._loop.call_soon_threadsafe(self._deliver, self._commit(works), futures)

    def _deliver(self, committed: Committed, futures: Sequence[_Future]) -> None:
        """In the loop: followers first, then whoever waits, so that they find it published."""
        self._committed(committed)
        for future, outcome in zip(futures, committed.outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, FeedError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
