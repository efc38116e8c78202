"""What sources and the admin say: a change that has no place in the log yet."""

from typing import Literal, TypeAlias

import msgspec

from feed.model.codec import JsonObject

Op: TypeAlias = Literal["add", "amend", "void"]
OPS: tuple[Op, ...] = ("add", "amend", "void")
Release: TypeAlias = Literal["over", "all"]


class EventChange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event to add, to replace (`amend`) or to take back (`void`).

    Without `id` an `add` is given one. Without `kind`, `amend` and `void` keep the event's own.
    `ts` in milliseconds since the Unix epoch; None means when it is appended.
    """

    op: Op = "add"
    kind: str | None = None
    id: str | None = None
    ts: int | None = None
    data: JsonObject = msgspec.field(default_factory=dict)


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One change of one topic: of its item, an event on it, or both as one.

    At most one of `patch` (a merge patch, `set` in JSON), `data` (the whole state) and `gone`.
    `ts`: when the source says that it happened, milliseconds; None means when it is appended.
    `if_v`: refuse unless the item is at this version (0: the topic does not exist).
    `recorded`: a step of a recording, which a source's log keeps even where it changes nothing.
    `pin_s`: sources do not overwrite the fields of `patch` for so long. `release`: end the pins of
    the item, all of them or those that are over; it stands alone. `why`: for the audit.
    """

    topic: str
    patch: JsonObject | None = None
    data: JsonObject | None = None
    gone: bool = False
    event: EventChange | None = None
    ts: int | None = None
    if_v: int | None = None
    recorded: bool = False
    pin_s: float | None = None
    release: Release | None = None
    why: str | None = None
