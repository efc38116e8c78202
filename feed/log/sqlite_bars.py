"""The bars per minute of a SQLite log: two tables beside the log's own."""

import sqlite3
from collections.abc import Collection

from feed.log.bars import MOST_LET_GO, Bars, Packed, bars_in, wanted_parts

SCHEMA = """
CREATE TABLE IF NOT EXISTS minute (
    minute INTEGER PRIMARY KEY, bars INTEGER NOT NULL, parts INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS bars (
    minute INTEGER NOT NULL, part INTEGER NOT NULL, bars BLOB NOT NULL,
    PRIMARY KEY (minute, part)
) STRICT, WITHOUT ROWID;
"""
"""Which files of this format did not always have. Rows come at the end, and go at the front."""


def keep(db: sqlite3.Connection, new: Packed) -> None:
    """Write a minute, unless there is a later one, and let go of the oldest that are too many."""
    newest, held = db.execute("SELECT max(minute), sum(bars) FROM minute").fetchone()
    if newest is not None and new.minute <= newest:
        return
    db.execute("INSERT INTO minute VALUES (?, ?, ?)", (new.minute, new.bars, len(new.parts)))
    parts = [(new.minute, part, bars) for part, bars in enumerate(new.parts)]
    db.executemany("INSERT INTO bars VALUES (?, ?, ?)", parts)
    beyond = (held or 0) + new.bars - new.most
    before = None
    oldest = db.execute("SELECT minute, bars FROM minute ORDER BY minute LIMIT ?", (MOST_LET_GO,))
    for minute, count in oldest:
        if beyond <= 0:
            break
        before, beyond = minute, beyond - count
    if before is not None:
        db.execute("DELETE FROM bars WHERE minute <= ?", (before,))
        db.execute("DELETE FROM minute WHERE minute <= ?", (before,))


def read(db: sqlite3.Connection, topics: Collection[str], first: int, last: int) -> dict[int, Bars]:
    """The minutes from `first` to `last`, with the bars of some topics."""
    minutes = "SELECT minute, parts FROM minute WHERE minute BETWEEN ? AND ? ORDER BY minute"
    found: dict[int, Bars] = {}
    for minute, parts in db.execute(minutes, (first, last)).fetchall():
        bars = found[minute] = {}
        for part in wanted_parts(topics, parts):
            query = "SELECT bars FROM bars WHERE minute = ? AND part = ?"
            bars |= bars_in(db.execute(query, (minute, part)).fetchone()[0], topics)
    return found
