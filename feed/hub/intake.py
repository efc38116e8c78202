"""What sources say, on its way to the log: past the desk that judges it, in one leader's term."""

import asyncio
import logging
from collections.abc import Sequence

from feed.clock import Clock
from feed.errors import LogTrimmed, LogUnavailable
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.log.base import READ_LIMIT
from feed.model.change import Change
from feed.model.entry import Entry
from feed.sources.base import Poll
from feed.sources.desk.desk import Desk, View
from feed.sources.policy import Policy

log = logging.getLogger(__name__)

_LOOK_S = 1.0
"""How late a silence may be noticed."""

_RECALL = 50_000
"""Entries of the log in which a new leader looks for the events that make up the scores."""


class Intake:
    """Lets sources' words through, one after the other, each judged on what the last one left.

    What generators and replays say is believed, and waits for nobody.
    """

    def __init__(
        self, hub: Hub, ingest: Ingest, clock: Clock, policies: Sequence[Policy], term: str
    ) -> None:
        self._hub = hub
        self._ingest = ingest
        self._clock = clock
        self._term = term
        self._desk = Desk(policies, hub.current, clock.now_ms())
        self._trusted = {policy.name for policy in policies if policy.trust != "checked"}
        self._turn = asyncio.Lock()
        self._read = 0
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Learn where things stand, and watch for silence from now on. Raises LogUnavailable."""
        self._read = self._hub.head
        if self._desk.needs_events:
            self._read = max(0, self._hub.head - _RECALL)
            await self._learn()
        self._desk.resume(self._hub.live.tail.items.values(), self._clock.now_ms())
        self._looking = asyncio.create_task(self._watch(), name="watch over sources")

    async def stop(self) -> None:
        """Watch no more. Idempotent."""
        looking, self._looking = self._looking, None
        if looking:
            looking.cancel()
            await asyncio.wait([looking])

    async def publish(self, poll: Poll) -> int:
        """Append what of a poll is believed; how many changes. Raises LogUnavailable."""
        if poll.source in self._trusted:
            return await self._append(poll.source, self._desk.heard(poll))
        async with self._turn:
            await self._learn()
            return await self._append(poll.source, self._desk.heard(poll))

    async def accept(self, source: str, topic: str) -> None:
        """Let through what is held. Raises NothingHeld, LogUnavailable."""
        async with self._turn:
            await self._learn()
            await self._append(source, self._desk.accept(source, topic, self._clock.now_ms()))

    def reject(self, source: str, topic: str) -> None:
        """Let it through no more, for as long as it is the same. Raises NothingHeld."""
        self._desk.reject(source, topic)

    def view(self, source: str) -> View:
        """What the desk knows of a source."""
        return self._desk.view(source, self._clock.now_ms())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                async with self._turn:
                    await self._learn()
                    for source, changes in self._desk.look(self._clock.now_ms()).items():
                        await self._append(source, changes)
            except LogUnavailable as error:
                log.debug("the states of items cannot be told: %s", error)
            except Exception:  # the task's border: without it no item would ever be stale
                log.exception("the states of items were not looked at; they are in a second")

    async def _append(self, source: str, changes: Sequence[Change]) -> int:
        return await self._ingest.publish(source, changes, self._term) if changes else 0

    async def _learn(self) -> None:
        """Take in what was appended since, as far as it concerns scores."""
        if not self._desk.needs_events:
            return
        while self._read < (head := self._hub.head):
            entries = await self._next()
            self._desk.happened(entries)
            self._read = entries[-1].offset if entries else head

    async def _next(self) -> Sequence[Entry]:
        tail = self._hub.live.tail
        if self._read >= tail.first - 1:
            return tail.after(self._read, READ_LIMIT)
        try:
            return await self._hub.log.read(self._read, READ_LIMIT)
        except LogTrimmed:
            self._read = (await self._hub.log.bounds()).first - 1
            return await self._hub.log.read(self._read, READ_LIMIT)
