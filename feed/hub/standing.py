"""The events of one topic as they stand, read from the log."""

from typing import Any

import msgspec

from feed.errors import LogTrimmed
from feed.log.base import READ_LIMIT, EventLog
from feed.model.change import Op
from feed.model.codec import JsonObject, decode

RECALL = 50_000
"""Entries of the log that are looked through, the newest ones."""

MOST = 100
"""Events that are told, the newest ones."""


class Standing(msgspec.Struct, frozen=True):
    """An event after all that was said of it. `op`: what was said last.

    `data` is what it is, or was before it was taken back (`void`); `why` says why it was.
    """

    id: str
    op: Op
    kind: str
    ts: int
    data: JsonObject
    why: str | None = None


async def timeline(log: EventLog, topic: str) -> list[Standing]:
    """In the order in which they were first told, the newest first. Raises LogUnavailable."""
    found: dict[str, Standing] = {}
    bounds = await log.bounds()
    place = max(bounds.first - 1, bounds.head - RECALL)
    while True:
        try:
            entries = await log.read(place, READ_LIMIT)
        except LogTrimmed:  # meanwhile
            place = (await log.bounds()).first - 1
            continue
        if not entries:
            break
        place = entries[-1].offset
        for entry in entries:
            if entry.topic == topic and entry.event is not None:
                told: Any = decode(entry.event)
                found[told["id"]] = _standing(told, found.get(told["id"]))
    return list(reversed(found.values()))[:MOST]


def _standing(told: dict[str, Any], before: Standing | None) -> Standing:
    """An event after one more word about it. An amendment and a void keep its time."""
    op, kind, data = told["op"], told["kind"], told.get("data") or {}
    ts = before.ts if before else told["ts"]
    if op != "void":
        return Standing(told["id"], op, kind, ts, data)
    why = data.get("why")
    known = before.data if before else {}
    return Standing(told["id"], op, kind, ts, known, why if isinstance(why, str) else None)
