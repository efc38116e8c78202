"""The file of the SQLite log: its form, how it is opened, and what is read of it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from feed.errors import LogUnavailable
from feed.log import sqlite_bars
from feed.log.memory import new_epoch
from feed.model.entry import Entry

_FORMAT = 2
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

pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Entry]).decode


BUSY_MS = 5000
"""How long a connection waits for another one."""


def open_file(path: Path) -> sqlite3.Connection:
    """A connection as every thread of the log needs it; transactions are begun by hand."""
    db = sqlite3.connect(path, BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=0")  # the writer does it, and looks how it went
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
    """Every entry after an offset, in order, a row's at a time. SQLite checks no bytes of it."""
    for (packed,) in db.execute("SELECT entries FROM log WHERE last > ? ORDER BY last", (after,)):
        try:
            entries = _unpack(packed)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise sqlite3.DatabaseError(f"a row of entries is damaged: {error}") from error
        yield entries[max(0, after + 1 - entries[0].offset) :]


def read_newer(db: sqlite3.Connection) -> dict[str, Entry]:
    """For each item that is newer than `item` says, its last change."""
    rows = read_rows(db, read_meta(db, "items"))
    return {entry.topic: entry for row in rows for entry in row if entry.item is not None}


def words(error: Exception) -> str:
    """What is wrong; SQLite tells by a name alone which of many things of the disk failed."""
    name = getattr(error, "sqlite_errorname", "")
    return f"{error} ({name})" if name.startswith("SQLITE_IOERR") else str(error)


def prepare(db: sqlite3.Connection) -> str:
    """Make what the file does not have yet; its epoch. Raises LogUnavailable: no log of ours."""
    if not db.execute("SELECT name FROM sqlite_schema").fetchone():
        meta = {"format": _FORMAT, "epoch": new_epoch(), "first": 1, "items": 0}
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
        db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        db.execute("COMMIT")
    meta = dict(db.execute("SELECT name, value FROM meta"))
    if meta.get("format") != _FORMAT:
        raise LogUnavailable(f"not a log of format {_FORMAT}")
    db.executescript(f"{_NOTES}; {sqlite_bars.SCHEMA}")
    return str(meta["epoch"])


class Inodes:
    """Which files a log has open: what is written to one that was deleted or replaced is lost."""

    def __init__(self, path: Path) -> None:
        self._paths = (path, path.with_name(f"{path.name}-wal"))
        self._opened = [_inode(each) for each in self._paths]

    def size_bytes(self) -> int:
        """What they take. Raises LogUnavailable where one is not the file that was opened."""
        size = 0
        for path, opened in zip(self._paths, self._opened, strict=True):
            try:
                now = path.stat()
            except OSError as error:
                raise LogUnavailable(f"{path.name}: {error.strerror}") from error
            if (now.st_dev, now.st_ino) != opened:
                raise LogUnavailable(f"{path.name} is not the file that was opened")
            size += now.st_size
        return size


def _inode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
