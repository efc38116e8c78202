"""A feed of topics over one connection after another, that goes on where it left off."""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine, Sequence

import aiohttp

from feed.client.backoff import PACE, Backoff, Pace
from feed.client.fault import Blocked, Cut, Ended, Lost, NoAnswer, ServerFault
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
from feed.client.ladder import Climb, Ladder
from feed.client.link import Link, Successor
from feed.client.message import Faulty, Heard, Live, Message, Stood, Waiting
from feed.client.poll import LongPoll
from feed.client.reader import News, Reader
from feed.client.server_clock import ServerClock
from feed.client.sse import ServerSentEvents
from feed.client.standing import standing
from feed.client.transport import Transport
from feed.client.wanted import Wanted
from feed.client.websocket import WebSocket

TRANSPORTS: tuple[type[Transport], ...] = (WebSocket, ServerSentEvents, LongPoll)
"""From the best to the one that comes through nearly everywhere."""

_STABLE_S = 30.0
_HEARTBEATS_MISSED = 2.5
_STANDS = 10
_STAND_S = 1.0  # so long a cache before the server may keep what it answered

_worked: dict[str, int] = {}
"""By URL, the transport that worked last in this process."""


class Stream:
    """`async for message in stream`, once. It ends by raising Ended, or when it is closed.

    `reader` has the state, and may be one that knows a place to go on from; `clock` is the server's
    time. Nothing is read ahead but one frame. After a `bye`, and towards a better transport, the
    new connection is there before the old one is left.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        wanted: Wanted,
        reader: Reader | None = None,
        pace: Pace = PACE,
    ) -> None:
        self.reader = reader or Reader()
        self.clock = ServerClock()
        self._session = session
        self._wanted = wanted
        self._pace = pace
        self._backoff = Backoff(pace.retry_s, pace.longest_retry_s)
        self._transports = TRANSPORTS if wanted.fits_a_url else TRANSPORTS[:1]
        first = min(_worked.get(wanted.url, 0), len(self._transports) - 1)
        self._ladder = Ladder(len(self._transports), first, pace.climb_s)
        self._link: Link | None = None
        self._next: Successor | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of every connection; whoever iterates comes to the end."""
        self._is_closed = True
        self._drop_next()
        self._leave()
        await asyncio.gather(*self._closing)

    async def __aiter__(self) -> AsyncIterator[Message]:
        self._open_in(0, self._ladder.rung)
        while not self._is_closed:
            for message in await self._turn():
                yield message

    async def _turn(self) -> Sequence[Message]:
        """Wait until something happens, and say what."""
        successor, link = self._next, self._link
        if link and successor and successor.begins:
            link = None  # see Successor
        tasks = [successor.task] if successor else []
        done, _ = await asyncio.wait(
            [*tasks, link.receiving] if link else tasks,
            timeout=link.patience_s if link else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if self._is_closed:
            return ()
        if successor and successor.task in done:
            return self._stepped(successor)
        if link is None:
            return ()
        if link.receiving in done:
            return await self._received(link)
        return self._lost(link, Blocked("nothing was heard for too long"))

    # ---- connections ----

    def _open_in(self, delay_s: float, rung: int, *, is_climb: bool = False) -> None:
        self._drop_next()
        if self._is_closed:
            return
        transport = self._transports[rung](self._session, self._wanted)
        self._next = Successor(transport, rung, delay_s, self._pace, is_climb=is_climb)

    def _climb(self, climb: Climb | None) -> None:
        if climb is not None:
            delay_s = climb.after_s * random.uniform(0.75, 1.25)
            self._open_in(delay_s, climb.rung, is_climb=True)

    def _stepped(self, successor: Successor) -> Sequence[Message]:
        """It is open, or it has begun; or it failed at that."""
        try:
            successor.task.result()
        except Lost as fault:
            return self._failed(successor, fault)
        except Ended as fault:
            if self._link is None or not successor.is_climb:
                raise
            return self._failed(successor, Cut(str(fault)))
        if not successor.begins:
            successor.begin(self.reader.cursor, is_beside=self._link is not None)
            return ()
        self._next = None
        self._leave()
        self._link = Link(successor.transport, successor.rung, self._pace.connect_s)
        self.reader.opened()
        self.clock.restart()
        return ()

    def _failed(self, successor: Successor, fault: Lost) -> Sequence[Message]:
        if successor.is_climb:
            self._drop_next()
            self._climb(self._ladder.climb())
            return ()
        return self._retry(fault)

    def _lost(self, link: Link, fault: Lost) -> Sequence[Message]:
        lived_s = link.lived_s
        if lived_s > _STABLE_S:
            self._backoff.succeeded()
        self._leave()
        if self._next and not self._next.is_climb:  # it said goodbye
            left_s = self._next.opens_s - asyncio.get_running_loop().time()
            return [Waiting(max(0.0, left_s), str(fault), self._next.transport.name)]
        return self._retry(fault, lived_s)

    def _retry(self, fault: Lost, lived_s: float = 0) -> Sequence[Message]:
        following = self._ladder.after(fault, lived_s)
        if following is None:
            raise Ended(str(fault)) from fault
        delay_s = fault.after_s if isinstance(fault, NoAnswer) else 0
        if not following.at_once:
            delay_s += self._backoff.next_s()
        self._open_in(delay_s, following.rung)
        transport = self._transports[following.rung].name
        return [] if self._link else [Waiting(delay_s, str(fault), transport)]

    def _drop_next(self) -> None:
        if self._next is not None:
            self._let_go(self._next.close())
            self._next = None

    def _leave(self) -> None:
        if self._link is not None:
            self._let_go(self._link.close())
            self._link = None

    def _let_go(self, closing: Coroutine[None, None, None]) -> None:
        """Close it in its own time."""
        task = asyncio.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    # ---- frames ----

    async def _received(self, link: Link) -> Sequence[Message]:
        try:
            text = link.receiving.result()
            frame = parse(text)
            if frame and link.stands < _STANDS and self.reader.lacks(frame):
                return [await self._stand(link, frame)]  # the frame is looked at again after it
            link.expect()
            return self._heard(link, text, frame)
        except ServerFault as fault:
            return self._erred(link, fault)
        except Lost as fault:
            if link.is_last:
                raise Ended(str(fault)) from fault
            return self._lost(link, fault)

    def _erred(self, link: Link, fault: ServerFault) -> Sequence[Message]:
        self.reader.forget()
        return [Faulty(str(fault)), *self._lost(link, Cut(f"the server erred: {fault}"))]

    async def _stand(self, link: Link, frame: Frame) -> Stood:
        """Have the items that the frame builds upon, or newer ones where it still lacks some."""
        if link.stands:
            await asyncio.sleep(_STAND_S)
        link.stands += 1
        elements = await standing(self._session, self._wanted, self._pace.connect_s)
        return Stood(self.reader.stand(elements, frame))

    def _heard(self, link: Link, text: str, frame: Frame | None) -> Sequence[Message]:
        """Raises ServerFault, Lost and Ended."""
        if frame is None:
            return [Heard(text, None, News())]
        news = self.reader.apply(frame)
        return [Heard(text, frame, news), *self._follow(link, frame)]

    def _follow(self, link: Link, frame: Frame) -> Sequence[Message]:
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
            case Bye() if self._next is None or self._next.is_climb:
                self._open_in(frame.after_ms / 1000, link.rung)
            case Error(retry=True):
                raise NoAnswer(frame.message, frame.retry_after_ms / 1000)
            case Error():
                raise Ended(frame.message)
            case _:
                pass  # nothing that concerns the connection
        return ()

    def _live(self, link: Link, *, resumed: bool) -> Sequence[Message]:
        link.live_s = asyncio.get_running_loop().time()
        _worked[self._wanted.url] = link.rung
        climb = self._ladder.live(link.rung)
        if self._next is None:
            self._climb(climb)
        return [Live(resumed, link.transport.name)]
