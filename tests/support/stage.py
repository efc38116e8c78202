"""A hub in virtual time, and when each frame of a viewer came."""

import asyncio
from collections.abc import Awaitable, Callable

from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.subscription import Options
from feed.log.memory import MemoryLog
from feed.model.change import Change
from tests.support.clock import LoopClock, run_virtual
from tests.support.log import lent
from tests.support.viewer import Viewer

A = "price:A"

A = "price:A"


class Stage:
    """A hub in virtual time, and when each frame of a viewer came."""

    def __init__(self, hub: Hub, ingest: Ingest, log: MemoryLog) -> None:
        self.hub = hub
        self.ingest = ingest
        self.log = log

    async def put(self, x: int, topic: str = A) -> None:
        await self.ingest.submit([Change(topic=topic, patch={"x": x})])

    async def viewer(self, topic: str = A, options: Options | None = None) -> "Timed":
        viewer = Timed(self.hub, topic, options=options)
        await viewer.come()
        return viewer


class Timed(Viewer):
    """Notes at which millisecond updates and heartbeats came."""

    def __init__(self, hub: Hub, topic: str, options: Options | None = None) -> None:
        super().__init__(hub, topic, options=options)
        self.times: list[tuple[str, int]] = []

    def _take(self, frame: dict[str, object]) -> None:
        super()._take(frame)
        if frame["type"] in ("update", "heartbeat"):
            now_ms = round(asyncio.get_running_loop().time() * 1000)
            self.times.append((str(frame["type"]), now_ms))


def play(act: Callable[[Stage], Awaitable[None]], heartbeat_s: float = 1000) -> None:
    async def run() -> None:
        log = MemoryLog()
        hub = Hub(lent(log), LoopClock(), heartbeat_s=heartbeat_s)
        await hub.start()
        try:
            await act(Stage(hub, Ingest(hub, LoopClock()), log))
        finally:
            await hub.stop()

    run_virtual(run())
