"""A feed of topics over WebSockets, one after another, that goes on where it left off."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, TypeAlias

import aiohttp

from feed.client.backoff import Backoff
from feed.client.fault import Ended, NoAnswer, ServerFault, no_answer, refused_for_now
from feed.client.frame import (
    Bye,
    Error,
    Frame,
    Heartbeat,
    Snapshot,
    Subscribed,
    Update,
    Welcome,
    parse,
)
from feed.client.reader import News, Reader
from feed.client.server_clock import ServerClock
from feed.model.codec import Json, JsonObject, encode

_CONNECT_S = 10.0
_CLOSE_S = 2.0
_STABLE_S = 30.0
_HEARTBEATS_MISSED = 2.5
_MAX_BYTES = 64 * 1024 * 1024  # a part of a snapshot may hold 500 items of 16 KiB

_FINAL_CODES = (1003, 1009, 4400, 4401, 4403, 4429)
"""Close codes after which the same client would fare the same again (protocol section 5)."""

_FINAL_STATUSES = (400, 401, 403, 404)
_CLOSED = {
    1001: "the server is shutting down",
    1006: "the connection broke",
    1012: "the server is restarting",
    1013: "the server is full",
}


class Heard(NamedTuple):
    """One frame: as it came, read (None: of a type that is not known), and what it told."""

    text: str
    frame: Frame | None
    news: News


class Live(NamedTuple):
    """From here on the state is current. `resumed`: nothing was missed since the last frame."""

    resumed: bool


class Waiting(NamedTuple):
    """There is no connection, for the reason `why`; the next try is in `delay_s`."""

    delay_s: float
    why: str


Message: TypeAlias = Heard | Live | Waiting


class _Link:
    """One connection, and the message of it that is waited for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.live_s: float | None = None
        self.patience_s = _CONNECT_S
        self.is_last = False
        self.problem = ""
        self._socket = socket
        self.expect()

    @property
    def close_code(self) -> int:
        """Why it is closed."""
        return self._socket.close_code or aiohttp.WSCloseCode.ABNORMAL_CLOSURE

    def expect(self) -> None:
        """Wait for the next message."""
        self.receiving = asyncio.create_task(self._socket.receive())

    async def send(self, command: JsonObject) -> None:
        """Raises ConnectionError."""
        await self._socket.send_str(encode(command).decode())

    async def close(self) -> None:
        """Hear nothing more from it."""
        self.receiving.cancel()
        await asyncio.wait([self.receiving])
        await self._socket.close()


class Stream:
    """`async for message in stream`, once. It ends by raising Ended, or when nobody iterates.

    `reader` has the state, and may be one that knows a place to go on from; `clock` is the server's
    time. After a `bye` the new connection is open before the old one is left. A connection that is
    silent for 2.5 heartbeats is given up.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        topics: Sequence[str],
        backoff: Backoff | None = None,
        reader: Reader | None = None,
    ) -> None:
        self.reader = reader or Reader()
        self.clock = ServerClock()
        self._session = session
        self._url = f"{url}/ws"
        self._topics: list[Json] = list(topics)
        self._backoff = backoff or Backoff()
        self._link: _Link | None = None
        self._opening: asyncio.Task[aiohttp.ClientWebSocketResponse] | None = None
        self._opens_s = 0.0
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of every connection."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
            if not self._opening.cancelled() and self._opening.exception() is None:
                await self._opening.result().close()
        self._leave()
        await asyncio.gather(*self._closing)

    async def __aiter__(self) -> AsyncIterator[Message]:
        self._open_in(0)
        while True:
            for message in await self._turn():
                yield message

    async def _turn(self) -> Sequence[Message]:
        """Wait until something happens, and say what."""
        opening, link = self._opening, self._link
        await asyncio.wait(
            [task for task in (opening, link and link.receiving) if task],
            timeout=link.patience_s if link else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if opening is not None and opening.done():
            return await self._opened(opening)
        if link is None:
            return ()
        if link.receiving.done():
            return self._received(link, link.receiving.result())
        return self._lost(link, "nothing was heard for too long")

    # ---- connections ----

    def _open_in(self, delay_s: float) -> None:
        self._opens_s = asyncio.get_running_loop().time() + delay_s
        self._opening = asyncio.create_task(self._open(delay_s))

    async def _open(self, delay_s: float) -> aiohttp.ClientWebSocketResponse:
        """Raises NoAnswer or Ended."""
        await asyncio.sleep(delay_s)
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await self._session.ws_connect(
                    self._url,
                    max_msg_size=_MAX_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
        except aiohttp.WSServerHandshakeError as error:
            if error.status in _FINAL_STATUSES:
                raise Ended(f"{self._url} answers {error.status}") from error
            retry_after = error.headers.get("Retry-After") if error.headers else None
            raise refused_for_now(error.status, retry_after) from error
        except (aiohttp.ClientError, OSError) as error:
            raise no_answer(error) from error

    async def _opened(
        self, opening: asyncio.Task[aiohttp.ClientWebSocketResponse]
    ) -> Sequence[Message]:
        """The new connection has the cursor; from here on nothing of the old one is applied."""
        self._opening = None
        try:
            socket = opening.result()
        except NoAnswer as error:
            return self._retry(str(error), error.after_s)
        self._leave()
        self._link = link = _Link(socket)
        self.reader.opened()
        self.clock.restart()
        command: JsonObject = {"type": "subscribe", "id": 1, "topics": self._topics}
        if self.reader.cursor is not None:
            command["cursor"] = self.reader.cursor
        try:
            await link.send(command)
        except ConnectionError as error:
            return self._lost(link, str(error))
        return ()

    def _leave(self) -> None:
        """Close the connection in its own time."""
        if self._link is not None:
            task = asyncio.create_task(self._link.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            self._link = None

    def _lost(self, link: _Link, why: str, at_least_s: float = 0) -> Sequence[Message]:
        now_s = asyncio.get_running_loop().time()
        if link.live_s is not None and now_s - link.live_s > _STABLE_S:
            self._backoff.succeeded()
        self._leave()
        return self._retry(why, at_least_s)

    def _retry(self, why: str, at_least_s: float) -> Sequence[Message]:
        if self._opening is None:
            self._open_in(at_least_s + self._backoff.next_s())
        if self._link is not None:
            return ()  # it said goodbye, and is heard until it closes
        return [Waiting(max(0.0, self._opens_s - asyncio.get_running_loop().time()), why)]

    # ---- frames ----

    def _received(self, link: _Link, message: aiohttp.WSMessage) -> Sequence[Message]:
        if message.type is aiohttp.WSMsgType.TEXT:
            link.expect()
            return self._heard(link, message.data)
        if message.type is aiohttp.WSMsgType.BINARY:
            self.reader.forget()
            return self._lost(link, "the server sent a binary message")
        code = link.close_code
        why = link.problem or _CLOSED.get(code, f"the server closed with {code}")
        if link.is_last or code in _FINAL_CODES:
            raise Ended(why)
        return self._lost(link, why)

    def _heard(self, link: _Link, text: str) -> Sequence[Message]:
        try:
            frame = parse(text)
            news = self.reader.apply(frame) if frame else News()
        except ServerFault as error:
            self.reader.forget()
            return [Heard(text, None, News()), *self._lost(link, f"the server erred: {error}")]
        return [Heard(text, frame, news), *self._follow(link, frame)]

    def _follow(self, link: _Link, frame: Frame | None) -> Sequence[Message]:
        """Do what a frame asks of the connection."""
        match frame:
            case Welcome():
                link.patience_s = frame.heartbeat_ms / 1000 * _HEARTBEATS_MISSED
                self.clock.hear(frame.now)
            case Heartbeat(now=now) | Update(pt=now):
                self.clock.hear(now)
            case Subscribed():
                if frame.rejected:
                    raise Ended("\n".join(rejected.message for rejected in frame.rejected))
                return self._live(link, resumed=True) if frame.resumed else ()
            case Snapshot(more=False):
                return self._live(link, resumed=False)
            case Bye(reconnect=False):
                link.is_last = True
            case Bye() if self._opening is None:
                self._open_in(frame.after_ms / 1000)
            case Error():
                link.problem = frame.message
                if frame.retry:
                    return self._lost(link, frame.message, frame.retry_after_ms / 1000)
            case _:
                pass  # nothing that concerns the connection
        return ()

    def _live(self, link: _Link, *, resumed: bool) -> Sequence[Message]:
        link.live_s = asyncio.get_running_loop().time()
        return [Live(resumed)]
