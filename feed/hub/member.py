"""One connection as the hub sees it: what it wants, where it is, and whether it takes more."""

import asyncio
from typing import Protocol

from feed.hub.conflate import Held
from feed.hub.subscription import NOTHING
from feed.model.frame import Frame
from feed.model.topic import Filters


class Sink(Protocol):
    """What a door gives the hub to write to."""

    @property
    def is_full(self) -> bool:
        """Whether the transport asks for no more now. What is written all the same is buffered."""
        ...

    def write(self, frame: Frame) -> None:
        """Hand a frame to the transport. Never waits, never raises; nothing after the close."""
        ...

    async def drained(self) -> None:
        """Wait until the transport takes more. Raises ConnectionError once it is closed."""
        ...

    def abort(self) -> None:
        """Cut the connection: its client comes back with its cursor."""
        ...


class Member:
    """A subscriber has a cursor and no queue.

    `cursor` counts while it is in no group, or late in one; in a group the group's counts.
    `begins_again`: what it holds is of another epoch: before what it is owed it is sent a reset.
    `owed` names the topics whose items it is still to be sent; an empty set owes it an empty
    snapshot, None owes it nothing.
    `catching_up` is the task that reads the log for it while it is behind.
    """

    __slots__ = (
        "_held",
        "begins_again",
        "catching_up",
        "cursor",
        "owed",
        "sink",
        "subscription",
    )

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.subscription = NOTHING
        self.cursor = 0
        self.owed: Filters | None = None
        self.begins_again = False
        self.catching_up: asyncio.Task[None] | None = None
        self._held: Held | None = None

    @property
    def held(self) -> Held:
        """What it was not sent, since that was in none of its fields; made once it is asked for."""
        if self._held is None:
            self._held = Held(resumed=False)
        return self._held

    @held.setter
    def held(self, held: Held) -> None:
        self._held = held if self.subscription.options.fields else None

    @property
    def told(self) -> Filters:
        """The topics that it is told of from its cursor on."""
        filters = self.subscription.filters
        return filters if self.owed is None else filters.minus(self.owed)
