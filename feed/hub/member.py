"""One connection as the hub sees it: what it wants, where it is, and how it is written to."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from feed.hub.conflate import Held
from feed.hub.subscription import NOTHING
from feed.model.frame import Frame, Wrap
from feed.model.topic import Filters

_write = os.write


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


class Line(Protocol):
    """A transport that frames may be written to past its sink, at its descriptor."""

    @property
    def member(self) -> "Member":
        """Whose it is."""
        ...

    @property
    def fd(self) -> int:
        """Open, and the same for as long as a member has the line."""
        ...

    @property
    def wrap(self) -> Wrap:
        """How a frame is put on it."""
        ...

    def send(self, data: bytes) -> None:
        """Hand on bytes that the descriptor did not take."""
        ...


class Member:
    """A subscriber has a cursor and no queue.

    `cursor` counts while it is in no group, or late in one; in a group the group's counts.
    `begins_again`: what it holds is of another epoch: before what it is owed it is sent a reset.
    `owed` names the topics whose items it is still to be sent; an empty set owes it an empty
    snapshot, None owes it nothing.
    `catching_up` is the task that reads the log for it while it is behind.
    `line` is there while nothing waits to be written before a frame; `crowd` while it is in one.
    """

    __slots__ = (
        "_held",
        "begins_again",
        "catching_up",
        "crowd",
        "cursor",
        "line",
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
        self.line: Line | None = None
        self.crowd: Crowd | None = None
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

    def reach(self, line: Line | None) -> None:
        """Be written to on this line from now on, or by the sink alone."""
        crowd = self.crowd
        if crowd is None:
            self.line = line
        else:
            crowd.remove(self)
            self.line = line
            crowd.add(self)


class Crowd:
    """Those who are written the same.

    `lines`, by their descriptors, are those of its members that are wrapped for like the first;
    the `others` are written to by their sinks. `count`: how many all of them are.
    """

    __slots__ = ("count", "lines", "others", "wrap")

    wrap: Wrap

    def __init__(self) -> None:
        self.count = 0
        self.lines: dict[int, Line] = {}
        self.others: dict[Member, None] = _NOBODY

    def __bool__(self) -> bool:
        """Whether anybody is in it."""
        return bool(self.lines or self.others)

    def __iter__(self) -> Iterator[Member]:
        for line in self.lines.values():
            yield line.member
        yield from self.others

    def add(self, member: Member) -> None:
        """Let a member in."""
        member.crowd = self
        self.count += 1
        line = member.line
        if line and not self.lines:
            self.wrap = line.wrap
        if line and line.wrap is self.wrap:
            self.lines[line.fd] = line
        elif self.others:
            self.others[member] = None
        else:
            self.others = {member: None}

    def remove(self, member: Member) -> None:
        """Let a member go."""
        member.crowd = None
        self.count -= 1
        if member.line and self.lines.get(member.line.fd) is member.line:
            del self.lines[member.line.fd]
        else:
            del self.others[member]
            self.others = self.others or _NOBODY


_NOBODY: dict[Member, None] = {}
"""The `others` of every crowd that has none, as is `NOTHING` in group.py; it stays empty."""

C = TypeVar("C", bound=Crowd)


def write(told: Sequence[tuple[C, Frame]]) -> list[tuple[C, Member]]:
    """Write each crowd its frame; gives those who take no more, and were not written to.

    All is made first, and then all is written, by a loop that touches a number and makes the
    system call, once for each delivery; whose number it is, it looks up where not all was taken.
    The kernel leaves little in the caches: what else is done between two of its calls takes two
    to three times as long as without them.
    """
    made = [(c.lines, frame.wrapped(c.wrap)) for c, frame in told if c.lines]
    others = [(c, member, frame) for c, frame in told if c.others for member in c.others]
    rests: list[tuple[Line, bytes]] = []
    full: list[tuple[C, Member]] = []
    for lines, data in made:
        size = len(data)
        for fd in lines:
            try:
                sent = _write(fd, data)
            except OSError:  # it takes nothing now, or never again: `send` will see
                sent = 0
            if sent != size:
                rests.append((lines[fd], data[sent:]))
    for crowd, member, frame in others:
        if member.sink.is_full:
            full.append((crowd, member))
        else:
            member.sink.write(frame)
    for line, rest in rests:
        line.send(rest)
    return full
