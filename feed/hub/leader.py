"""Running the sources, while this instance is the one that leads."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from feed.clock import Clock
from feed.errors import LogUnavailable
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.intake import Intake
from feed.hub.pin import PINNED, released
from feed.log.base import EventLog
from feed.log.lease import Lease
from feed.sources.base import Polled, Source, Watched
from feed.sources.policy import Policy
from feed.sources.schedule import Schedule

log = logging.getLogger(__name__)

_LOOK_S = 0.5
"""How often the lease is asked for, so that what one gives back is taken soon."""

_END_S = 0.5
"""How long ticks that are under way may take to end before the lease is given back."""


class Leader:
    """Campaigns for the lease of the log, and runs the sources in each term that it wins.

    They are opened anew, and go on from the items that the log holds then. A log that cannot be
    reached takes nothing from a leader: if another one began meanwhile, the log refuses what this
    one says. `policies`: how far each source is believed, in order of preference. `watched`:
    whether anybody follows a topic. `terms`: how many it has won; `looked_ms`: when it last knew
    who leads.
    """

    def __init__(
        self,
        hub: Hub,
        ingest: Ingest,
        clock: Clock,
        open_sources: Callable[[], Sequence[Source]],
        policies: Sequence[Policy],
        *,
        instance: str,
        lease_s: float,
        watched: Watched,
    ) -> None:
        self.term = ""
        self.terms = 0
        self.looked_ms: int | None = None
        self.schedule: Schedule | None = None
        self.intake: Intake | None = None
        self._hub = hub
        self._ingest = ingest
        self._clock = clock
        self._open_sources = open_sources
        self._policies = policies
        self._instance = instance
        self._lease_s = lease_s
        self._watched = watched
        self._log: EventLog | None = None
        self._lease: Lease | None = None
        self._campaign: asyncio.Task[None] | None = None

    @property
    def leads(self) -> bool:
        """Whether this instance runs the sources."""
        return bool(self.term)

    def start(self) -> None:
        """Begin to campaign."""
        self._campaign = asyncio.create_task(self._run(), name="campaign")

    async def stop(self) -> None:
        """Let ticks end that are under way, and give the lease back. Idempotent."""
        campaign, self._campaign = self._campaign, None
        if campaign is None:
            return
        campaign.cancel()
        await asyncio.wait([campaign])
        await self._end()
        if self._lease:
            try:
                await self._lease.release()
            except LogUnavailable as error:
                log.warning("the lease is not given back, it will run out: %s", error)

    async def holder(self) -> str | None:
        """The instance that runs the sources; None: none does. Raises LogUnavailable."""
        return await self._lease_now().holder()

    async def _run(self) -> None:
        while True:
            await self._hub.began()
            try:
                await self._look()
                if self.schedule:
                    self.schedule.keep_time()
                await self._release_pins()
            except LogUnavailable as error:
                log.debug("the lease cannot be looked at: %s", error)
            except Exception:  # the task's border: without it nobody would run the sources
                log.exception("the sources could not be run; it is tried again")
            await asyncio.sleep(min(_LOOK_S, self._lease_s / 3))

    async def _look(self) -> None:
        """Take or keep the lease, and do what follows from that."""
        term = await self._lease_now().take()
        self.looked_ms = self._clock.now_ms()
        if term == self.term:
            return
        if self.term:
            log.warning("this instance no longer runs the sources")
        await self._end()
        if term:
            await self._begin(term)

    def _lease_now(self) -> Lease:
        """That of the log as it is now. Raises LogUnavailable before there is one."""
        if self._lease is None or self._log is not self._hub.log:
            self._log = self._hub.log
            self._lease = self._log.lease(self._instance, self._lease_s)
        return self._lease

    async def _begin(self, term: str) -> None:
        """Run the sources, from where the log is."""
        await self._hub.live.reached((await self._hub.log.bounds()).head)
        self.intake = Intake(self._hub, self._ingest, self._clock, self._policies, term)
        sources = self._open_sources()
        self.schedule = Schedule(sources, self.intake.publish, self._clock)
        for source in sources:
            source.resume(
                lambda topic: item.state() if (item := self._hub.current(topic)) else None
            )
            if isinstance(source, Polled):
                source.limit(self._watched, partial(self._ingest.claim, term=term))
        await self.intake.start()
        self.schedule.start()
        self.term = term
        self.terms += 1
        log.info("this instance runs the sources")

    async def _release_pins(self) -> None:
        """End the pins that are over: their fields take what the source has said meanwhile."""
        if not self.leads:
            return
        now_ms, items = self._clock.now_ms(), self._hub.live.tail.items.values()
        pinned = [item for item in items if item.data and PINNED in item.data]
        over = [item.topic for item in pinned if released(item.state() or {}, now_ms)]
        if over:
            await self._ingest.release(over, "over")

    async def _end(self) -> None:
        self.term = ""
        if self.schedule:
            await self.schedule.stop(_END_S)
            self.schedule = None
        if self.intake:
            await self.intake.stop()
            self.intake = None
