"""The one connection that writes the file of the SQLite log, and what it does when a disk fails.

A sync that failed has told so once: what it was to write may never reach the disk, and the next
sync succeeds all the same. Decision 0017 says what follows from that.
"""

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from feed.errors import FeedError, KeyReused, LogLost, LogUnavailable
from feed.log import sqlite_bars
from feed.log.bars import Packed
from feed.log.base import (
    KEY_LIFE_MS,
    MOST_NOTES,
    Appended,
    Batch,
    Ground,
    check,
    keeps,
    numbered,
)
from feed.log.group_commit import Committed, Work
from feed.log.sqlite_file import (
    BUSY_MS,
    Inodes,
    open_file,
    pack,
    prepare,
    read_head,
    read_meta,
    read_newer,
    read_rows,
    words,
)
from feed.model.entry import Entry, Record

log = logging.getLogger(__name__)

_ROW = 128
"""Entries in one row at the most: to read one of them, all are read."""

_BEHIND = 2048
"""Entries that the items may be behind: to write them takes a commit some milliseconds more."""

_CHECKPOINT_PAGES = 1000
"""Pages in the write-ahead log, as they are reckoned, before it goes into the database.

SQLite would do that by itself as often, but not say that it failed.
"""

_CHECKPOINT_MS = 200
"""How long it waits for who reads; a backup takes longer, and must not hold up appends."""

_PAGE_BYTES = 4096
_COMMIT_PAGES = 4
_EVENT_PAGES = 3


def _is_passing(error: sqlite3.Error) -> bool:
    """Whether room alone, or another's lock, was in the way: all is as it was before."""
    return getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_BUSY")


def _is_corrupt(error: Exception) -> bool:
    name: str = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


class _Group:
    """What one commit adds, and how the log stands after it; it counts once it is committed."""

    def __init__(self, head: int, first: int, items: int, at: int) -> None:
        self.head = head
        self.first = first
        self.items = items
        self.at = at
        self.entries: list[Entry] = []
        self.newer: dict[str, Entry] = {}
        self.grounds: list[Ground] = []


class Writer:
    """Has one connection to itself, and all versions in memory: it reads little when it writes.

    Opening it raises sqlite3.Error, or LogUnavailable where the file is no log of ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lost: LogLost | None = None
        self._db = db = open_file(path)
        try:
            self.epoch = prepare(db)
            self.head = read_head(db)
            self.first = read_meta(db, "first")
            self._items = read_meta(db, "items")
            self._at = max((row[-1].at for row in read_rows(db, self.head - 1)), default=0)
            self._newer = read_newer(db)
            self._versions = dict(db.execute("SELECT topic, v FROM item"))
            self._versions.update((topic, entry.v) for topic, entry in self._newer.items())
            self.inodes = Inodes(path)
            self._pages = 0
            # Nor is it built on what only the system's memory may hold, of a process before this.
            self._is_sound = self._empty()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def commit(self, works: Sequence[Work]) -> Committed:
        """Do it all in one transaction: a check fails one of the works, a write fails all."""
        group = _Group(self.head, self.first, self._items, self._at)
        outcomes: list[Appended | FeedError] = []
        try:
            self._demand_sound()
            self._db.execute("BEGIN IMMEDIATE")
            for work in works:
                try:
                    outcomes.append(self._do(work, group))
                except FeedError as refused:
                    outcomes.append(refused)
            self._write(group)
            self._db.execute("COMMIT")
        except Exception as error:  # the thread's border: whatever it is, nobody may wait for ever
            if not isinstance(error, sqlite3.Error | LogUnavailable):
                log.exception("a batch could not be written; nothing of this commit was kept")
            for ground in group.grounds:
                ground.is_so = False
            unavailable = self._undone(error)
            return Committed((), self.first, [unavailable] * len(works))
        self._keep(group)
        if self._pages > _CHECKPOINT_PAGES:
            try:
                self._checkpoint("FULL")
            except sqlite3.Error as error:  # what was committed stands, in the write-ahead log
                log.warning("the write-ahead log cannot be emptied: %s", words(error))
                self._is_sound = False
        return Committed(group.entries, self.first, outcomes)

    def _demand_sound(self) -> None:
        if self._lost:
            raise self._lost
        self.inodes.size_bytes()
        if not self._is_sound:
            self._make_sound()

    def _undone(self, error: Exception) -> LogUnavailable:
        """Let go of the transaction, and tell what that means for the next one."""
        if isinstance(error, sqlite3.OperationalError) and not _is_passing(error):
            self._is_sound = False
        if self._db.in_transaction:  # SQLite may have rolled back by itself
            with suppress(sqlite3.Error):  # the next BEGIN fails then, and it is opened again
                self._db.execute("ROLLBACK")
        if _is_corrupt(error):
            error = LogLost(f"{self._path}: {error}")
        if isinstance(error, LogLost):
            self._lost = error
        return error if isinstance(error, LogUnavailable) else LogUnavailable(words(error))

    def _make_sound(self) -> None:
        """Go on, with another connection, once all that was acknowledged is written anew."""
        db = open_file(self._path)
        self._db.close()
        self._db = db
        if not self._empty():
            raise LogUnavailable("others read the file while it is to be written anew")
        if (prepare(db), read_head(db)) != (self.epoch, self.head):
            raise LogLost(f"{self._path} does not hold what was acknowledged")
        self._is_sound = True

    def _empty(self) -> bool:
        """Write every page of the write-ahead log into the database, sync it, and begin it anew."""
        return self._checkpoint("TRUNCATE")

    def _checkpoint(self, mode: str) -> bool:
        """Write the write-ahead log into the database; whether all of it, for who reads is waited.

        Pages that are written while a reader is behind are not synced, and not written again.
        """
        self._db.execute(f"PRAGMA busy_timeout={_CHECKPOINT_MS}")
        (is_busy, *_) = self._db.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        self._db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        self._pages = 0
        return not is_busy

    def _keep(self, group: _Group) -> None:
        self.head, self.first, self._at = group.head, group.first, group.at
        self._versions.update((topic, entry.v) for topic, entry in group.newer.items())
        if group.items > self._items:
            self._items = group.items
            self._newer.clear()
        else:
            self._newer.update(group.newer)

    def _do(self, work: Work, group: _Group) -> Appended:
        if isinstance(work, int):
            self._trim(work, group)
            return Appended(group.head)
        if isinstance(work, Packed):
            sqlite_bars.keep(self._db, work)
            return Appended(group.head)
        if work.key and (kept := self._kept(work.key.key)):
            digest, offset, answer = kept
            if digest != work.key.digest:
                raise KeyReused("this Idempotency-Key was used with another body")
            return Appended(offset, answer, duplicate=True)

        def version_of(topic: str) -> int:
            entry = group.newer.get(topic)
            return self._versions.get(topic, 0) if entry is None else entry.v

        check(work, version_of, self._holds_event)
        if not keeps(work):
            return Appended(group.head)
        return self._append(work, group)

    def _append(self, batch: Batch, group: _Group) -> Appended:
        """Take a batch into the group; its entries are written with those of the others."""
        group.at = max(group.at, batch.at_ms)
        added = numbered(batch, group.head, group.at)
        group.head += len(added)
        group.entries += added
        group.newer.update({entry.topic: entry for entry in added if entry.item is not None})
        if events := _events(batch.records, added):
            self._db.executemany("INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?)", events)
            self._pages += _EVENT_PAGES * len(events)
        if batch.note:
            note = (group.head, group.at, batch.note)
            self._db.execute("INSERT INTO note VALUES (?, ?, ?)", note)
        if batch.key:
            kept = (batch.key.key, batch.key.digest, group.at, group.head, batch.answer)
            self._db.execute("INSERT INTO answer VALUES (?, ?, ?, ?, ?)", kept)
        batch.ground.is_so = True
        group.grounds.append(batch.ground)
        return Appended(group.head, batch.answer)

    def _write(self, group: _Group) -> None:
        entries, write = group.entries, self._db.executemany
        rows = [entries[start : start + _ROW] for start in range(0, len(entries), _ROW)]
        packed = [(row[-1].offset, pack(row)) for row in rows]
        write("INSERT INTO log VALUES (?, ?)", packed)
        self._pages += sum(len(each) for _, each in packed) // _PAGE_BYTES + _COMMIT_PAGES
        if group.head - group.items < _BEHIND and group.first <= group.items + 1:
            return
        newer = self._newer | group.newer
        items = [(e.topic, e.v, e.ts, e.data) for _, e in sorted(newer.items())]
        write("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", items)
        self._pages += len(items)
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'items'", (group.head,))
        group.items = group.head

    def _trim(self, before: int, group: _Group) -> None:
        group.first = max(group.first, before)
        run = self._db.execute
        run("DELETE FROM log WHERE last < ?", (group.first,))
        run('DELETE FROM event WHERE "offset" < ?', (group.first,))
        run("DELETE FROM answer WHERE at < ?", (group.at - KEY_LIFE_MS,))
        beyond = 'SELECT "offset" FROM note ORDER BY "offset" DESC LIMIT 1 OFFSET ?'
        run(f'DELETE FROM note WHERE "offset" <= ({beyond})', (MOST_NOTES,))  # noqa: S608
        run("UPDATE meta SET value = ? WHERE name = 'first'", (group.first,))

    def _kept(self, key: str) -> tuple[bytes, int, bytes] | None:
        row: tuple[bytes, int, bytes] | None = self._db.execute(
            'SELECT digest, "offset", answer FROM answer WHERE key = ?', (key,)
        ).fetchone()
        return row

    def _holds_event(self, topic: str, event_id: str) -> bool:
        query = "SELECT 1 FROM event WHERE topic = ? AND id = ?"
        return self._db.execute(query, (topic, event_id)).fetchone() is not None


def _events(records: Sequence[Record], added: Sequence[Entry]) -> list[tuple[str, str, int, str]]:
    return [
        (record.topic, record.event_id, entry.offset, record.event_kind or "")
        for record, entry in zip(records, added, strict=True)
        if record.event_id is not None
    ]
