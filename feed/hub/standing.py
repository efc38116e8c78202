"""The events of one topic as they stand after all that was said of them. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from feed.model.change import Op
from feed.model.codec import JsonObject, decode


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


def standing(events: Iterable[bytes]) -> list[Standing]:
    """Events as frames have them, in order → in the order in which they were first told."""
    found: dict[str, Standing] = {}
    for event in events:
        told: Any = decode(event)
        found[told["id"]] = _standing(told, found.get(told["id"]))
    return list(found.values())


def _standing(told: dict[str, Any], before: Standing | None) -> Standing:
    """An event after one more word about it. An amendment and a void keep its time."""
    op, kind, data = told["op"], told["kind"], told.get("data") or {}
    ts = before.ts if before else told["ts"]
    if op != "void":
        return Standing(told["id"], op, kind, ts, data)
    why = data.get("why")
    known = before.data if before else {}
    return Standing(told["id"], op, kind, ts, known, why if isinstance(why, str) else None)
