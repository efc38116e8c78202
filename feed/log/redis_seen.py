"""How far an instance knows a Redis log, so that it notices where the server knows less."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from feed.log.redis_store import LOG, Argument

ANOTHER = "the log begins again under another epoch"

CALL = 3
"""Where an entry of the stream has the value of its call."""


class Place(NamedTuple):
    """An offset of the log, and the call that appended its entry; offset 0 has none."""

    offset: int
    call: bytes


class Seen:
    """The newest place that the server told of to this instance, by whichever connection.

    A server that failed over may have lost it, and another entry may stand there by now: so it is
    asked for that place on the way to everything else, and nothing is believed before that.
    """

    def __init__(self, newest: Place) -> None:
        self.newest = newest

    def note(self, place: Place) -> None:
        """It is told of a place; answers may overtake each other."""
        if place.offset > self.newest.offset:
            self.newest = place


def look_at(place: Place) -> Sequence[Argument]:
    """The command that asks what stands at a place."""
    return b"XRANGE", LOG, entry_id(place.offset), entry_id(place.offset)


def is_lost(place: Place, head: int, there: Sequence[Any]) -> bool:
    """Whether a server with this head, and this at a place, has lost what was seen there.

    Where it has nothing there it was trimmed.
    """
    return head < place.offset or not all(has(place, each) for each in there)


def has(place: Place, entry: Any) -> bool:
    """Whether an entry of the stream is the one that was seen at a place."""
    name, fields = entry
    return bool(name == entry_id(place.offset) and fields[CALL] == place.call)


def entry_id(offset: int) -> bytes:
    """The id of an entry in the stream."""
    return b"%d-0" % offset
