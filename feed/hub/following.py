"""Which log is followed: the next one, when one has ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack

from feed.clock import Clock
from feed.errors import LogAway, LogLost, LogReplaced, LogTrimmed, LogUnavailable
from feed.hub.lanes import Lanes
from feed.hub.member import Member
from feed.hub.traffic import Traffic
from feed.log.base import EventLog

log = logging.getLogger(__name__)

_RETRY_S = 0.5
"""Between two tries to open a log that is out of reach."""


class Following:
    """The lanes of the log as it is now. `began` is set once there is one.

    Where the log is replaced by another one, that is opened; where it went on faster than it was
    followed, it is read anew. All who stood in the lanes before fall behind then, and are brought
    up in the new ones. `failed` ends with the error when the log can no longer be told.
    """

    def __init__(
        self,
        open_log: Callable[[], Awaitable[EventLog]],
        clock: Clock,
        heartbeat_s: float,
        fell_behind: Callable[[Member], None],
        traffic: Traffic,
    ) -> None:
        self.began = asyncio.Event()
        self._open_log = open_log
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._fell_behind = fell_behind
        self._traffic = traffic
        self._lanes: Lanes | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def lanes(self) -> Lanes:
        """Those of the log that is followed now. Raises LogUnavailable before there is one."""
        if self._lanes is None:
            raise LogUnavailable("the log was not in reach since the start")
        return self._lanes

    async def start(self) -> None:
        """Open the log. Where its server is away that goes on, until it comes.

        Raises what opening it raises.
        """
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            await self._begin()
        except (LogAway, LogReplaced) as error:
            log.warning("waiting for the log: %s", error)
        self._run("hub", self._stay())
        self._run("heartbeat", self._beat())

    async def stop(self) -> None:
        """Let every task end, and let go of the log."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._lanes:
            self._lanes.close()
            await self._lanes.stop()
            await self._lanes.log.aclose()

    def _run(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Start a task without which clients would be left without news: if it fails, all do."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        trace = None if isinstance(error, LogLost) else error
        log.error(
            "the %s failed, and the log can no longer be told: %s",
            task.get_name(),
            error,
            exc_info=trace,
        )
        if not self.failed.done():
            self.failed.set_exception(error)

    async def _stay(self) -> None:
        """Begin again each time that the log ends."""
        while True:
            events = None
            if self._lanes:
                try:
                    await asyncio.shield(self._lanes.failed)
                except (LogReplaced, LogTrimmed) as error:
                    log.warning("all subscribers begin again: %s", error)
                    events = self._lanes.log if isinstance(error, LogTrimmed) else None
            await self._begin_late(events)

    async def _begin_late(self, events: EventLog | None) -> None:
        while True:
            try:
                return await self._begin(events)
            except (LogAway, LogReplaced) as error:
                log.debug("the log is not in reach: %s", error)
                await asyncio.sleep(_RETRY_S)

    async def _begin(self, events: EventLog | None = None) -> None:
        """Read the current items of a log and follow from there; all go there at once.

        Without one it is opened.
        """
        async with AsyncExitStack() as undone:
            if events is None:
                events = await self._open_log()
                undone.push_async_callback(events.aclose)
            lanes = Lanes(events, self._clock, self._fell_behind, self._traffic)
            await lanes.start()
            undone.pop_all()
        before, self._lanes = self._lanes, lanes
        self.began.set()
        if before:
            for member in before.close():
                self._fell_behind(member)
            await before.stop()
            if before.log is not lanes.log:
                await before.log.aclose()

    async def _beat(self) -> None:
        """Look a few times in each period for who was told nothing."""
        while True:
            await asyncio.sleep(min(1.0, self._heartbeat_s / 8))
            if self._lanes:
                self._lanes.beat(self._heartbeat_s)
