"""The file of the SQLite log: its form, and the one connection that writes it."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from feed.errors import FeedError, KeyReused, LogUnavailable
from feed.log import sqlite_bars
from feed.log.bars import Packed
from feed.log.base import KEY_LIFE_MS, MOST_NOTES, Appended, Batch, check, keeps, numbered
from feed.log.group_commit import Committed, Work
from feed.log.memory import new_epoch
from feed.model.entry import Entry, Record

log = logging.getLogger(__name__)

_FORMAT = 2
_ROW = 128
"""Entries in one row at the most: to read one of them, all are read."""

_BEHIND = 2048
"""Entries that the items may be behind: to write them takes a commit some milliseconds more."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE log (last INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
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
"""A row of `log` is neighbouring entries of one commit as MessagePack, and the last's offset.

`item` tells the items as of the offset `items` in `meta`; what changed since is in `log`.
"""

_NOTES = """
CREATE TABLE IF NOT EXISTS note (
    "offset" INTEGER PRIMARY KEY, at INTEGER NOT NULL, note BLOB NOT NULL
) STRICT
"""
"""Which files of this format did not always have."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Entry]).decode


def open_file(path: Path) -> sqlite3.Connection:
    """A connection as every thread of the log needs it; transactions are begun by hand."""
    db = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA secure_delete=OFF")  # all of it was public: it need not be overwritten
    except sqlite3.Error:
        db.close()
        raise
    return db


def read_meta(db: sqlite3.Connection, name: str) -> int:
    """`first`, the oldest offset that is held, or `items`, the one that `item` stands at."""
    (value,) = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return int(value)


def read_head(db: sqlite3.Connection) -> int:
    """The newest offset that was given, though its entry may have been let go."""
    (last,) = db.execute("SELECT coalesce(max(last), 0) FROM log").fetchone()
    return max(int(last), read_meta(db, "first") - 1)


def read_rows(db: sqlite3.Connection, after: int) -> Iterator[list[Entry]]:
    """Every entry after an offset, in order, a row's at a time."""
    for (packed,) in db.execute("SELECT entries FROM log WHERE last > ? ORDER BY last", (after,)):
        entries = _unpack(packed)
        yield entries[max(0, after + 1 - entries[0].offset) :]


def read_newer(db: sqlite3.Connection) -> dict[str, Entry]:
    """For each item that is newer than `item` says, its last change."""
    rows = read_rows(db, read_meta(db, "items"))
    return {entry.topic: entry for row in rows for entry in row if entry.item is not None}


class _Group:
    """What one commit adds, and how the log stands after it; it counts once it is committed."""

    def __init__(self, head: int, first: int, items: int, at: int) -> None:
        self.head = head
        self.first = first
        self.items = items
        self.at = at
        self.entries: list[Entry] = []
        self.newer: dict[str, Entry] = {}


class Writer:
    """Has one connection to itself, and all versions in memory: it reads little when it writes."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        if not db.execute("SELECT name FROM sqlite_schema").fetchone():
            self._create()
        meta = dict(db.execute("SELECT name, value FROM meta"))
        if meta.get("format") != _FORMAT:
            raise LogUnavailable(f"not a log of format {_FORMAT}")
        db.executescript(f"{_NOTES}; {sqlite_bars.SCHEMA}")
        self.epoch = str(meta["epoch"])
        self.head = read_head(db)
        self.first = read_meta(db, "first")
        self._items = read_meta(db, "items")
        self._at = max((row[-1].at for row in read_rows(db, self.head - 1)), default=0)
        self._newer = read_newer(db)
        self._versions = dict(db.execute("SELECT topic, v FROM item"))
        self._versions.update((topic, entry.v) for topic, entry in self._newer.items())

    def _create(self) -> None:
        meta = {"format": _FORMAT, "epoch": new_epoch(), "first": 1, "items": 0}
        self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
        self._db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        self._db.execute("COMMIT")

    def commit(self, works: Sequence[Work]) -> Committed:
        """Do it all in one transaction: a check fails one of the works, a write fails all."""
        group = _Group(self.head, self.first, self._items, self._at)
        outcomes: list[Appended | FeedError] = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for work in works:
                try:
                    outcomes.append(self._do(work, group))
                except FeedError as refused:
                    outcomes.append(refused)
            self._write(group)
            self._db.execute("COMMIT")
        except Exception as error:  # the thread's border: whatever it is, nobody may wait for ever
            if not isinstance(error, sqlite3.Error):
                log.exception("a batch could not be written; nothing of this commit was kept")
            if self._db.in_transaction:  # SQLite may have rolled back by itself
                self._db.execute("ROLLBACK")
            return Committed((), self.first, [LogUnavailable(str(error)) for _ in works])
        self._keep(group)
        return Committed(group.entries, self.first, outcomes)

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

        check(work.records, version_of, self._holds_event)
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
        if batch.note:
            note = (group.head, group.at, batch.note)
            self._db.execute("INSERT INTO note VALUES (?, ?, ?)", note)
        if batch.key:
            kept = (batch.key.key, batch.key.digest, group.at, group.head, batch.answer)
            self._db.execute("INSERT INTO answer VALUES (?, ?, ?, ?, ?)", kept)
        return Appended(group.head, batch.answer)

    def _write(self, group: _Group) -> None:
        entries, write = group.entries, self._db.executemany
        rows = [entries[start : start + _ROW] for start in range(0, len(entries), _ROW)]
        write("INSERT INTO log VALUES (?, ?)", [(row[-1].offset, _pack(row)) for row in rows])
        if group.head - group.items < _BEHIND and group.first <= group.items + 1:
            return
        newer = self._newer | group.newer
        items = [(e.topic, e.v, e.ts, e.data) for _, e in sorted(newer.items())]
        write("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", items)
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
