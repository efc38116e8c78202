"""An instance that keeps history, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from feed.clock import Clock
from feed.hub.history import History
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.points import span_of
from feed.log.base import EventLog
from feed.model.change import Change, EventChange
from feed.model.codec import JsonObject
from tests.support.clock import START_MS, LoopClock
from tests.support.log import lent

A, B = "price:A", "price:B"
M = START_MS // 60_000
"""The minute in which virtual time begins, 20 seconds after its beginning."""

Shown = dict[int, str]
"""Points, by the seconds after the beginning of minute M: its open, high, low and close."""


class Instance:
    """A hub, what enters it, and its history."""

    def __init__(self, hub: Hub, history: History) -> None:
        self.hub = hub
        self.history = history
        self._ingest = Ingest(hub, hub.clock)

    async def put(self, patch: JsonObject | None, topic: str = A, event: str = "") -> None:
        """Change an item; None: it is gone. With an event of that id."""
        happened = EventChange(kind="goal", id=event) if event else None
        change = Change(topic=topic, patch=patch, gone=patch is None, event=happened)
        await self._ingest.submit([change])

    async def shown(
        self, topic: str = A, *, points: int = 300, span_s: int | None = None, delay_ms: int = 0
    ) -> Shown:
        """The points of a price."""
        return (await self.all_shown([topic], points, span_s, delay_ms))[topic]

    async def all_shown(
        self,
        topics: Sequence[str],
        points: int = 300,
        span_s: int | None = None,
        delay_ms: int = 0,
    ) -> dict[str, Shown]:
        """The points of some prices."""
        past = await self.history.reached(await self.hub.lane(delay_ms))
        now_ms, span_ms = past.now_ms - delay_ms, span_s and span_s * 1000
        span = span_of(points, span_ms, now_ms, past.fine_since_ms, is_over=delay_ms > 0)
        return {
            topic: {
                (ts - M * 60_000) // 1000: f"{bar.open} {bar.high} {bar.low} {bar.close}"
                for ts, bar in found
            }
            for topic, found in (await past.points(topics, span)).items()
        }


@asynccontextmanager
async def running(
    log: EventLog,
    most: int = 1_000_000,
    *,
    clock: Clock | None = None,
    is_started: bool = True,
) -> AsyncIterator[Instance]:
    """An instance on a log."""
    clock = clock or LoopClock()
    hub = Hub(lent(log), clock, heartbeat_s=15)
    await hub.start()
    history = History(hub, clock, most)
    if is_started:
        history.start()
    try:
        yield Instance(hub, history)
    finally:
        await history.stop()
        await hub.stop()


async def until(minute: int, seconds: float = 0) -> None:
    """Let time pass to so many seconds after the beginning of a minute, M being 0."""
    now_ms = LoopClock().now_ms()
    await asyncio.sleep(((M + minute) * 60_000 + seconds * 1000 - now_ms) / 1000)
