"""A program that appends to a SQLite log until it is killed.

A line of its output, `topic v offset`, is a batch of three versions that was acknowledged.
"""

import asyncio
import sys
from pathlib import Path

from feed.log.base import EventLog
from feed.log.sqlite import SqliteLog
from feed.model.topic import ALL
from tests.support.records import keyed, versions

TOPICS = ("price:A", "price:B", "price:C", "price:D")


async def main(path: Path) -> None:
    """Append to every topic at once, each from where it is."""
    log = await SqliteLog.open(path)
    there = {item.topic: item.v for item in (await log.items(ALL)).items}
    await asyncio.gather(*(append(log, topic, there.get(topic, 0)) for topic in TOPICS))


async def append(log: EventLog, topic: str, v: int) -> None:
    """Append the versions after `v`, three by three, and say each batch once it is durable."""
    while True:
        records = versions(v + 1, v + 3, topic)
        v += 3
        appended = await log.append(keyed(f"{topic} {v}", *records, answer=str(v).encode()))
        sys.stdout.write(f"{topic} {v} {appended.offset}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
