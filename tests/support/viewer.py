"""A subscriber at the hub's own border: a sink that a test fills and drains by hand."""

import asyncio

from feed.hub.hub import Hub
from feed.hub.member import Member
from feed.hub.subscription import Options, Subscription
from feed.model.cursor import parse_cursor
from feed.model.frame import Frame, plain
from feed.model.payload import Subscribed
from feed.model.topic import Filters
from tests.support.client import Frame as Parsed
from tests.support.client import Reader, parse


class Viewer:
    """Applies what it is written by the letter of the protocol, and keeps every frame.

    While it is `stuck`, it says that it is full, and applies nothing that it gets all the same.
    """

    def __init__(self, hub: Hub, *topics: str, options: Options | None = None) -> None:
        self.hub = hub
        self.wanted = Subscription(Filters.of(topics), options or Options())
        fields = self.wanted.options.fields or ()
        self.reader = Reader(fields=fields)
        self.frames: list[Parsed] = []
        self.member = Member(self)
        self.is_full = False
        self.is_cut = False
        self.was_late = self.wanted.options.delay_ms > 0
        self._open = asyncio.Event()
        self._open.set()

    def anew(self) -> "Viewer":
        """Somebody else, who wants the same."""
        return Viewer(self.hub, *self.wanted.filters.names(), options=self.wanted.options)

    async def come(self, *, resume: bool = False) -> None:
        """Subscribe; `resume`: with the cursor of the last frame that was applied."""
        self.is_cut = False
        self.member = Member(self)
        self.reader.opened("ws")
        self._take(_welcome())
        cursor = self.reader.cursor
        place = parse_cursor(cursor) if resume and cursor else None
        await self.hub.subscribe(self.member, self.wanted, self._acknowledge, cursor=place)

    async def change(self, *topics: str, options: Options | None = None) -> None:
        """Want something else on the same connection, as `set` and `unsubscribe` do."""
        options = options or self.wanted.options
        self.wanted = Subscription(Filters.of(topics), options)
        self.reader.fields = frozenset(options.fields or ())
        await self.hub.subscribe(self.member, self.wanted, self._acknowledge, with_snapshot=False)

    async def add(self, *topics: str) -> None:
        """Want more topics on the same connection, as `subscribe` does."""
        self.wanted = Subscription(
            self.wanted.filters.plus(Filters.of(topics)), self.wanted.options
        )
        await self.hub.subscribe(self.member, self.wanted, self._acknowledge)

    async def caught_up(self) -> None:
        """Wait until the hub has brought it to the head, or has given it up."""
        if self.member.catching_up:
            async with asyncio.timeout(20):
                await self.member.catching_up

    async def leave(self) -> None:
        """Go, as a connection that ends does."""
        self.hub.leave(self.member)

    def stick(self) -> None:
        """Take no more."""
        self.is_full = True
        self._open.clear()

    def flow(self) -> None:
        """Take more again."""
        self.is_full = False
        self._open.set()

    def write(self, frame: Frame) -> None:
        """See Sink."""
        self._take(parse(frame.payload))

    async def drained(self) -> None:
        """See Sink."""
        await self._open.wait()
        if self.is_cut:
            raise ConnectionResetError

    def abort(self) -> None:
        """See Sink."""
        self.is_cut = True
        self._open.set()

    def kinds(self) -> list[str]:
        """The types of all frames so far."""
        return [frame["type"] for frame in self.frames]

    def last(self, kind: str) -> Parsed:
        """The newest frame of a type."""
        return next(frame for frame in reversed(self.frames) if frame["type"] == kind)

    def _acknowledge(self, resumed: bool) -> None:  # noqa: FBT001  (what the hub calls)
        options = self.wanted.options
        self.write(
            plain(
                Subscribed(
                    topics=[*self.wanted.filters.names()],
                    conflate_ms=options.conflate_ms,
                    window_ms=options.window_ms,
                    delay_ms=options.delay_ms,
                    fields=None if options.fields is None else [*options.fields],
                    resumed=resumed,
                    rejected=[],
                )
            )
        )

    def _take(self, frame: Parsed) -> None:
        self.frames.append(frame)
        if frame["type"] == "reset" and self.wanted.options.delay_ms:
            self.reader.versions.clear()  # one who came from now is shown the past from here on
        self.reader.apply(frame)


def _welcome() -> Parsed:
    limits = {"topics": 1, "wildcards": 1, "commands_per_s": 1, "message_bytes": 1}
    return {
        "type": "welcome",
        "protocol": 1,
        "instance": "i",
        "connection": "c",
        "head": "h",
        "now": 0,
        "heartbeat_ms": 1,
        "ends_in_ms": None,
        "limits": limits,
    }
