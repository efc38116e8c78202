"""The one way in: validate, merge, version, append. Sources and the admin enter by it alike."""

import hashlib
import logging
import secrets
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from feed.clock import Clock
from feed.errors import (
    BadChange,
    Conflict,
    EventExists,
    EventUnknown,
    Fault,
    LogUnavailable,
    Refused,
    TopicUnknown,
    VersionDiffers,
)
from feed.hub.compose import NOTHING, State, check, compose, news
from feed.hub.hub import Hub
from feed.log.base import Appended, Batch, BatchKey, EventLog
from feed.model.change import Change
from feed.model.codec import encode
from feed.model.entry import Record

log = logging.getLogger(__name__)

_TRIES = 20
"""Times that a batch is planned anew when the log moved on meanwhile; twice is already rare."""


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one change: its topic's version, and the id of its event."""

    topic: str
    v: int
    event: str | None = None


class Receipt(msgspec.Struct, frozen=True):
    """The place of a batch's last change, a result for each, and what was written."""

    offset: int
    results: Sequence[Result]
    duplicate: bool = False
    records: Sequence[Record] = ()


class _Planned(NamedTuple):
    """A record, the state after it, and the place in the batch of the change that it came from."""

    place: int
    record: Record
    state: State


class Ingest:
    """Plans changes on the newest state that it knows, ahead of the log, and appends them.

    Several batches may be on their way at once: each is planned on the ones before it. Where one
    of those fails, the log refuses the later ones as a Conflict, and they are planned anew.
    """

    def __init__(self, events: EventLog, hub: Hub, clock: Clock) -> None:
        self._log = events
        self._hub = hub
        self._clock = clock
        self._ahead: dict[str, State] = {}

    async def submit(
        self,
        changes: Sequence[Change],
        *,
        key: str | None = None,
        body: bytes = b"",
        dry_run: bool = False,
    ) -> Receipt:
        """Append a batch, all or nothing. On return it is durable, and readers here see it.

        `key` and `body` make it idempotent. Raises BadChange, Refused, LogUnavailable.
        """
        faults = [f for index, change in enumerate(changes) for f in check(change, f"$[{index}]")]
        if faults:
            raise BadChange(faults)
        batch_key = None
        if key and not dry_run:  # which neither uses up a key nor is answered by one
            batch_key = BatchKey(key, hashlib.sha256(body).digest())
        try:
            return await self._submit(changes, batch_key, dry_run=dry_run)
        except (Refused, BadChange):
            # What was accepted under this key once is answered so again, whatever holds by now.
            if batch_key and (kept := await self._answer(batch_key)):
                return kept
            raise

    async def publish(self, source: str, changes: Sequence[Change]) -> int:
        """Append what a source found, but for what changes nothing, is known, or is wrong.

        Gives how many changes were appended. What is wrong is logged, and the rest goes on.
        Raises LogUnavailable.
        """
        good = []
        for index, change in enumerate(changes):
            if faults := check(change, f"$[{index}]"):
                log.warning("source %s: %s is refused: %s", source, change.topic, BadChange(faults))
            else:
                good.append(change)
        while good:
            try:
                return len((await self._submit(good, None, news_only=True)).records)
            except (Refused, BadChange) as error:
                index = error.index if isinstance(error, Refused) else _index(error.faults)
                if not isinstance(error, EventExists):  # known already: a source that began again
                    log.warning("source %s: %s is refused: %s", source, good[index].topic, error)
                good[index : index + 1] = _without_event(good[index], error)
        return 0

    async def _submit(
        self,
        changes: Sequence[Change],
        key: BatchKey | None,
        *,
        dry_run: bool = False,
        news_only: bool = False,
    ) -> Receipt:
        changes = await self._with_names(changes)
        for _ in range(_TRIES):
            planned = self._plan(changes, news_only=news_only)
            records = [plan.record for plan in planned]
            results = [Result(r.topic, r.v, r.event_id) for r in records]
            batch = Batch(
                records=records,
                at_ms=self._clock.now_ms(),
                key=key,
                answer=encode(results),
                dry_run=dry_run,
            )
            try:
                appended = await self._append(batch, {} if dry_run else _states(planned))
            except Conflict:
                await self._look_again({change.topic for change in changes})
                continue
            except Refused as error:
                error.index = planned[error.index].place
                raise
            if appended.duplicate:
                return _receipt(appended)
            return Receipt(appended.offset, results, records=records)
        raise LogUnavailable("others change the same topics faster than this change can be made")

    def _plan(self, changes: Sequence[Change], *, news_only: bool) -> list[_Planned]:
        """The records of a batch, each on the state that the one before it leaves."""
        now_ms = self._clock.now_ms()
        states: dict[str, State] = {}
        planned = []
        for index, change in enumerate(changes):
            topic = change.topic
            state = states[topic] if topic in states else self._state(topic)
            wanted: Change | None = change
            if news_only:
                wanted = news(change, state)
            else:
                _allow(change, state, index)
            if wanted is not None:
                record, states[topic] = compose(wanted, state, now_ms, f"$[{index}]")
                planned.append(_Planned(index, record, states[topic]))
        return planned

    async def _append(self, batch: Batch, states: dict[str, State]) -> Appended:
        """Append what was planned, and let what is planned meanwhile build on it."""
        if not batch.records and not batch.key:
            return Appended(self._hub.head)
        self._ahead |= states
        try:
            appended = await self._log.append(batch)
            await self._hub.live.reached(appended.offset)
            return appended
        finally:
            # Failed, repeated, or read back by now: the hub knows it, or it never was.
            for topic, state in states.items():
                if self._ahead.get(topic) is state:
                    del self._ahead[topic]

    def _state(self, topic: str) -> State:
        item = self._hub.current(topic)
        state = NOTHING if item is None else State(item.v, item.ts, item.state())
        ahead = self._ahead.get(topic)
        return ahead if ahead and ahead.v > state.v else state

    async def _look_again(self, topics: set[str]) -> None:
        """After a conflict: forget what was planned ahead, and read up to where the log is."""
        for topic in topics:
            self._ahead.pop(topic, None)
        await self._hub.live.reached((await self._log.bounds()).head)

    async def _with_names(self, changes: Sequence[Change]) -> list[Change]:
        """Events with an id and a kind: given, made, or the kind that the log knows."""
        kinds: dict[tuple[str, str | None], str] = {}
        named = []
        for index, change in enumerate(changes):
            event = change.event
            if event is None:
                named.append(change)
                continue
            event_id = event.id or f"e-{secrets.token_hex(6)}"
            kind = event.kind
            if event.op != "add":
                known = kinds.get((change.topic, event_id)) or await self._log.event_kind(
                    change.topic, event_id
                )
                if known is None:
                    raise EventUnknown(f"{change.topic} has no event {event_id}", index)
                kind = kind or known
            kinds[change.topic, event_id] = kind or ""
            event = msgspec.structs.replace(event, id=event_id, kind=kind)
            named.append(msgspec.structs.replace(change, event=event))
        return named

    async def _answer(self, key: BatchKey) -> Receipt | None:
        """The answer that was kept under a key; None where there is none. Raises KeyReused."""
        appended = await self._log.append(Batch(records=(), at_ms=self._clock.now_ms(), key=key))
        return _receipt(appended) if appended.duplicate else None


def _receipt(kept: Appended) -> Receipt:
    return Receipt(kept.offset, msgspec.json.decode(kept.answer, type=list[Result]), duplicate=True)


def _states(planned: Sequence[_Planned]) -> dict[str, State]:
    """The items' states after a batch."""
    return {plan.record.topic: plan.state for plan in planned if plan.record.item is not None}


def _allow(change: Change, state: State, index: int) -> None:
    """Refuse what the current state does not allow."""
    v = 0 if state.data is None else state.v
    if change.if_v is not None and change.if_v != v:
        raise VersionDiffers(change.topic, v, index)
    if change.gone and state.data is None:
        raise TopicUnknown(f"{change.topic} does not exist", index)


def _index(faults: Sequence[Fault]) -> int:
    """The place in the batch that a fault's path begins with: `$[3]…` → 3."""
    return int(faults[0].path[2 : faults[0].path.index("]")])


def _without_event(change: Change, error: Exception) -> list[Change]:
    """What is left of a refused change: the item's part, when only its event was refused."""
    has_item = change.patch is not None or change.data is not None or change.gone
    if isinstance(error, EventExists | EventUnknown) and has_item:
        return [msgspec.structs.replace(change, event=None)]
    return []
