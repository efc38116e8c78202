"""The live table: what is known of the feed and of the connection, drawn again and again."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from feed.client.change import Change, EventChange
from feed.client.feed import Feed, Status
from feed.commands.grid import Line, Span
from feed.commands.screen import Screen
from feed.commands.table import MOST_EVENTS, Board, render
from feed.commands.text import printable
from feed.model.topic import KINDS, kind_of

_PAUSE_S = 0.1
_TICK_S = 0.5  # clocks and ages move on also where nothing is heard


async def show(feed: Feed, topics: Sequence[str], screen: Screen, title: str) -> None:
    """Draw until cancelled. Raises what ends the feed, the terminal being as it was before."""
    picture = Picture(feed, title)
    news = asyncio.Event()

    async def listen() -> None:
        try:
            async for change in feed.changes(*topics):
                picture.take(change)
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
    """The feed's state, its last events, and how the connection is."""

    def __init__(self, feed: Feed, title: str) -> None:
        self._feed = feed
        self._title = title
        self._events = deque[EventChange](maxlen=MOST_EVENTS)
        self._status = feed.status
        self._retry_s = 0.0

    def take(self, change: Change) -> None:
        """Know one thing more."""
        if isinstance(change, EventChange):
            self._events.append(change)

    def drawn(self, width: int, height: int) -> list[Line]:
        """As the lines of a screen."""
        feed = self._feed
        board = Board(self._title, feed.items, self._events, feed.now_ms(), self._connection())
        return render(board, width, height)

    def _connection(self) -> Line:
        status = self._feed.status
        match status.state:
            case "connecting":
                return (Span("○ ", "warn"), Span("connecting"))
            case "live":
                return (Span("● ", "live"), Span(" · ".join(self._live(status))))
            case "waiting" | "ended":
                return (Span("○ ", "warn"), Span(self._waiting(status)))

    def _waiting(self, status: Status) -> str:
        now_s = asyncio.get_running_loop().time()
        if status is not self._status:
            self._status, self._retry_s = status, now_s + status.retry_s
        left_s = max(0, round(self._retry_s - now_s))
        again = f"next try in {left_s} s" if left_s else f"trying {status.transport}"
        return f"no connection: {printable(status.why)} · {again}"

    def _live(self, status: Status) -> list[str]:
        kinds = [kind_of(topic) for topic in self._feed.items]
        parts = ["resumed" if status.resumed else "live", status.transport]
        parts.append(", ".join(_count(kinds.count(kind), kind) for kind in KINDS))
        if status.resets:
            parts.append(_count(status.resets, "reset"))
        if status.merged:
            parts.append(f"{status.merged} merged")
        parts.append(f"last frame {self._feed.silent_s or 0:.0f} s ago")
        return parts


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
