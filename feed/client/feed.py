"""A feed as a program reads it: one loop over what changes, whatever becomes of connections."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
import msgspec

from feed.client.backoff import PACE, Pace
from feed.client.change import Change, ItemChange, Reset, changes
from feed.client.fault import Ended
from feed.client.frame import Reset as ResetFrame
from feed.client.frame import Snapshot, Update
from feed.client.message import Faulty, Heard, Live, Message, Stood, Waiting
from feed.client.reader import Item, Reader
from feed.client.stream import Stream
from feed.client.wanted import Wanted
from feed.errors import FeedError
from feed.model.topic import parse_filter


class Misused(FeedError):
    """A Feed was not used as it can be."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the connection is.

    `state`: `live` where the items are current, `ended` for good. `transport`: the one in use, or
    tried next. `resumed`: the newest connection went on exactly where the one before broke off.
    `why` and `retry_s` (from the moment of this status) where it waits. Counted since the
    beginning: `connections` that became live, `resets`, and versions `merged` into others.
    """

    state: Literal["connecting", "live", "waiting", "ended"] = "connecting"
    transport: str = ""
    resumed: bool = False
    why: str = ""
    retry_s: float = 0
    connections: int = 0
    resets: int = 0
    merged: int = 0


class Feed:
    """The topics of a server, by WebSocket, Server-Sent Events or long poll: what comes through.

        async with Feed("http://localhost:8080") as feed:
            async for change in feed.changes("BTC-USD", "score:EPL.*"):
                print(change.topic, change.data)

    `items` are the current states by topic, to be read only; they are as of the frame that the
    change in hand is of. `cursor` is the place up to which every change was handled: it moves when
    the loop comes back for more, so that it may be stored at any time, and given again, to another
    Feed for the same topics. That one is told at first the items as they are by then, and every
    event since. A loop that takes its time holds the server up, which then merges versions.

    `token` opens a feed that is not public. Ended is raised where it ends: go on with another Feed,
    a fresh token and the `cursor`.

    `on_status` is called with each Status but for what is counted. `pace`: how patient it is.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        cursor: str | None = None,
        conflate_ms: int = 0,
        window_ms: int = 0,
        delay_ms: int = 0,
        fields: Sequence[str] = (),
        pace: Pace = PACE,
        on_status: Callable[[Status], None] | None = None,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Misused(f"{url!r} is not of the form http://host:port")
        self.status = Status()
        self.cursor = cursor
        self._wanted = Wanted(
            url=url.rstrip("/"),
            topics=(),
            conflate_ms=conflate_ms,
            window_ms=window_ms,
            delay_ms=delay_ms,
            fields=tuple(fields),
        )
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._pace = pace
        self._on_status = on_status
        self._reader = Reader(cursor)
        self._session: aiohttp.ClientSession | None = None
        self._stream: Stream | None = None
        self._reset: str | None = None
        self._heard_s: float | None = None

    @property
    def items(self) -> dict[str, Item]:
        """The current state of each topic: `v`, `ts` in milliseconds, and `data`."""
        return self._reader.items

    @property
    def silent_s(self) -> float | None:
        """How long ago anything was heard; None where nothing was yet."""
        if self._heard_s is None:
            return None
        return asyncio.get_running_loop().time() - self._heard_s

    def now_ms(self) -> int:
        """The time on the server's clock; of no use before anything was heard."""
        return self._stream.clock.now_ms() if self._stream else 0

    async def __aenter__(self) -> "Feed":
        self._session = aiohttp.ClientSession(headers=self._headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of the connection; a loop that waits comes to its end."""
        if self._stream is not None:
            await self._stream.__aexit__()
        if self._session is not None:
            await self._session.close()
        self._say(state="ended")

    def changes(self, *topics: str) -> AsyncGenerator[Change, None]:
        """What is told of topics and prefixes (`BTC-USD`, `score:EPL.*`); without any: of all.

        Items come before the events of the same frame. Raises BadTopic, and Misused where there
        is a loop already; the loop raises Ended where coming back would not help.
        """
        if self._session is None or self._stream is not None:
            raise Misused("one loop over `changes`, within `async with`")
        names = tuple(sorted({parse_filter(text) for text in topics or ("*",)}))
        wanted = msgspec.structs.replace(self._wanted, topics=names)
        self._stream = Stream(self._session, wanted, self._reader, self._pace)
        return self._told(self._stream)

    async def _told(self, stream: Stream) -> AsyncGenerator[Change, None]:
        try:
            async for message in stream:
                for change in self._take(message):
                    yield change
                self.cursor = self._reader.cursor or self.cursor
        except Ended as end:
            self._say(state="ended", why=str(end))
            raise

    def _take(self, message: Message) -> list[Change]:
        match message:
            case Heard():
                return self._heard(message)
            case Stood(news=news):
                return [*changes(news)]
            case Live():
                self._say(
                    state="live",
                    transport=message.transport,
                    resumed=message.resumed,
                    connections=self.status.connections + 1,
                )
            case Waiting():
                self._say(
                    state="waiting",
                    transport=message.transport,
                    why=message.why,
                    retry_s=message.delay_s,
                )
            case Faulty():
                self._reset = "fault"
        return []

    def _heard(self, heard: Heard) -> list[Change]:
        self._heard_s = asyncio.get_running_loop().time()
        if isinstance(heard.frame, ResetFrame):
            self._reset = heard.frame.reason
        told: list[Change] = [*changes(heard.news)]
        if isinstance(heard.frame, Snapshot) and not heard.frame.more and self._reset:
            told.insert(0, Reset(reason=self._reset))
            self._reset = None
        self._count(told)
        if told and isinstance(heard.frame, Snapshot | Update):
            told[-1] = msgspec.structs.replace(told[-1], cursor=heard.frame.cursor)
        return told

    def _count(self, told: Sequence[Change]) -> None:
        merged = sum(change.merged - 1 for change in told if isinstance(change, ItemChange))
        resets = sum(isinstance(change, Reset) for change in told)
        if merged or resets:
            self.status = msgspec.structs.replace(
                self.status,
                merged=self.status.merged + merged,
                resets=self.status.resets + resets,
            )

    def _say(self, **changed: object) -> None:
        quiet = {"why": "", "retry_s": 0}
        self.status = msgspec.structs.replace(self.status, **(quiet | changed))
        if self._on_status is not None:
            self._on_status(self.status)
