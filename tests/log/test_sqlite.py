"""What is the SQLite log's own: its file, its lock, its commits and how they fail."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from feed.errors import Conflict, LogInUse, LogUnavailable
from feed.log.base import Appended
from feed.log.group_commit import Committed, GroupCommit
from feed.log.sqlite import SqliteLog
from feed.log.sqlite_file import open_file
from feed.log.sqlite_writer import Writer
from feed.model.topic import ALL
from tests.support.full_disk import full_disk
from tests.support.records import FUSE_S, batch, changed, fill, held


@pytest.fixture
async def log(path: Path) -> AsyncIterator[SqliteLog]:
    opened = await SqliteLog.open(path)
    yield opened
    await opened.aclose()


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Meanwhile the writer waits, at the beginning of its next commit."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def queued(log: SqliteLog, count: int) -> list[asyncio.Task[Appended]]:
    """Appends of the first version of as many topics, each in a task of its own."""
    return [asyncio.create_task(log.append(batch(changed(1, f"price:{n}")))) for n in range(count)]


async def outcomes(*appends: asyncio.Task[Appended]) -> list[int | type[BaseException]]:
    """The offset that each gave, or what it raised."""
    done = await asyncio.wait_for(asyncio.gather(*appends, return_exceptions=True), FUSE_S)
    return [each.offset if isinstance(each, Appended) else type(each) for each in done]


async def test_commits_are_written_ahead_and_waited_for(path: Path) -> None:
    with closing(open_file(path)) as db:
        (journal,) = db.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = db.execute("PRAGMA synchronous").fetchone()

    assert (journal, synchronous) == ("wal", 2)


async def test_another_connection_sees_a_commit_that_returned(log: SqliteLog, path: Path) -> None:
    await fill(log, 3)

    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT last FROM log").fetchall() == [(3,)]


async def test_a_second_owner_is_refused_until_the_first_lets_go(
    log: SqliteLog, path: Path
) -> None:
    with pytest.raises(LogInUse, match=rf"^{path} belongs to another running process$"):
        await SqliteLog.open(path)
    await log.aclose()

    second = await SqliteLog.open(path)
    await second.aclose()


def _text(path: Path) -> None:
    path.write_text("no database at all, but longer than a header of one is" * 4)


def _directory(path: Path) -> None:
    path.mkdir()


def _other_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE shopping (what)")


def _other_format(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE meta (name, value)")
        db.execute("INSERT INTO meta VALUES ('format', 1)")
        db.commit()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_text, "file is not a database"),
        (_directory, "unable to open database file"),
        (_other_tables, "no such table: meta"),
        (_other_format, "not a log of format 2"),
    ],
)
async def test_what_is_no_log_is_named_and_left(
    path: Path, make: Callable[[Path], None], message: str
) -> None:
    make(path)

    for _ in range(2):  # the lock is let go of each time
        with pytest.raises(LogUnavailable, match=rf"^{path}: {message}$"):
            await SqliteLog.open(path)


async def test_no_directory_for_the_file(tmp_path: Path) -> None:
    path = tmp_path / "none" / "feed.db"

    with pytest.raises(LogUnavailable, match=rf"^{path}: No such file or directory$"):
        await SqliteLog.open(path)


async def test_what_is_queued_at_once_takes_few_commits(path: Path) -> None:
    with closing(Writer(path)) as writer:
        commits: list[Committed] = []
        writing = GroupCommit(writer.commit, commits.append)
        with busy(path):
            appends = [
                asyncio.create_task(writing.do(batch(changed(1, f"price:{n}")))) for n in range(600)
            ]
            await asyncio.sleep(0)  # each has queued its batch
        offsets = await outcomes(*appends)
        writing.stop()
        await asyncio.to_thread(writing.join)

    assert offsets == list(range(1, 601))
    entries = [entry.offset for commit in commits for entry in commit.entries]
    assert entries == list(range(1, 601))
    assert max(len(commit.entries) for commit in commits) == 256
    assert len(commits) <= 4  # what the first took before it had to wait, and three of the rest


async def test_a_refusal_concerns_one_batch_of_a_commit(log: SqliteLog, path: Path) -> None:
    with busy(path):
        good = queued(log, 3)
        bad = asyncio.create_task(log.append(batch(changed(1, "price:X"), changed(9, "price:Y"))))
        last = asyncio.create_task(log.append(batch(changed(1, "price:X"))))
        await asyncio.sleep(0)

    assert await outcomes(*good, bad, last) == [1, 2, 3, Conflict, 4]


async def test_a_full_disk_fails_all_of_a_commit_and_then_passes(
    log: SqliteLog, path: Path
) -> None:
    await log.append(batch(changed(1), changed(2, event_id="e")))
    before = await held(log)

    with full_disk(path):
        with busy(path):
            appends = queued(log, 40)
            await asyncio.sleep(0)
        failed = await outcomes(*appends)
        with pytest.raises(LogUnavailable):
            await log.trim(2)
        during = await held(log)
    after = await held(log)
    later = await log.append(batch(changed(3)))

    assert failed == [LogUnavailable] * 40
    assert during == after == before
    assert later == Appended(3)
    assert [entry.offset for entry in await log.read(0, 10)] == [1, 2, 3]
    await log.aclose()
    again = await SqliteLog.open(path)
    assert (await again.bounds()).head == 3
    assert [(item.topic, item.v) for item in (await again.items(ALL)).items] == [("price:A", 3)]
    await again.aclose()


async def test_what_sqlite_cannot_hold_fails_its_commit_and_is_logged(
    log: SqliteLog, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(log, 1)
    before = await held(log)
    impossible = msgspec.structs.replace(changed(1, "price:X"), ts=2**64)

    with busy(path):
        first = asyncio.create_task(log.append(batch(impossible)))
        await asyncio.sleep(0)

    assert await outcomes(first) == [LogUnavailable]
    assert await held(log) == before
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert (await log.append(batch(changed(2)))).offset == 2


async def test_an_append_that_nobody_waits_for_any_more_does_not_stop_the_others(
    log: SqliteLog, path: Path
) -> None:
    with busy(path):
        one, other = queued(log, 2)
        await asyncio.sleep(0)
        one.cancel()
        assert await outcomes(one) == [asyncio.CancelledError]

    assert await outcomes(other) == [2]
    assert [entry.topic for entry in await log.read(0, 10)] == ["price:0", "price:1"]


async def test_aclose_finishes_what_is_queued(log: SqliteLog, path: Path) -> None:
    with busy(path):
        appends = queued(log, 300)
        await asyncio.sleep(0)
        closing_it = asyncio.create_task(log.aclose())
        await asyncio.sleep(0)
    await closing_it

    assert await outcomes(*appends) == list(range(1, 301))
    again = await SqliteLog.open(path)
    assert (await again.bounds()).head == 300
    await again.aclose()


async def test_a_log_that_cannot_be_read(log: SqliteLog, path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TABLE event")

    with pytest.raises(LogUnavailable, match="no such table: event"):
        await log.event_kind("price:A", "e")
    assert (await log.bounds()).head == 0


def _take_away(path: Path) -> None:
    path.unlink()


async def test_a_log_whose_file_was_taken_away(log: SqliteLog, path: Path) -> None:
    _take_away(path)

    with pytest.raises(LogUnavailable, match=path.name):
        await log.bounds()
