"""What a log promises, whichever engine keeps it. `tests/log/test_contract*.py` hold them to it."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from feed.errors import Conflict, EventExists, EventUnknown
from feed.log.bars import Bars
from feed.log.lease import Lease
from feed.model.entry import Entry, Item, Record
from feed.model.topic import Filters

KEY_LIFE_MS = 24 * 3600 * 1000
"""How long an idempotency key is kept at the least (protocol section 6)."""

MOST_NOTES = 10_000
"""Batches of which the audit remembers something."""

UNFOUNDED = "what it was planned on was not appended"

READ_LIMIT = 1000
"""Entries that followers and readers ask for at once: some 300 KB, about a millisecond."""


class BatchKey(msgspec.Struct, frozen=True):
    """An idempotency key, and a digest of the body that it came with."""

    key: str
    digest: bytes


class Ground(msgspec.Struct, eq=False):
    """What stands or falls with a batch: the engine says that it `is_so` once it is appended."""

    is_so: bool = False


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Records to append as one. `at_ms`: the wall clock now.

    `ground` is its own, and `on` those of earlier batches on whose states its own were planned
    before these were appended: without all of them it is no batch of this log.

    `key` makes it idempotent: `answer` is kept with it and given back to whoever repeats it. With
    no records it keeps the key all the same where it has an answer, and else only looks it up.
    `dry_run`: check all, write nothing, use up no key. `term`: of a source, what its instance's
    lease gave it: the log refuses it once another instance leads. `note`: what is remembered of the
    batch for the audit; empty: nothing is.
    """

    records: Sequence[Record]
    at_ms: int
    key: BatchKey | None = None
    answer: bytes = b""
    dry_run: bool = False
    term: str = ""
    note: bytes = b""
    ground: Ground = msgspec.field(default_factory=Ground)
    on: Collection[Ground] = ()


class Appended(msgspec.Struct, frozen=True):
    """`offset` of the batch's last record (the head, where nothing was written); the key's answer.

    The records of a batch have neighbouring offsets. `duplicate`: the key was there before.
    """

    offset: int
    answer: bytes = b""
    duplicate: bool = False


class Note(msgspec.Struct, frozen=True):
    """What is remembered of a batch: where its last record stands, when that was, and its note."""

    offset: int
    at: int
    note: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """Items, those that are gone included, all valid at `offset`."""

    offset: int
    items: Sequence[Item]


class Bounds(msgspec.Struct, frozen=True):
    """What the log holds: offsets `first` to `head`; `first` is `head + 1` where it is empty."""

    epoch: str
    first: int
    head: int
    size_bytes: int = 0


class EventLog(Protocol):
    """The one total order of all changes.

    Offsets grow strictly from 1 and are never used again, also after trim and reopening. `epoch`
    changes when, and only when, offsets may start again: a log lives in one epoch, and after it
    raises LogReplaced, and from then on nothing else; the next one is another log. Every method
    raises LogUnavailable when the engine cannot do its work now; it may be tried again.
    """

    @property
    def durable(self) -> bool:
        """Whether an append that returned survives a crash and a power cut."""
        ...

    @property
    def trouble(self) -> str:
        """Why the last append from here was not taken, where that was the engine; empty: it was."""
        ...

    async def append(self, batch: Batch) -> Appended:
        """Append all of the batch or nothing, in order; durable on return where `durable` says so.

        Raises Conflict when a record's version does not follow the topic's, or one of those that
        the batch was planned on was not appended before it; EventExists, EventUnknown; KeyReused;
        Fenced. Safe to cancel: the batch may still be appended then, and
        so it may after LogUnavailable, if the engine is elsewhere: who says it again gives a key.
        """
        ...

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """At most `limit` entries after an offset, in order. Raises LogTrimmed on a gap."""
        ...

    async def items(self, topics: Filters) -> Snapshot:
        """Current items, in one consistent read."""
        ...

    async def event_kind(self, topic: str, event_id: str) -> str | None:
        """The kind of an event that the log holds; None where it holds no such id."""
        ...

    async def bounds(self) -> Bounds:
        """What the log holds now."""
        ...

    def follow(self, after: int) -> AsyncIterator[Sequence[Entry]]:
        """Every entry after an offset, in order, once, as it becomes durable; ends at `aclose`.

        Raises LogTrimmed when the follower is overtaken by retention, LogReplaced.
        """
        ...

    async def notes(self, limit: int) -> Sequence[Note]:
        """The newest notes, the last one first; `MOST_NOTES` are kept, whatever is trimmed."""
        ...

    async def keep(self, minute: int, bars: Bars, most: int) -> None:
        """Keep the bars of a minute, whatever is trimmed; nothing happens where it has them.

        Nor where it has a later minute's. `minute`: minutes since the Unix epoch. Of all minutes
        `most` bars are kept, a minute without any counting as one: the oldest minutes go.
        """
        ...

    async def bars(self, topics: Collection[str], first: int, last: int) -> Mapping[int, Bars]:
        """The minutes that are kept from `first` to `last`, in order, with these topics' bars."""
        ...

    async def trim(self, before: int) -> None:
        """Let go of entries with an offset below `before`; items and versions stay."""
        ...

    def lease(self, holder: str, life_s: float) -> Lease:
        """The right to run the sources on this log, for an instance of this name."""
        ...

    async def aclose(self) -> None:
        """End followers and let go of the engine. Idempotent."""
        ...


def check(
    batch: Batch,
    version_of: Callable[[str], int],
    holds_event: Callable[[str, str], bool],
) -> None:
    """Refuse a batch that does not follow from the current state; engines call it before writing.

    Raises Conflict, EventExists or EventUnknown. Each record sees those before it.
    """
    if not all(ground.is_so for ground in batch.on):
        raise Conflict(UNFOUNDED)
    versions: dict[str, int] = {}
    events: set[tuple[str, str]] = set()
    for index, record in enumerate(batch.records):
        topic = record.topic
        v = versions[topic] if topic in versions else version_of(topic)
        if record.v != v + (record.item is not None):
            raise Conflict(f"{topic} is at version {v}")
        versions[topic] = record.v
        if record.event_id is None:
            continue
        event = (topic, record.event_id)
        held = event in events or holds_event(*event)
        if record.event_op == "add" and held:
            raise EventExists(f"{topic} already has an event {record.event_id}", index)
        if record.event_op != "add" and not held:
            raise EventUnknown(f"{topic} has no event {record.event_id}", index)
        events.add(event)


def keeps(batch: Batch) -> bool:
    """Whether there is anything to write, once it is checked."""
    return not batch.dry_run and bool(batch.records or (batch.key and batch.answer))


def numbered(batch: Batch, head: int, at: int) -> list[Entry]:
    """The records of a batch as the entries that follow `head`."""
    return [
        Entry(head + n, at, r.topic, r.v, r.ts, r.item, r.event, r.data, r.undo)
        for n, r in enumerate(batch.records, 1)
    ]
