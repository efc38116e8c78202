"""The log in one SQLite file: the default engine.

WAL and `synchronous=FULL`: a commit that returned survives a power cut (decision 0003). One
thread writes, and what queued during its last commit is the next one; a second thread reads.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeVar

from feed.errors import LogInUse, LogLost, LogTrimmed, LogUnavailable
from feed.log import sqlite_bars
from feed.log.bars import Bars, packed
from feed.log.base import Appended, Batch, Bounds, Note, Snapshot
from feed.log.group_commit import Committed, GroupCommit
from feed.log.lease import Sole
from feed.log.published import Published
from feed.log.sqlite_file import open_file, read_head, read_meta, read_newer, read_rows, words
from feed.log.sqlite_writer import Writer
from feed.log.trouble import Trouble
from feed.model.entry import Entry, Item
from feed.model.topic import Filters

T = TypeVar("T")

_TRIM_SLICE = 2000
"""Entries let go of in one commit: it takes less than a millisecond, and others get in between."""


class SqliteLog:
    """An EventLog in a file that this process alone owns."""

    durable = True

    def __init__(self, writer: Writer, reader: sqlite3.Connection, held: ExitStack) -> None:
        self._inodes = writer.inodes
        self._trouble = Trouble()
        self._epoch = writer.epoch
        self._first = writer.first
        self._published = Published(writer.head)
        self._reader = reader
        self._held = held
        self._reading = ThreadPoolExecutor(1, "feed-log-read")
        self._closed = False
        self._writing = GroupCommit(writer.commit, self._committed)

    @classmethod
    async def open(cls, path: Path) -> "SqliteLog":
        """Open or make the file; raises LogInUse, or LogUnavailable where it is no log of ours."""
        with ExitStack() as held:
            held.callback(os.close, _own(path))
            try:
                writer = held.enter_context(closing(Writer(path)))
                reader = held.enter_context(closing(open_file(path)))
            except (sqlite3.Error, OSError, UnicodeError, LogUnavailable) as error:
                raise LogUnavailable(f"{path}: {words(error)}") from error
            return cls(writer, reader, held.pop_all())

    @property
    def trouble(self) -> str:
        """See EventLog."""
        return self._trouble.words

    async def append(self, batch: Batch) -> Appended:
        """See EventLog."""
        return await self._writing.do(batch)

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """See EventLog."""
        return await self._read(lambda db: _read(db, after, limit))

    async def items(self, topics: Filters) -> Snapshot:
        """See EventLog."""
        return await self._read(lambda db: _items(db, topics))

    async def event_kind(self, topic: str, event_id: str) -> str | None:
        """See EventLog."""
        return await self._read(lambda db: _event_kind(db, topic, event_id))

    async def notes(self, limit: int) -> Sequence[Note]:
        """See EventLog."""
        query = 'SELECT "offset", at, note FROM note ORDER BY "offset" DESC LIMIT ?'
        return await self._read(lambda db: [Note(*row) for row in db.execute(query, (limit,))])

    async def bounds(self) -> Bounds:
        """See EventLog."""
        self._still_open()
        size = self._inodes.size_bytes()
        return Bounds(self._epoch, self._first, self._published.head, size)

    def follow(self, after: int) -> AsyncIterator[Sequence[Entry]]:
        """See EventLog."""
        return self._published.follow(after, self.read)

    async def keep(self, minute: int, bars: Bars, most: int) -> None:
        """See EventLog."""
        await self._writing.do(await asyncio.to_thread(packed, minute, bars, most))

    async def bars(self, topics: Collection[str], first: int, last: int) -> Mapping[int, Bars]:
        """See EventLog."""
        return await self._read(lambda db: sqlite_bars.read(db, topics, first, last))

    async def trim(self, before: int) -> None:
        """See EventLog. Others' appends go between the slices."""
        self._still_open()
        before = min(before, self._published.head + 1)
        while self._first < before:
            await self._writing.do(min(before, self._first + _TRIM_SLICE))

    def lease(self, holder: str, life_s: float) -> Sole:
        """See EventLog. Who has the log leads."""
        return Sole(holder)

    async def aclose(self) -> None:
        """See EventLog."""
        if self._closed:
            return
        self._closed = True
        self._published.close()
        self._writing.stop()
        await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        """The rest of `aclose`, which waits for both threads and for the disk."""
        self._writing.join()
        self._reading.shutdown()
        self._held.close()

    def _committed(self, committed: Committed) -> None:
        """What the writer made durable; runs in the loop, before whoever appended it goes on."""
        self._first = committed.first
        self._trouble.note(committed.outcomes)
        for outcome in committed.outcomes:
            if isinstance(outcome, LogLost):
                self._published.fail(outcome)
        if committed.entries:
            self._published.publish(committed.entries)

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query on the reading thread, all of it in one transaction."""
        self._still_open()

        def run() -> T:
            self._reader.execute("BEGIN")
            try:
                return query(self._reader)
            finally:
                self._reader.execute("ROLLBACK")

        try:
            return await asyncio.get_running_loop().run_in_executor(self._reading, run)
        except sqlite3.Error as error:
            raise LogUnavailable(words(error)) from error

    def _still_open(self) -> None:
        if self._closed:
            raise LogUnavailable("the log is closed")


def _own(path: Path) -> int:
    """Take the file for this process. The lock goes with the process, also at kill -9."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LogUnavailable(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise LogInUse(f"{path} belongs to another running process") from error
    return lock


def _read(db: sqlite3.Connection, after: int, limit: int) -> list[Entry]:
    first = read_meta(db, "first")
    if after + 1 < first:
        raise LogTrimmed(f"the log begins at {first}")
    found: list[Entry] = []
    for entries in read_rows(db, after):
        found += entries
        if len(found) >= limit:
            break
    return found[:limit]


def _items(db: sqlite3.Connection, topics: Filters) -> Snapshot:
    rows = db.execute("SELECT topic, v, ts, data FROM item")
    items = {row[0]: Item(*row) for row in rows}
    items |= {e.topic: Item(e.topic, e.v, e.ts, e.data) for e in read_newer(db).values()}
    wanted = [item for item in items.values() if topics.matches(item.topic)]
    return Snapshot(read_head(db), wanted)


def _event_kind(db: sqlite3.Connection, topic: str, event_id: str) -> str | None:
    row = db.execute(
        "SELECT kind FROM event WHERE topic = ? AND id = ?", (topic, event_id)
    ).fetchone()
    return row[0] if row else None
