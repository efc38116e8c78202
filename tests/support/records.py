"""Records and batches as a hub would make them, written short, and what a log then holds."""

import asyncio
from collections.abc import Sequence

from feed.log.base import Appended, Batch, BatchKey, EventLog
from feed.model.codec import JsonObject, encode
from feed.model.entry import Entry, Record, way_back
from feed.model.frame import item_gone, item_set, item_whole
from feed.model.topic import ALL

NOW_MS = 1_790_000_000_000
FUSE_S = 20


def changed(v: int, topic: str = "price:A", event_id: str | None = None) -> Record:
    """Version `v` of a topic, whose price it is; with an event `add` where an id is given."""
    ts = NOW_MS + v
    state: JsonObject = {"price": str(v)}
    data, first = encode(state), v == 1
    return Record(
        topic=topic,
        v=v,
        ts=ts,
        item=item_whole(topic, v, ts, data) if first else item_set(topic, v, ts, state),
        event=None if event_id is None else encode({"topic": topic, "id": event_id}),
        data=data,
        undo=None if first else way_back(ts - 1, {"price": str(v - 1)}),
        event_id=event_id,
        event_op=None if event_id is None else "add",
        event_kind=None if event_id is None else "goal",
    )


def ended(v: int, topic: str = "price:A") -> Record:
    """Version `v` of a topic, at which it is gone."""
    ts = NOW_MS + v
    undo = way_back(ts - 1, {"price": str(v - 1)})
    return Record(topic=topic, v=v, ts=ts, item=item_gone(topic, v, ts), undo=undo)


def added(event_id: str, v: int, topic: str = "price:A", kind: str = "goal") -> Record:
    """An event added to a topic at version `v`, which it leaves."""
    event = encode({"topic": topic, "id": event_id, "op": "add", "kind": kind})
    return Record(
        topic=topic,
        v=v,
        ts=NOW_MS,
        event=event,
        event_id=event_id,
        event_op="add",
        event_kind=kind,
    )


def voided(event_id: str, v: int, topic: str = "price:A", kind: str = "goal") -> Record:
    """An event of a topic at version `v` taken back."""
    event = encode({"topic": topic, "id": event_id, "op": "void", "kind": kind})
    return Record(
        topic=topic,
        v=v,
        ts=NOW_MS,
        event=event,
        event_id=event_id,
        event_op="void",
        event_kind=kind,
    )


def versions(first: int, last: int, topic: str = "price:A") -> list[Record]:
    """Records of the versions `first` to `last`."""
    return [changed(v, topic) for v in range(first, last + 1)]


def batch(*records: Record, at_ms: int = NOW_MS, dry_run: bool = False) -> Batch:
    """A batch without a key."""
    return Batch(records=records, at_ms=at_ms, dry_run=dry_run)


def keyed(
    key: str,
    *records: Record,
    digest: bytes = b"digest",
    answer: bytes = b"answer",
    at_ms: int = NOW_MS,
    dry_run: bool = False,
) -> Batch:
    """A batch with an idempotency key."""
    return Batch(
        records=records,
        at_ms=at_ms,
        key=BatchKey(key, digest),
        answer=answer,
        dry_run=dry_run,
    )


async def fill(log: EventLog, count: int, at_ms: int = NOW_MS) -> Appended:
    """Append the next `count` versions of `price:A` to a log that holds nothing else."""
    head = (await log.bounds()).head
    records = versions(head + 1, head + count)
    return await log.append(Batch(records=records, at_ms=at_ms))


async def held(log: EventLog) -> tuple[int, Sequence[Entry], set[tuple[str, int]]]:
    """What a log says: its head, its entries, and each topic's version."""
    bounds = await log.bounds()
    entries = await log.read(bounds.first - 1, 100_000)
    items = (await log.items(ALL)).items
    return bounds.head, list(entries), {(item.topic, item.v) for item in items}


async def followed(log: EventLog, after: int, to: int) -> list[Entry]:
    """What a new follower is given, up to an offset."""
    given: list[Entry] = []
    async with asyncio.timeout(FUSE_S):
        async for entries in log.follow(after):
            given += entries
            if given[-1].offset >= to:
                break
    return given
