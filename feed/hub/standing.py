"""The events of one topic as they stand after all that was said of them. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec

from feed.model.change import Op
from feed.model.codec import JsonObject, decode


class Standing(msgspec.Struct, frozen=True):
    """An event after all that was said of it. `op`: what was said last; `ts`: when it was first.

    `data` is what it is, or was before it was taken back (`void`); `why` says why it was amended
    or taken back.
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
    """An event after one more word about it."""
    op, kind, data = told["op"], told["kind"], told.get("data") or {}
    why = data.get("why")
    why = why if op != "add" and isinstance(why, str) else None
    if op == "void" and before:
        kind, data = before.kind, before.data
    return Standing(told["id"], op, kind, before.ts if before else told["ts"], data, why)
