"""The log in memory: for tests and demos. What it holds ends with the process."""

import secrets
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from itertools import islice

from feed.errors import KeyReused, LogTrimmed, LogUnavailable
from feed.log.bars import MOST_LET_GO, Bars, counted
from feed.log.base import (
    KEY_LIFE_MS,
    MOST_NOTES,
    Appended,
    Batch,
    Bounds,
    Note,
    Snapshot,
    check,
    keeps,
    numbered,
)
from feed.log.lease import Sole
from feed.log.published import Published
from feed.model.entry import Entry, Item
from feed.model.topic import Filters


def new_epoch() -> str:
    """A name for one incarnation of a log: 40 random bits, lower-case."""
    return secrets.token_hex(5)


class MemoryLog:
    """Lists and dicts; every method runs to its end without a pause."""

    durable = False
    trouble = ""

    def __init__(self) -> None:
        self._epoch = new_epoch()
        self._entries: list[Entry] = []
        self._first = 1
        self._size_bytes = 0
        self._at = 0
        self._items: dict[str, Item] = {}
        self._events: dict[tuple[str, str], tuple[int, str]] = {}
        self._answers: dict[str, tuple[bytes, int, Appended]] = {}
        self._notes: deque[Note] = deque(maxlen=MOST_NOTES)
        self._minutes: dict[int, Bars] = {}
        self._bars = 0
        self._published = Published(0)
        self._closed = False

    async def append(self, batch: Batch) -> Appended:
        """See EventLog."""
        self._still_open()
        if batch.key and (kept := self._answers.get(batch.key.key)):
            digest, _, appended = kept
            if digest != batch.key.digest:
                raise KeyReused("this Idempotency-Key was used with another body")
            return appended
        check(batch, self._version_of, self._holds_event)
        head = self._published.head
        if not keeps(batch):
            return Appended(head)
        self._at = max(self._at, batch.at_ms)
        entries = numbered(batch, head, self._at)
        self._keep(batch, entries)
        batch.ground.is_so = True
        if entries:
            self._published.publish(entries)
        return Appended(self._published.head, batch.answer)

    def _keep(self, batch: Batch, entries: Sequence[Entry]) -> None:
        self._entries.extend(entries)
        self._size_bytes += sum(entry.size_bytes for entry in entries)
        for record, entry in zip(batch.records, entries, strict=True):
            if record.item is not None:
                self._items[record.topic] = Item(record.topic, record.v, record.ts, record.data)
            if record.event_id is not None:
                event = (record.topic, record.event_id)
                self._events[event] = (entry.offset, record.event_kind or "")
        if batch.note:
            self._notes.append(Note(entries[-1].offset, self._at, batch.note))
        if batch.key:
            offset = self._published.head + len(entries)
            again = Appended(offset, batch.answer, duplicate=True)
            self._answers[batch.key.key] = (batch.key.digest, self._at, again)

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """See EventLog."""
        self._still_open()
        start = after + 1 - self._first
        if start < 0:
            raise LogTrimmed(f"the log begins at {self._first}")
        return self._entries[start : start + limit]

    async def items(self, topics: Filters) -> Snapshot:
        """See EventLog."""
        self._still_open()
        wanted = [item for item in self._items.values() if topics.matches(item.topic)]
        return Snapshot(self._published.head, wanted)

    async def event_kind(self, topic: str, event_id: str) -> str | None:
        """See EventLog."""
        self._still_open()
        held = self._events.get((topic, event_id))
        return held[1] if held else None

    async def bounds(self) -> Bounds:
        """See EventLog."""
        self._still_open()
        return Bounds(self._epoch, self._first, self._published.head, self._size_bytes)

    def follow(self, after: int) -> AsyncIterator[Sequence[Entry]]:
        """See EventLog."""
        return self._published.follow(after, self.read)

    async def notes(self, limit: int) -> Sequence[Note]:
        """See EventLog."""
        self._still_open()
        return list(islice(reversed(self._notes), limit))

    async def keep(self, minute: int, bars: Bars, most: int) -> None:
        """See EventLog."""
        self._still_open()
        if minute <= max(self._minutes, default=-1):
            return
        self._minutes[minute] = dict(bars)
        self._bars += counted(bars)
        for oldest in list(islice(self._minutes, MOST_LET_GO)):
            if self._bars <= most:
                break
            self._bars -= counted(self._minutes.pop(oldest))

    async def bars(self, topics: Collection[str], first: int, last: int) -> Mapping[int, Bars]:
        """See EventLog."""
        self._still_open()
        return {
            minute: {topic: bar for topic, bar in bars.items() if topic in topics}
            for minute, bars in self._minutes.items()
            if first <= minute <= last
        }

    async def trim(self, before: int) -> None:
        """See EventLog."""
        self._still_open()
        first = max(self._first, min(before, self._published.head + 1))
        gone = first - self._first
        self._size_bytes -= sum(entry.size_bytes for entry in self._entries[:gone])
        del self._entries[:gone]
        self._first = first
        self._events = {key: at for key, at in self._events.items() if at[0] >= first}
        oldest = self._at - KEY_LIFE_MS
        self._answers = {key: kept for key, kept in self._answers.items() if kept[1] >= oldest}

    def lease(self, holder: str, life_s: float) -> Sole:
        """See EventLog. Who has the log leads."""
        return Sole(holder)

    async def aclose(self) -> None:
        """See EventLog."""
        self._closed = True
        self._published.close()

    def _version_of(self, topic: str) -> int:
        item = self._items.get(topic)
        return item.v if item else 0

    def _holds_event(self, topic: str, event_id: str) -> bool:
        return (topic, event_id) in self._events

    def _still_open(self) -> None:
        if self._closed:
            raise LogUnavailable("the log is closed")
