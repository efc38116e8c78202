"""What stands in the file of the SQLite log: rows of entries, and items that may be behind them."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from feed.errors import Conflict, LogUnavailable
from feed.log.sqlite import SqliteLog
from feed.model.bar import Bar
from feed.model.entry import Item
from feed.model.topic import ALL
from tests.support.full_disk import full_disk
from tests.support.records import NOW_MS, added, batch, changed, ended, fill, versions

ITEMS = "SELECT topic, v, ts, data FROM item"
STANDS = "SELECT value FROM meta WHERE name = 'items'"


@pytest.fixture
async def log(path: Path) -> AsyncIterator[SqliteLog]:
    opened = await SqliteLog.open(path)
    yield opened
    await opened.aclose()


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """What another connection reads."""
    with closing(sqlite3.connect(path)) as other:
        return other.execute(query).fetchall()


async def test_entries_are_rows_of_at_most_128_of_one_commit(log: SqliteLog, path: Path) -> None:
    await fill(log, 300)
    await fill(log, 1)

    assert rows(path, "SELECT last FROM log") == [(128,), (256,), (300,), (301,)]
    for after, limit, first, last in ((0, 301, 1, 301), (127, 2, 128, 129), (299, 9, 300, 301)):
        read = await log.read(after, limit)
        assert [entry.offset for entry in read] == list(range(first, last + 1))


async def test_a_row_is_let_go_with_its_last_entry(log: SqliteLog, path: Path) -> None:
    await fill(log, 300)
    await log.trim(256)
    assert rows(path, "SELECT last FROM log") == [(256,), (300,)]
    assert [entry.offset for entry in await log.read(255, 2)] == [256, 257]

    await log.trim(257)
    assert rows(path, "SELECT last FROM log") == [(300,)]


async def test_a_file_that_keeps_no_bars_yet_begins_to(path: Path) -> None:
    log = await SqliteLog.open(path)
    await log.append(batch(changed(1)))
    await log.aclose()
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE bars; DROP TABLE minute")

    log = await SqliteLog.open(path)
    assert await log.bars(["price:A"], 0, 9) == {}
    await log.keep(9, {"price:A": Bar("1")}, 9)
    assert await log.bars(["price:A"], 0, 9) == {9: {"price:A": Bar("1")}}
    await log.aclose()


async def test_items_are_written_now_and_then(log: SqliteLog, path: Path) -> None:
    await log.append(batch(changed(1, "price:B"), ended(2, "price:B")))
    await log.append(batch(*versions(1, 2045)))
    assert (rows(path, ITEMS), rows(path, STANDS)) == ([], [(0,)])

    await log.append(batch(added("e", v=2045)))
    written = [
        ("price:A", 2045, NOW_MS + 2045, b'{"price":"2045"}'), ("price:B", 2, NOW_MS + 2, None),
    ]  # fmt: skip
    assert (rows(path, ITEMS), rows(path, STANDS)) == (written, [(2048,)])

    await log.append(batch(changed(2046)))
    assert (rows(path, ITEMS), rows(path, STANDS)) == (written, [(2048,)])
    assert (await log.items(ALL)).offset == 2049
    assert set((await log.items(ALL)).items) == {
        Item("price:A", 2046, NOW_MS + 2046, b'{"price":"2046"}'),
        Item("price:B", 2, NOW_MS + 2, None),
    }


async def test_items_that_were_not_written_are_when_it_is_opened_again(path: Path) -> None:
    log = await SqliteLog.open(path)
    await log.append(batch(changed(1, "price:B"), *versions(1, 1000)))
    await log.aclose()
    assert rows(path, ITEMS) == []

    log = await SqliteLog.open(path)
    with pytest.raises(Conflict):
        await log.append(batch(changed(1, "price:B")))
    await log.append(batch(*versions(1001, 2047)))
    await log.aclose()
    assert [row[:2] for row in rows(path, ITEMS)] == [("price:A", 2047), ("price:B", 1)]


async def test_no_entry_is_let_go_that_tells_an_item(log: SqliteLog, path: Path) -> None:
    await log.append(batch(changed(1, "price:B"), *versions(1, 9)))
    await log.trim(2)

    assert rows(path, STANDS) == [(10,)]
    assert [row[:2] for row in rows(path, ITEMS)] == [("price:A", 9), ("price:B", 1)]

    await log.append(batch(changed(10)))
    await log.trim(11)
    assert rows(path, STANDS) == [(10,)], "what came after is still held"


async def test_items_are_written_by_the_next_commit_after_one_that_failed(
    log: SqliteLog, path: Path
) -> None:
    await log.append(batch(*versions(1, 2000)))
    with full_disk(path), pytest.raises(LogUnavailable):
        await log.append(batch(*versions(2001, 2100)))
    assert (rows(path, ITEMS), rows(path, STANDS)) == ([], [(0,)])

    await log.append(batch(*versions(2001, 2100)))
    assert [row[:2] for row in rows(path, ITEMS)] == [("price:A", 2100)]
