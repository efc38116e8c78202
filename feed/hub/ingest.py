"""The one way in: validate, merge, version, append. Sources and the admin enter by it alike."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Sequence

import msgspec

from feed.clock import Clock, monotonic_s
from feed.errors import (
    BadChange,
    Conflict,
    EventExists,
    EventUnknown,
    KeyReused,
    LogUnavailable,
    Refused,
)
from feed.histogram import Histogram
from feed.hub.audit import Action
from feed.hub.hub import Hub
from feed.hub.planner import Plan, Planner, checked_all, checked_some, leave_out
from feed.limits import DEFAULTS
from feed.log.base import Appended, Batch, BatchKey
from feed.model.change import Change, Release
from feed.model.codec import encode
from feed.model.entry import Record

_TRIES = 20
"""Times that a batch is planned anew when the log moved on meanwhile; twice is already rare."""

_COMMIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_CLAIMED = b"claimed"
"""The answer that a claim leaves with its key: one without any is only looked up."""


class Result(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
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


class Ingest:
    """Plans changes on the newest state that is known, ahead of the log, and appends them.

    Several batches may be on their way at once: each is planned on the ones before it, and says so.
    Where one of those fails, the log refuses the later ones as a Conflict, and they are planned
    anew.
    `changes` counts what was appended, by `admin` and `source`; `keyed` batches with an idempotency
    key that were `new`, `repeated` or `misused`; `commits` how long each took to be durable.
    """

    def __init__(self, hub: Hub, clock: Clock, most_topics: int = DEFAULTS.max_log_topics) -> None:
        self._hub = hub
        self._clock = clock
        self._planner = Planner(hub, clock, most_topics)
        self.changes: Counter[str] = Counter()
        self.keyed: Counter[str] = Counter()
        self.commits = Histogram(_COMMIT_S)

    async def submit(
        self,
        changes: Sequence[Change],
        *,
        key: str | None = None,
        body: bytes = b"",
        dry_run: bool = False,
        action: Action | None = None,
    ) -> Receipt:
        """Append a batch, all or nothing. On return it is durable, and readers here see it.

        `key` and `body` make it idempotent; `action` is what the audit says of it.
        Raises BadChange, Refused, LogUnavailable.
        """
        changes = checked_all(changes)
        batch_key = None
        if key and not dry_run:  # which neither uses up a key nor is answered by one
            batch_key = BatchKey(key, hashlib.sha256(body).digest())
        if batch_key is None:
            return await self._submit(changes, None, dry_run=dry_run, action=action)
        try:
            receipt = await self._submit_once(changes, batch_key, action)
        except KeyReused:
            self.keyed["misused"] += 1
            raise
        self.keyed["repeated" if receipt.duplicate else "new"] += 1
        return receipt

    async def _submit_once(
        self, changes: Sequence[Change], key: BatchKey, action: Action | None
    ) -> Receipt:
        try:
            return await self._submit(changes, key, action=action)
        except (Refused, BadChange):
            # What was accepted under this key once is answered so again, whatever holds by now.
            if kept := await self._answer(key):
                return kept
            raise

    async def release(
        self, topics: Sequence[str], which: Release, action: Action | None = None
    ) -> Receipt:
        """End the pins of some items, all of them or those that are over. Raises LogUnavailable."""
        changes = [Change(topic=topic, release=which) for topic in topics]
        return await self.submit(changes, action=action)

    async def publish(self, source: str, changes: Sequence[Change], term: str = "") -> int:
        """Append what a source found, but for what changes nothing, is known, or is wrong.

        `term`: in which its instance leads. Gives how many changes were appended. What is wrong is
        logged, and the rest goes on. Raises LogUnavailable.
        """
        good = checked_some(changes, source)
        while good:
            try:
                receipt = await self._submit(good, None, source=source, term=term)
                return len(receipt.records)
            except Refused as error:
                refused = good[error.index]
                good[error.index : error.index + 1] = _without_event(refused)
                if isinstance(error, EventExists):  # a source that began again: most are known
                    good = [left for each in good for left in await self._unknown(each)]
                else:
                    leave_out(source, refused, error)
        return 0

    async def claim(self, name: str, term: str = "") -> bool:
        """Take a name for a day or longer, as an idempotency key; whether it was free until now.

        Raises LogUnavailable.
        """
        key = BatchKey(name, hashlib.sha256(_CLAIMED).digest())
        now_ms = self._clock.now_ms()
        batch = Batch(records=(), at_ms=now_ms, key=key, answer=_CLAIMED, term=term)
        try:
            return not (await self._hub.log.append(batch)).duplicate
        except KeyReused:  # by an admin, of all keys
            return False

    async def is_claimed(self, name: str) -> bool:
        """Whether a name is taken. Raises LogUnavailable."""
        key = BatchKey(name, hashlib.sha256(_CLAIMED).digest())
        return (await self._kept(key)).duplicate

    async def _submit(
        self,
        changes: Sequence[Change],
        key: BatchKey | None,
        *,
        dry_run: bool = False,
        source: str | None = None,
        term: str = "",
        action: Action | None = None,
    ) -> Receipt:
        """Append checked changes; of a `source`'s only what is new."""
        changes = await self._with_names(changes)
        for _ in range(_TRIES):
            plan = self._planner.plan(changes, source)
            results = [Result(r.topic, r.v, r.event_id) for r in plan.records]
            batch = Batch(
                records=plan.records,
                at_ms=self._clock.now_ms(),
                key=key,
                answer=encode(results) if key else b"",
                dry_run=dry_run,
                term=term,
                note=action.note(plan.records) if action and plan.records else b"",
                ground=plan.ground,
                on=plan.on,
            )
            try:
                appended = await self._append(batch, plan)
            except Conflict:
                self._planner.forget({change.topic for change in changes})
                await self._hub.live.reached((await self._hub.log.bounds()).head)
                continue
            except Refused as error:
                error.index = plan.places[error.index]
                raise
            if appended.duplicate:
                return _receipt(appended)
            if not dry_run:
                self.changes["source" if source else "admin"] += len(plan.records)
            return Receipt(appended.offset, results, records=plan.records)
        raise LogUnavailable("others change the same topics faster than this change can be made")

    async def _append(self, batch: Batch, plan: Plan) -> Appended:
        """Append what was planned, and let what is planned meanwhile build on it."""
        if batch.dry_run:
            return await self._hub.log.append(batch)
        if not (batch.records or batch.key or batch.on):
            return Appended(self._hub.head)
        self._planner.build_on(plan)
        began_s = monotonic_s()
        try:
            appended = await self._hub.log.append(batch)
            self.commits.observe(monotonic_s() - began_s)
            await self._hub.live.reached(appended.offset)
        finally:
            self._planner.settle(plan)
        return appended

    async def _with_names(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Events with an id and a kind: given, made, or the kind that the log knows."""
        kinds: dict[tuple[str, str | None], str] = {}
        named = list(changes)
        for index, change in enumerate(changes):
            event = change.event
            if event is None:
                continue
            event_id = event.id or f"e-{secrets.token_hex(6)}"
            kind = event.kind
            if event.op != "add":
                known = kinds.get((change.topic, event_id)) or await self._hub.log.event_kind(
                    change.topic, event_id
                )
                if known is None:
                    raise EventUnknown(f"{change.topic} has no event {event_id}", index)
                kind = kind or known
            kinds[change.topic, event_id] = kind or ""
            event = msgspec.structs.replace(event, id=event_id, kind=kind)
            named[index] = msgspec.structs.replace(change, event=event)
        return named

    async def _unknown(self, change: Change) -> list[Change]:
        """What is left of a source's change without an event that the log holds already."""
        event = change.event
        if event is None or event.op != "add" or event.id is None:
            return [change]
        if await self._hub.log.event_kind(change.topic, event.id) is None:
            return [change]
        return _without_event(change)

    async def _answer(self, key: BatchKey) -> Receipt | None:
        """The answer that was kept under a key; None where there is none. Raises KeyReused."""
        kept = await self._kept(key)
        return _receipt(kept) if kept.duplicate else None

    async def _kept(self, key: BatchKey) -> Appended:
        """A look at a key, which takes it from nobody."""
        return await self._hub.log.append(Batch(records=(), at_ms=self._clock.now_ms(), key=key))


def _receipt(kept: Appended) -> Receipt:
    return Receipt(kept.offset, msgspec.json.decode(kept.answer, type=list[Result]), duplicate=True)


def _without_event(change: Change) -> list[Change]:
    """What is left of a change whose event was refused: the item's part, if it has one."""
    if change.patch is None and change.data is None and not change.gone:
        return []
    return [msgspec.structs.replace(change, event=None)]
