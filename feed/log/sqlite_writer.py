"""The one thread that writes the SQLite log, in group commits."""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from feed.errors import FeedError, KeyReused, LogUnavailable
from feed.log.base import KEY_LIFE_MS, Appended, Batch, check, numbered
from feed.log.memory import new_epoch
from feed.model.entry import Entry, Record

log = logging.getLogger(__name__)

_FORMAT = 1
_GROUP = 256
"""Batches in one commit at the most, so that none waits long for the others' work."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE log (
    "offset" INTEGER PRIMARY KEY, at INTEGER NOT NULL, topic TEXT NOT NULL, v INTEGER NOT NULL,
    ts INTEGER NOT NULL, item BLOB, event BLOB, data BLOB, undo BLOB
) STRICT;
CREATE TABLE item (
    topic TEXT PRIMARY KEY, v INTEGER NOT NULL, ts INTEGER NOT NULL, data BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    topic TEXT NOT NULL, id TEXT NOT NULL, "offset" INTEGER NOT NULL, kind TEXT NOT NULL,
    PRIMARY KEY (topic, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_offset ON event ("offset");
CREATE TABLE answer (
    key TEXT PRIMARY KEY, digest BLOB NOT NULL, at INTEGER NOT NULL,
    "offset" INTEGER NOT NULL, answer BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_at ON answer (at);
"""


class Committed(NamedTuple):
    """What one commit made durable: new entries, and where the log begins now."""

    entries: list[Entry]
    first: int


Future: TypeAlias = "asyncio.Future[Appended]"
Job: TypeAlias = tuple[Batch | int, Future]
"""A batch to append, or the offset to trim before; and who waits for it."""


def open_file(path: Path) -> sqlite3.Connection:
    """A connection as every thread of the log needs it; transactions are begun by hand."""
    db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        db.close()
        raise
    return db


class Writer:
    """Has one connection to itself. `append` and `trim` may be awaited by any number of tasks."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        if not self._db.execute("SELECT name FROM sqlite_schema").fetchone():
            self._create()
        meta = dict(self._db.execute("SELECT name, value FROM meta"))
        if meta.get("format") != _FORMAT:
            raise LogUnavailable(f"not a log of format {_FORMAT}")
        self.epoch = str(meta["epoch"])
        self.head = int(meta["head"])
        self.first = int(meta["first"])
        newest = self._db.execute('SELECT at FROM log ORDER BY "offset" DESC LIMIT 1').fetchone()
        self._at = newest[0] if newest else 0
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stopped = False

    def _create(self) -> None:
        meta = {"format": _FORMAT, "epoch": new_epoch(), "head": 0, "first": 1}
        self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
        self._db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        self._db.execute("COMMIT")

    def start(
        self, loop: asyncio.AbstractEventLoop, committed: Callable[[Committed], None]
    ) -> None:
        """Begin to write; `committed` is called in the loop after each commit."""
        self._loop = loop
        self._committed = committed
        self._thread = threading.Thread(target=self._run, name="feed-log-write", daemon=True)
        self._thread.start()

    async def append(self, batch: Batch) -> Appended:
        """Append a batch, see EventLog. A caller that is cancelled does not tear the write."""
        return await self._submit(batch)

    async def trim(self, before: int) -> None:
        """Let go of one slice, in a commit of its own or with others' appends."""
        await self._submit(before)

    async def _submit(self, work: Batch | int) -> Appended:
        if self._stopped:
            raise LogUnavailable("the log is closed")
        future: Future = self._loop.create_future()
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
            jobs = [job]
            while len(jobs) < _GROUP and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    self._jobs.put(None)  # for the loop above, after this commit
                    break
                jobs.append(following)
            self._commit(jobs)

    def _commit(self, jobs: list[Job]) -> None:
        """Do a group of jobs in one transaction: a check fails one of them, a write fails all."""
        before = (self.head, self.first, self._at)
        entries: list[Entry] = []
        done: list[tuple[Future, Appended | FeedError]] = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for work, future in jobs:
                try:
                    done.append((future, self._do(work, entries)))
                except FeedError as refused:
                    done.append((future, refused))
            self._db.execute("COMMIT")
        except Exception as error:  # the thread's border: whatever it is, nobody may wait for ever
            if not isinstance(error, sqlite3.Error):
                log.exception("a batch could not be written; nothing of this commit was kept")
            self._roll_back()
            self.head, self.first, self._at = before
            entries = []
            done = [(future, LogUnavailable(str(error))) for _, future in jobs]
        self._loop.call_soon_threadsafe(self._deliver, Committed(entries, self.first), done)

    def _roll_back(self) -> None:
        if self._db.in_transaction:  # SQLite may have rolled back by itself
            self._db.execute("ROLLBACK")

    def _deliver(
        self, committed: Committed, done: list[tuple[Future, Appended | FeedError]]
    ) -> None:
        """In the loop: followers first, then whoever waits, so that they find it published."""
        self._committed(committed)
        for future, outcome in done:
            if future.done():
                continue
            if isinstance(outcome, FeedError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def _do(self, work: Batch | int, entries: list[Entry]) -> Appended:
        if isinstance(work, int):
            self._trim(work)
            return Appended(self.head)
        if work.key and (kept := self._kept(work.key.key)):
            digest, offset, answer = kept
            if digest != work.key.digest:
                raise KeyReused("this Idempotency-Key was used with another body")
            return Appended(offset, answer, duplicate=True)
        check(work.records, self._version_of, self._holds_event)
        if work.dry_run or not work.records:
            return Appended(self.head)
        return self._append(work, entries)

    def _append(self, batch: Batch, entries: list[Entry]) -> Appended:
        self._at = max(self._at, batch.at_ms)
        added = numbered(batch, self.head, self._at)
        self.head = added[-1].offset
        write = self._db.executemany
        write(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(e.offset, e.at, e.topic, e.v, e.ts, e.item, e.event, e.data, e.undo) for e in added],
        )
        last = {r.topic: (r.topic, r.v, r.ts, r.data) for r in batch.records if r.item is not None}
        write("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", last.values())
        write("INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?)", _events(batch.records, added))
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'head'", (self.head,))
        if batch.key:
            kept = (batch.key.key, batch.key.digest, self._at, self.head, batch.answer)
            self._db.execute("INSERT INTO answer VALUES (?, ?, ?, ?, ?)", kept)
        entries.extend(added)
        return Appended(self.head, batch.answer)

    def _trim(self, before: int) -> None:
        self.first = max(self.first, before)
        run = self._db.execute
        run('DELETE FROM log WHERE "offset" < ?', (self.first,))
        run('DELETE FROM event WHERE "offset" < ?', (self.first,))
        run("DELETE FROM answer WHERE at < ?", (self._at - KEY_LIFE_MS,))
        run("UPDATE meta SET value = ? WHERE name = 'first'", (self.first,))

    def _kept(self, key: str) -> tuple[bytes, int, bytes] | None:
        row: tuple[bytes, int, bytes] | None = self._db.execute(
            'SELECT digest, "offset", answer FROM answer WHERE key = ?', (key,)
        ).fetchone()
        return row

    def _version_of(self, topic: str) -> int:
        row = self._db.execute("SELECT v FROM item WHERE topic = ?", (topic,)).fetchone()
        return row[0] if row else 0

    def _holds_event(self, topic: str, event_id: str) -> bool:
        query = "SELECT 1 FROM event WHERE topic = ? AND id = ?"
        return self._db.execute(query, (topic, event_id)).fetchone() is not None


def _events(records: Sequence[Record], added: Sequence[Entry]) -> list[tuple[str, str, int, str]]:
    return [
        (record.topic, record.event_id, entry.offset, record.event_kind or "")
        for record, entry in zip(records, added, strict=True)
        if record.event_id is not None
    ]
