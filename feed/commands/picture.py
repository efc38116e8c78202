"""The live table: what is known of the feed and of the connection, drawn again and again."""

import asyncio
from collections import deque
from contextlib import suppress

from feed.client.frame import Event, Reset
from feed.client.stream import Heard, Live, Message, Stream, Waiting
from feed.commands.grid import Line, Span
from feed.commands.screen import Screen
from feed.commands.table import MOST_EVENTS, Board, render
from feed.commands.text import printable
from feed.model.topic import KINDS, kind_of

_PAUSE_S = 0.1
_TICK_S = 0.5  # clocks and ages move on also where nothing is heard


async def show(stream: Stream, screen: Screen, title: str) -> None:
    """Draw until cancelled. Raises what ends the stream, the terminal being as it was before."""
    picture = Picture(stream, title)
    news = asyncio.Event()

    async def listen() -> None:
        try:
            async for message in stream:
                picture.take(message)
                news.set()
        finally:
            news.set()

    listening = asyncio.create_task(listen())
    try:
        with screen.taken():
            while not listening.done():
                width, height = screen.size
                screen.draw(picture.drawn(width, height))
                await asyncio.sleep(_PAUSE_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TICK_S):
                        await news.wait()
                news.clear()
        await listening
    finally:
        listening.cancel()
        await asyncio.wait([listening])


class Picture:
    """The stream's state, its last events, and how the connection is."""

    def __init__(self, stream: Stream, title: str) -> None:
        self._stream = stream
        self._title = title
        self._events = deque[Event](maxlen=MOST_EVENTS)
        self._connection: Live | Waiting | None = None
        self._retry_s = 0.0
        self._heard_s = 0.0
        self._reset = ""

    def take(self, message: Message) -> None:
        """Know one thing more."""
        now_s = asyncio.get_running_loop().time()
        match message:
            case Heard():
                self._heard_s = now_s
                self._events += message.news.events
                if isinstance(message.frame, Reset):
                    self._reset = message.frame.reason
            case Live():
                self._connection = message
            case Waiting():
                self._connection = message
                self._retry_s = now_s + message.delay_s
                self._reset = ""

    def drawn(self, width: int, height: int) -> list[Line]:
        """As the lines of a screen."""
        items = self._stream.reader.items
        now_ms = self._stream.clock.now_ms()
        board = Board(self._title, items, self._events, now_ms, self._status())
        return render(board, width, height)

    def _status(self) -> Line:
        now_s = asyncio.get_running_loop().time()
        if self._connection is None:
            return (Span("○ ", "warn"), Span("connecting"))
        if isinstance(self._connection, Waiting):
            left_s = max(0, round(self._retry_s - now_s))
            again = f"next try in {left_s} s" if left_s else "trying again"
            why = printable(self._connection.why)
            return (Span("○ ", "warn"), Span(f"no connection: {why} · {again}"))
        parts = ["resumed" if self._connection.resumed else "live", "WebSocket"]
        if self._reset:
            parts.append(f"after a reset ({printable(self._reset)})")
        kinds = [kind_of(topic) for topic in self._stream.reader.items]
        parts.append(", ".join(_count(kinds.count(kind), kind) for kind in KINDS))
        parts.append(f"last frame {now_s - self._heard_s:.0f} s ago")
        return (Span("● ", "live"), Span(" · ".join(parts)))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
