"""kill -9 while it writes: what the SQLite log acknowledged is there afterwards, whole."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from itertools import count
from pathlib import Path

from feed.log.base import Appended
from feed.log.sqlite import SqliteLog
from feed.model.topic import ALL
from tests.log.appender import TOPICS
from tests.support.records import keyed, versions

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
BATCHES = 60


async def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "feed.db"
    heads = [0]
    for _ in range(ROUNDS):
        said = await _append_and_kill(path)
        log = await SqliteLog.open(path)
        entries = await log.read(0, 100_000)
        items = {item.topic: item.v for item in (await log.items(ALL)).items}
        topic, v, offset = said[-1]
        again = await log.append(keyed(f"{topic} {v}", *versions(v - 2, v, topic)))
        heads.append((await log.bounds()).head)
        await log.aclose()

        assert [entry.offset for entry in entries] == list(range(1, heads[-1] + 1))
        places = {(entry.topic, entry.v): entry.offset for entry in entries}
        assert [each for each in said if places.get((each[0], each[1])) != each[2]] == []
        for name in TOPICS:
            found = [entry.v for entry in entries if entry.topic == name]
            assert found == list(range(1, items[name] + 1))
            assert len(found) % 3 == 0  # no batch in part
        assert again == Appended(offset, str(v).encode(), duplicate=True)
    assert heads == sorted(set(heads))


async def _append_and_kill(path: Path) -> list[tuple[str, int, int]]:
    """Topic, version and offset of what was acknowledged before the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.log.appender", str(path), cwd=ROOT, stdout=PIPE
    )
    assert process.stdout is not None
    lines: list[bytes] = []
    async with asyncio.timeout(30):
        for number in count(1):
            line = await process.stdout.readline()
            assert line, "it ended by itself"
            lines.append(line)
            if number == BATCHES:
                break
        process.kill()
        lines += (await process.stdout.read()).splitlines(keepends=True)
        await process.wait()
    words = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [(topic, int(v), int(offset)) for topic, v, offset in words]
