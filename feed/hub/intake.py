"""What sources say, on its way to the log: past the desk that judges it, in one leader's term."""

import asyncio
import logging
from asyncio import CancelledError
from collections import defaultdict
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


class _Judged:
    """What was decided of a source: its last poll, what the log took of that, and what not yet."""

    def __init__(self) -> None:
        self.poll: Poll | None = None
        self.appended = 0
        self.left: list[Change] = []


class Intake:
    """Lets sources' words through, one after the other, each judged on what the last one left.

    What generators and replays say is believed, and waits for nobody. What is decided is decided
    once: where the log cannot take it now, it is the first to be appended later.
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
        self._judged: defaultdict[str, _Judged] = defaultdict(_Judged)
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
        """Append what of a poll is believed; how many changes. Raises LogUnavailable.

        The same poll may be said again then.
        """
        if poll.source in self._trusted:
            return await self._tell(poll)
        async with self._turn:
            await self._catch_up()
            return await self._tell(poll)

    async def accept(self, source: str, topic: str) -> None:
        """Let through what is held. Raises NothingHeld, LogUnavailable."""
        async with self._turn:
            await self._catch_up()
            self._judged[source].left += self._desk.accept(source, topic, self._clock.now_ms())
            await self._append(source)

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
                    await self._catch_up()
                    for source, changes in self._desk.look(self._clock.now_ms()).items():
                        self._judged[source].left += changes
                    await self._append_left()
            except LogUnavailable as error:
                log.debug("the states of items cannot be told: %s", error)
            except Exception:  # the task's border: without it no item would ever be stale
                log.exception("the states of items were not looked at; they are in a second")

    async def _catch_up(self) -> None:
        """Have in the log what was decided, and know what else is in it, before more is judged."""
        await self._append_left()
        await self._learn()

    async def _tell(self, poll: Poll) -> int:
        judged = self._judged[poll.source]
        if judged.poll is not poll:
            await self._append(poll.source)
            judged.left = self._desk.heard(poll)
            judged.poll, judged.appended = poll, 0
        await self._append(poll.source)
        return judged.appended

    async def _append_left(self) -> None:
        for source in list(self._judged):
            if source not in self._trusted:
                await self._append(source)

    async def _append(self, source: str) -> None:
        """Append what is left of a source; it stays so where the log could not take it."""
        judged = self._judged[source]
        if not judged.left:
            return
        changes, judged.left = judged.left, []
        try:
            judged.appended += await self._ingest.publish(source, changes, self._term)
        except (LogUnavailable, CancelledError):
            judged.left = changes
            raise

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
        while self._read < tail.first - 1:
            try:
                return await self._hub.log.read(self._read, READ_LIMIT)
            except LogTrimmed:
                self._read = (await self._hub.log.bounds()).first - 1
        return tail.after(self._read, READ_LIMIT)
