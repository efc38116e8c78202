"""An engine that lasts says at every moment what the one in memory says, also opened again."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from feed.errors import FeedError
from feed.log.base import Batch, EventLog
from feed.log.memory import MemoryLog
from feed.log.redis import RedisLog
from feed.log.sqlite import SqliteLog
from feed.model.entry import Record
from feed.model.topic import ALL
from tests.support.records import added, batch, changed, ended

Word: TypeAlias = Literal["change", "end", "event", "conflict"]
Step: TypeAlias = list[tuple[Word, int]] | float | None

TOPICS = 5
MANY: list[tuple[Word, int]] = [("change", n % TOPICS) for n in range(700)]
"""A few of these, and the items are written down beside the log."""

WORDS: st.SearchStrategy[list[tuple[Word, int]]] = st.lists(
    st.tuples(
        st.sampled_from(["change", "change", "end", "event", "conflict"]),
        st.integers(0, TOPICS - 1),
    ),
    max_size=5,
)
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    WORDS | st.just(MANY) | st.sampled_from([0.1, 0.5, 1.0]) | st.none(), max_size=12
)
"""Batches; a trim, of so much of the log; None: it is closed and opened again."""


@settings(max_examples=30)
@given(STEPS)
def test_sqlite_agrees(steps: list[Step]) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(_agree(partial(SqliteLog.open, Path(directory) / "feed.db"), steps))


@settings(max_examples=15)
@given(steps=STEPS)
def test_valkey_agrees(another_database: Callable[[], str], steps: list[Step]) -> None:
    asyncio.run(_agree(partial(RedisLog.open, another_database()), steps))


async def _agree(open_lasting: Callable[[], Awaitable[EventLog]], steps: list[Step]) -> None:
    memory, lasting = MemoryLog(), await open_lasting()
    versions: dict[str, int] = {}
    for step in steps:
        if step is None:
            await lasting.aclose()
            lasting = await open_lasting()
        elif isinstance(step, float):
            bounds = await memory.bounds()
            before = bounds.first + round(step * (bounds.head + 1 - bounds.first))
            await asyncio.gather(memory.trim(before), lasting.trim(before))
        else:
            records = [_record(word, f"price:{number}", versions) for word, number in step]
            one = await _append(memory, batch(*records))
            assert await _append(lasting, batch(*records)) == one
            versions = {item.topic: item.v for item in (await memory.items(ALL)).items}
        assert await _said(lasting) == await _said(memory)
    await lasting.aclose()


def _record(word: Word, topic: str, versions: dict[str, int]) -> Record:
    """The next record of a topic, whose version is noted."""
    v = versions.get(topic, 0)
    if word == "event":
        return added(f"e-{v}", v, topic)
    if word == "conflict":
        return changed(v + 2, topic)
    versions[topic] = v + 1
    return ended(v + 1, topic) if word == "end" else changed(v + 1, topic)


async def _append(log: EventLog, what: Batch) -> object:
    try:
        return await log.append(what)
    except FeedError as refused:
        return type(refused), str(refused)


async def _said(log: EventLog) -> list[object]:
    bounds, snapshot = await log.bounds(), await log.items(ALL)
    middle = (bounds.first + bounds.head) // 2
    return [
        (bounds.first, bounds.head),
        snapshot.offset,
        sorted(snapshot.items, key=attrgetter("topic")),
        [list(await log.read(after, 300)) for after in (bounds.first - 1, middle)],
        [await log.event_kind(f"price:{n}", f"e-{v}") for n in range(TOPICS) for v in range(4)],
    ]
