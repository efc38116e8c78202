"""How far an instance knows a Redis log, so that it notices where the server knows less."""

from typing import NamedTuple

ANOTHER = "the log begins again under another epoch"


class Place(NamedTuple):
    """An offset of the log, and the call that appended its entry; offset 0 has none."""

    offset: int
    call: bytes


class Seen:
    """The newest place that the server told of to this instance, by whichever connection.

    A server that failed over may have lost it, and another entry may stand there by now.
    """

    def __init__(self, newest: Place) -> None:
        self.newest = newest

    def note(self, place: Place) -> None:
        """It is told of a place; answers may overtake each other."""
        self.newest = max(self.newest, place)
