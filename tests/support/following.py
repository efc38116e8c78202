"""A hub in virtual time, whose logs a test gives, one after the other."""

import asyncio
from collections.abc import Awaitable, Callable

from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.subscription import Options
from feed.model.change import Change
from tests.support.clock import LoopClock, run_virtual
from tests.support.replaced import Ending, Opener
from tests.support.viewer import Viewer

A, B = "price:A", "price:B"


class Scene:
    """A hub whose logs a test gives, one after the other."""

    def __init__(self, *found: Ending | BaseException, heartbeat_s: float = 1000) -> None:
        self.opener = Opener(*found)
        self.hub = Hub(self.opener, LoopClock(), heartbeat_s=heartbeat_s)
        self.ingest = Ingest(self.hub, LoopClock())

    async def put(self, x: int, topic: str = A) -> None:
        await self.ingest.submit([Change(topic=topic, patch={"x": x})])

    async def viewer(self, *topics: str, options: Options | None = None) -> Viewer:
        viewer = Viewer(self.hub, *topics, options=options)
        await viewer.come()
        return viewer

    async def follows(self, log: Ending) -> None:
        """Wait until the hub follows a log, and all who can be brought up there are."""
        await asyncio.sleep(5)  # virtual
        assert self.hub.log is log


def play(act: Callable[[Scene], Awaitable[None]], *found: Ending | BaseException) -> None:
    async def run() -> None:
        scene = Scene(*found or (Ending(),))
        await scene.hub.start()
        try:
            await act(scene)
        finally:
            await scene.hub.stop()

    run_virtual(run())
