"""What the SQLite log does when its disk fails; tests/blackbox/test_disk.py has whole servers."""

import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from feed.errors import LogLost, LogUnavailable
from feed.log.base import Appended, EventLog
from feed.log.probe import probe
from feed.log.sqlite import SqliteLog
from tests.support.full_disk import full_disk
from tests.support.records import NOW_MS, batch, changed, fill, followed

FAILED = r"^disk I/O error \(SQLITE_IOERR_WRITE\)$"


@pytest.fixture
async def log(path: Path) -> AsyncIterator[SqliteLog]:
    opened = await SqliteLog.open(path)
    yield opened
    await opened.aclose()


def wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def size(path: Path) -> int:
    return path.stat().st_size


async def broken(log: EventLog, path: Path) -> None:
    """Let one append be taken, and one fail, so that nothing is trusted before it is looked at."""
    await log.append(batch(changed(1)))
    with full_disk(path), pytest.raises(LogUnavailable, match=FAILED):
        await log.append(batch(changed(2)))


def changed_by_hand(path: Path, command: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(command)


@contextmanager
def read_by_another(path: Path) -> Iterator[None]:
    """Another program reads the file meanwhile, as it is now."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM log").fetchall()
        yield


async def head_of_the_database_alone(path: Path) -> int:
    """What it holds without the write-ahead log."""
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    log = await SqliteLog.open(copy)
    head = (await log.bounds()).head
    await log.aclose()
    return head


async def test_after_a_failure_all_is_written_anew_before_more_is_appended(
    log: SqliteLog, path: Path
) -> None:
    await broken(log, path)
    assert await head_of_the_database_alone(path) == 0

    assert await log.append(batch(changed(2))) == Appended(2)
    assert await head_of_the_database_alone(path) == 1
    assert [entry.offset for entry in await followed(log, 0, 2)] == [1, 2]


async def test_what_is_found_at_the_start_is_written_anew(path: Path) -> None:
    """The process before may have ended at a sync that failed."""
    log = await SqliteLog.open(path)
    await fill(log, 9)
    left = path.with_name("left.db")
    shutil.copy(wal(path), wal(left))
    shutil.copy(path, left)
    await log.aclose()

    again = await SqliteLog.open(left)
    assert size(wal(left)) == 0
    assert await head_of_the_database_alone(left) == 9
    await again.aclose()


@pytest.mark.parametrize(
    "command", ["DELETE FROM log", "UPDATE meta SET value='x' WHERE name='epoch'"]
)
async def test_a_file_that_holds_something_else_is_not_gone_on_with(
    log: SqliteLog, path: Path, command: str
) -> None:
    await broken(log, path)
    changed_by_hand(path, command)

    for _ in range(2):
        with pytest.raises(LogLost, match=r"feed.db does not hold what was acknowledged$"):
            await log.append(batch(changed(2)))
    with pytest.raises(LogLost):
        await anext(log.follow(1))


async def test_a_file_that_is_corrupt_is_not_gone_on_with(log: SqliteLog, path: Path) -> None:
    await broken(log, path)
    for file in (path, wal(path)):
        with file.open("r+b") as written:
            written.write(bytes(size(file)))

    with pytest.raises(LogLost, match=r"feed.db: file is not a database$"):
        await log.append(batch(changed(2)))
    with pytest.raises(LogLost):
        await anext(log.follow(1))


async def test_who_reads_the_file_is_waited_for(path: Path) -> None:
    log = await SqliteLog.open(path)
    await fill(log, 2)
    with read_by_another(path):
        await log.aclose()
        log = await SqliteLog.open(path)
        with pytest.raises(LogUnavailable, match="others read the file"):
            await fill(log, 1)
        assert (await log.bounds()).head == 2

    assert await fill(log, 1) == Appended(3)
    await log.aclose()


async def test_a_damaged_row_is_no_fault_of_ours(log: SqliteLog, path: Path) -> None:
    await fill(log, 1)
    changed_by_hand(path, "UPDATE log SET entries = x'9192'")

    with pytest.raises(LogUnavailable, match=r"^a row of entries is damaged: "):
        await log.read(0, 1)
    await log.aclose()
    with pytest.raises(LogUnavailable, match=r"feed.db: a row of entries is damaged: "):
        await SqliteLog.open(path)


@pytest.mark.parametrize("name", ["feed.db", "feed.db-wal"])
async def test_nothing_is_appended_to_a_file_that_is_no_longer_there(
    log: SqliteLog, path: Path, name: str
) -> None:
    await fill(log, 1)
    file = path.with_name(name)
    moved = file.rename(path.with_name("moved"))
    for words in (f"{name}: No such file or directory", f"{name} is not the file that was opened"):
        with pytest.raises(LogUnavailable, match=f"^{words}$"):
            await fill(log, 1)
        with pytest.raises(LogUnavailable, match=f"^{words}$"):
            await log.append(batch(changed(2)))
        file.touch()

    moved.rename(file)
    assert await fill(log, 1) == Appended(2)


async def test_the_write_ahead_log_is_emptied_now_and_then(log: SqliteLog, path: Path) -> None:
    for _ in range(80):
        await fill(log, 1000)

    assert size(path) > 2 * size(wal(path))


async def fill_for_ever(log: EventLog) -> None:
    while True:
        await fill(log, 100)


async def test_a_database_that_cannot_grow_takes_nothing_and_loses_nothing(
    log: SqliteLog, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(log, 1000)
    while size(path) < 1.5 * size(wal(path)):
        await fill(log, 1000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size(path), hard))
    try:
        with pytest.raises(LogUnavailable, match=FAILED):
            await fill_for_ever(log)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    head = (await log.bounds()).head
    assert caplog.text.count("the write-ahead log cannot be emptied") == 1

    assert await fill(log, 1) == Appended(head + 1)
    assert await head_of_the_database_alone(path) == head


async def test_trouble_is_told_until_an_append_is_taken(
    log: SqliteLog, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert log.trouble == ""
    await broken(log, path)
    with full_disk(path), pytest.raises(LogUnavailable):
        await probe(log, NOW_MS)
    assert log.trouble == "disk I/O error (SQLITE_IOERR_WRITE)"

    await probe(log, NOW_MS)
    assert log.trouble == ""
    assert await log.append(batch(changed(2))) == Appended(2)
    assert [record.message for record in caplog.records] == [
        "nothing can be appended to the log: disk I/O error (SQLITE_IOERR_WRITE)",
        "the log takes appends again",
    ]


async def test_a_log_that_takes_appends_is_not_probed(log: SqliteLog, path: Path) -> None:
    await fill(log, 1)
    before = size(wal(path))

    await probe(log, NOW_MS)

    assert size(wal(path)) == before
