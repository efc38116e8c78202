"""The feed by one request after another, each of which waits at the server until there is news."""

import asyncio
from collections import deque
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec

from feed.client.fault import Blocked
from feed.client.frame import Frame, Heartbeat, Subscribed, Welcome
from feed.client.transport import UNTIMED, broken, refused
from feed.client.wanted import Wanted
from feed.clock import SystemClock
from feed.model.codec import encode

_OK = 200
_WAIT_S = 25
_HEARTBEAT_MS = 14_000  # 2.5 of them are the wait, and 10 s for an answer to come
_LEAST_S = 1.0  # between two answers that say nothing, whoever gave them


class _Answer(msgspec.Struct, frozen=True):
    cursor: str
    frames: list[msgspec.Raw]
    more: bool


class _Kind(msgspec.Struct, frozen=True):
    type: str


class LongPoll:
    """See Transport. It says in frames of its own what streams are told and polls are not.

    A `welcome`, a `subscribed`, and a `heartbeat` for an answer without news.
    """

    name = "long poll"

    def __init__(self, session: aiohttp.ClientSession, wanted: Wanted) -> None:
        self._session = session
        self._wanted = wanted
        self._cursor: str | None = None
        self._wait_s = 0
        self._ready = deque[str]()

    async def open(self) -> None:
        """See Transport."""

    async def begin(self, cursor: str | None) -> None:
        """See Transport."""
        self._cursor = cursor
        frames, now_ms = await self._ask()
        resumed = cursor is not None and not (frames and _kind(frames[0]) == "reset")
        self._say(Welcome(now=now_ms, heartbeat_ms=_HEARTBEAT_MS))
        self._say(Subscribed(topics=self._wanted.topics, resumed=resumed))
        self._ready += frames

    async def receive(self) -> str:
        """See Transport."""
        loop = asyncio.get_running_loop()
        while not self._ready:
            asked_s, had = loop.time(), self._cursor
            frames, now_ms = await self._ask()
            self._ready += frames
            if not frames and self._cursor is not None:
                self._say(Heartbeat(cursor=self._cursor, now=now_ms))
                if self._cursor == had:
                    await asyncio.sleep(asked_s + _LEAST_S - loop.time())
        return self._ready.popleft()

    async def close(self) -> None:
        """See Transport. A request ends with who waits for it."""

    def _say(self, frame: Frame) -> None:
        self._ready.append(encode(frame).decode())

    async def _ask(self) -> tuple[list[str], int]:
        """The frames of the next answer, and when the server gave it, in ms."""
        url = f"{self._wanted.url}/poll"
        place = {} if self._cursor is None else {"cursor": self._cursor}
        query = self._wanted.query() | place | {"wait": str(self._wait_s)}
        try:
            async with self._session.get(
                url, params=query, timeout=UNTIMED, allow_redirects=False
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise broken(error) from error
        if answer.status != _OK:
            raise refused(url, answer.status, answer.headers, body)
        try:
            news = msgspec.json.decode(body, type=_Answer)
            frames = [bytes(frame).decode() for frame in news.frames]
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise Blocked(f"{url} is no feed's: {error}") from error
        self._cursor, self._wait_s = news.cursor, 0 if news.more else _WAIT_S
        return frames, _date_ms(answer)


def _kind(frame: str) -> str:
    try:
        return msgspec.json.decode(frame, type=_Kind).type
    except msgspec.MsgspecError as error:
        raise Blocked(f"a frame that is none: {error}") from error


def _date_ms(answer: aiohttp.ClientResponse) -> int:
    """To the second."""
    try:
        return round(parsedate_to_datetime(answer.headers["Date"]).timestamp() * 1000)
    except (KeyError, ValueError):
        return SystemClock().now_ms()
