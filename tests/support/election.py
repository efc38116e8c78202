"""Instances on one log in memory, and a lease that a test gives and takes away."""

import asyncio
import itertools
from collections.abc import Sequence

from feed.clock import SystemClock
from feed.errors import Fenced, LogAway
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.leader import Leader
from feed.log.base import Appended, Batch
from feed.log.memory import MemoryLog
from feed.model.change import Change
from feed.sources.base import Current, Source
from tests.support.log import lent
from tests.support.sources import Counted

TOPIC = "price:N"
_TERMS = itertools.count(1)


class Election:
    """Who leads. `away`: nobody can ask. `looks`: how often each has asked, and was answered."""

    def __init__(self) -> None:
        self.away = False
        self.held_by: str | None = None
        self.term = ""
        self.looks: dict[str, Counted] = {}
        self.held_up: dict[str, asyncio.Event] = {}

    def holder(self) -> str | None:
        """Who has the lease."""
        return self.held_by

    def expire(self) -> None:
        """The lease runs out; the term goes on until another one begins."""
        self.held_by = None

    def begin(self, holder: str) -> str:
        """Let somebody lead from now on."""
        self.held_by, self.term = holder, f"term-{next(_TERMS)}"
        return self.term

    def hold_up(self, holder: str) -> asyncio.Event:
        """Let none of its asking be answered until the event is set: as if it were stopped."""
        return self.held_up.setdefault(holder, asyncio.Event())


class Candidate:
    """A lease, as one instance sees it."""

    def __init__(self, election: Election, holder: str) -> None:
        self._election = election
        self._holder = holder
        self._term = ""
        election.looks.setdefault(holder, Counted())

    async def take(self) -> str:
        """See Lease."""
        if held_up := self._election.held_up.get(self._holder):
            await held_up.wait()
        await self._election.looks[self._holder].add(1)
        self._reach()
        if self._election.held_by is None:
            self._term = self._election.begin(self._holder)
        elif self._election.held_by != self._holder or self._election.term != self._term:
            self._term = ""
        return self._term

    async def holder(self) -> str | None:
        """See Lease."""
        self._reach()
        return self._election.held_by

    async def release(self) -> None:
        """See Lease."""
        self._reach()
        if self._term and self._election.term == self._term:
            self._election.held_by, self._election.term = None, ""

    def _reach(self) -> None:
        if self._election.away:
            raise LogAway("nobody listens")


class LedLog(MemoryLog):
    """A log that several hubs are lent; it refuses sources of another term.

    `refused`: the terms that it refused. `published`: how many batches of sources it took.
    """

    def __init__(self, election: Election) -> None:
        super().__init__()
        self.refused = Counted()
        self.published = Counted()
        self.terms: list[str] = []
        self._election = election

    async def append(self, batch: Batch) -> Appended:
        """See EventLog."""
        if batch.term and batch.term != self._election.term:
            await self.refused.add(1)
            raise Fenced("another instance runs the sources")
        appended = await super().append(batch)
        if batch.term:
            self.terms.append(batch.term)
            await self.published.add(1)
        return appended

    def lease(self, holder: str, life_s: float) -> Candidate:  # type: ignore[override]
        """See EventLog."""
        return Candidate(self._election, holder)

    async def aclose(self) -> None:
        """See EventLog. Others have it, too."""


class Counting:
    """A source that counts on from what the log holds, and says whose it is."""

    kind = "counting"
    every_s = 0.01
    ended = False

    def __init__(self, by: str = "nobody", closings: Counted | None = None) -> None:
        self.name = "counting"
        self.resumed: object = None
        self._closings = closings or Counted()
        self.closed = False
        self._n = 0
        self._by = by

    def resume(self, current: Current) -> None:
        """See Source."""
        item = current(TOPIC)
        self.resumed = item
        self._n = int(str(item["n"])) if item else 0

    async def poll(self, now_ms: int) -> Sequence[Change]:
        """See Source."""
        self._n += 1
        return [Change(topic=TOPIC, patch={"n": self._n, "by": self._by})]

    async def aclose(self) -> None:
        """See Source."""
        self.closed = True
        await self._closings.add(1)


class Instance:
    """A hub and who campaigns for it.

    `opened` are all sources that it ever had, `closed` how many it closed; `faults` are raised
    first where it is to open them.
    """

    def __init__(
        self, name: str, log: MemoryLog, *, hub: Hub | None = None, lease_s: float = 0.03
    ) -> None:
        self.name = name
        self.opened: list[Counting] = []
        self.closed = Counted()
        self.faults: list[Exception] = []
        self.hub = hub or Hub(lent(log), SystemClock(), heartbeat_s=15)
        self.leader = Leader(
            self.hub,
            Ingest(self.hub, SystemClock()),
            SystemClock(),
            self._open,
            (),
            instance=name,
            lease_s=lease_s,
            watched=self.hub.is_watched,
        )

    async def start(self) -> "Instance":
        """Follow the log, and campaign."""
        await self.hub.start()
        self.leader.start()
        return self

    async def stop(self) -> None:
        """Lead no longer, and follow no longer."""
        await self.leader.stop()
        await self.hub.stop()

    def _open(self) -> Sequence[Source]:
        if self.faults:
            raise self.faults.pop(0)
        self.opened.append(Counting(self.name, self.closed))
        return self.opened[-1:]
