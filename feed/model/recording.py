"""One line of a recording, or of a file of changes that somebody wrote (docs/sources.md).

    {"at":…,"snapshot":"begin","topics":["*"]}           the items as they stand follow
    {"at":…,"topic":…,"v":…,"ts":…,"data":{…},"cursor":…}  an item: data, set or gone
    {"at":…,"topic":…,"event":{"id":…,"op":…,"kind":…,"ts":…,"data":{…}},"cursor":…}
    {"at":…,"reset":"expired","topics":["*"]}            something is missing; the items follow
    {"at":…,"cursor":…}                                  nothing, up to this place

What the server told in one frame ends with the line that has the `cursor`; so does a snapshot.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from feed.model.change import Op
from feed.model.codec import decoder


class EventLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event, as `/admin/inject` takes it."""

    op: Op = "add"
    kind: str | None = None
    id: str | None = None
    ts: int | None = None
    data: dict[str, Any] = {}


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change as `/admin/inject` takes it (protocol section 6), and what a recorder adds to it.

    `at`: when it was told, in milliseconds or ISO 8601. `v`, `merged` and `cursor` are the feed's
    that was recorded. `snapshot` or `reset`: what is told from here on are the items as they stand.
    """

    at: int | str | None = None
    topic: str | None = None
    v: int | None = None
    ts: int | None = None
    set: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    gone: bool = False
    merged: int = 1
    event: EventLine | None = None
    why: str | None = None
    snapshot: str | None = None
    reset: str | None = None
    topics: tuple[str, ...] = ()
    cursor: str | None = None

    @property
    def begins(self) -> bool:
        """Whether the items as they stand follow."""
        return self.snapshot is not None or self.reset is not None


decode_line: Callable[[bytes], Line] = decoder(Line)
"""Raises `msgspec.DecodeError`."""
