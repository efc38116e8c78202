"""Appends to a Redis log: what queued during the last call is the next one."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

from feed.errors import (
    Conflict,
    EventExists,
    EventUnknown,
    FeedError,
    Fenced,
    KeyReused,
    LogAway,
    LogUnavailable,
)
from feed.log.base import KEY_LIFE_MS, MOST_NOTES, UNFOUNDED, Appended, Batch
from feed.log.redis_seen import Place, Seen
from feed.log.redis_store import (
    ANSWER,
    CALL,
    EVENTS,
    ITEMS,
    LOG,
    META,
    NOTES,
    VERSIONS,
    Argument,
    Store,
)
from feed.log.trouble import Trouble
from feed.model.entry import Record

log = logging.getLogger(__name__)

_MOST_RECORDS = 1000
"""Records in one call, about: the server does nothing else for the 5 to 10 ms that it takes."""

_PATIENCE_S = 2.0
"""How long a call is said again when its answer does not come."""

_PAUSE_S = 0.05

_CALL_LIFE_MS = 3600 * 1000
_ANSWER_LIFE_MS = KEY_LIFE_MS + 3600 * 1000

_KEYS = (LOG, META, ITEMS, VERSIONS, EVENTS, NOTES)

_pack = msgspec.msgpack.Encoder().encode


class Writer:
    """Says one call at a time, and says it again under its number when the answer is lost.

    So the server does nothing twice. Where it does not hold what was `seen`, it has lost it, and
    the log gets a new epoch.
    """

    def __init__(self, store: Store, epoch: str, seen: Seen, trouble: Trouble) -> None:
        self._store = store
        self._trouble = trouble
        self._epoch = epoch
        self._seen = seen
        self._name = secrets.token_hex(6)
        self._call = 0
        self._queue: deque[tuple[Batch, asyncio.Future[Appended]]] = deque()
        self._work = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="log writer")

    async def append(self, batch: Batch) -> Appended:
        """Wait until it is acknowledged, or refused."""
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._queue.append((batch, future))
        self._work.set()
        return await future

    async def aclose(self) -> None:
        """Take no more. What was not said yet is refused."""
        self._task.cancel()
        await asyncio.wait([self._task])
        self._refuse_queued(LogUnavailable("the log is closed"))

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            taken = self._take()
            try:
                outcomes = await self._say([batch for batch, _ in taken])
            except FeedError as error:
                self._trouble.note([error])
                _deliver(taken, [error] * len(taken))
            except asyncio.CancelledError:
                _deliver(taken, [LogUnavailable("the log is closed")] * len(taken))
                raise
            except Exception as error:  # the task's border: nobody may wait for ever
                log.exception("batches could not be written")
                _deliver(taken, [LogUnavailable(str(error))] * len(taken))
            else:
                self._trouble.note(outcomes)
                _deliver(taken, outcomes)
            if not self._queue:
                self._work.clear()

    def _take(self) -> list[tuple[Batch, "asyncio.Future[Appended]"]]:
        """What goes into the next call: one batch at the least."""
        taken = [self._queue.popleft()]
        records = len(taken[0][0].records)
        while self._queue and records + len(self._queue[0][0].records) <= _MOST_RECORDS:
            taken.append(self._queue.popleft())
            records += len(taken[-1][0].records) + 1  # a batch costs something too
        return taken

    def _refuse_queued(self, error: FeedError) -> None:
        queued = list(self._queue)
        self._queue.clear()
        _deliver(queued, [error] * len(queued))

    async def _say(self, batches: Sequence[Batch]) -> Sequence[Appended | FeedError]:
        """One call. Raises LogUnavailable: it may have been done, or not."""
        self._call += 1
        call = _Call(batches)
        answer = await self._answer(
            [*_KEYS, CALL + self._name.encode(), *call.answers],
            self._epoch,
            *self._seen.newest,
            self._name,
            self._call,
            _CALL_LIFE_MS,
            _ANSWER_LIFE_MS,
            MOST_NOTES,
            call.batches,
            *call.values,
        )
        if answer[0] != b"ok":
            raise await self._store.replaced(self._epoch)
        self._seen.note(Place(answer[1], answer[2]))
        outcomes = [_outcome(told, batch) for told, batch in zip(answer[3:], batches, strict=True)]
        for outcome, batch in zip(outcomes, batches, strict=True):
            is_new = isinstance(outcome, Appended) and not outcome.duplicate
            batch.ground.is_so = is_new and not batch.dry_run
        return outcomes

    async def _answer(self, keys: Sequence[bytes], *arguments: Argument) -> Any:
        """Say it until it is answered, or for so long as one has patience. Raises LogAway then."""
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + _PATIENCE_S
        while True:
            try:
                return await self._store.run("append", keys, *arguments)
            except LogAway:
                if now_s() >= until_s:
                    raise
            await asyncio.sleep(_PAUSE_S)


class _Call:
    """Batches as the script reads them.

    What is text is MessagePack, and bytes stand beside it, named by their places, since the
    script's MessagePack knows no bytes.
    """

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.answers: list[bytes] = []
        self.values: list[bytes] = []
        self._grounds = {batch.ground: place for place, batch in enumerate(batches, 1)}
        self.batches = _pack([self._batch(batch) for batch in batches])

    def _batch(self, batch: Batch) -> tuple[Any, ...]:
        kept = digest = 0
        if batch.key:
            self.answers.append(ANSWER + batch.key.key.encode())
            kept = len(self.answers)
            digest = self._place(batch.key.digest)
            self._place(batch.answer)
        records = [self._record(record) for record in batch.records]
        note = self._place(batch.note) if batch.note else 0
        on = [self._grounds.get(ground, 0) for ground in batch.on if not ground.is_so]
        return batch.term, batch.at_ms, kept, digest, batch.dry_run, records, note, on

    def _record(self, record: Record) -> tuple[Any, ...]:
        event = ""
        if record.event_id is not None:
            event = event_name(record.topic, record.event_id)
        item, body = record.item is not None, self._place(_body(record))
        return record.topic, record.v, item, event, record.event_op, record.event_kind, body

    def _place(self, value: bytes) -> int:
        self.values.append(value)
        return len(self.values)


def _body(record: Record) -> bytes:
    return _pack(
        (record.topic, record.v, record.ts, record.item, record.event, record.data, record.undo)
    )


def event_name(topic: str, event_id: str) -> str:
    """How the log names an event; a topic has no space."""
    return f"{topic} {event_id}"


def _outcome(told: Sequence[Any], batch: Batch) -> Appended | FeedError:
    word = told[0].decode()
    if word in ("appended", "duplicate"):
        return Appended(told[1], told[2], duplicate=word == "duplicate")
    return _refusal(word, told[1:], batch)


def _refusal(word: str, told: Sequence[Any], batch: Batch) -> FeedError:
    match word:
        case "conflict":
            return Conflict(f"{told[0].decode()} is at version {told[1]}")
        case "event_exists" | "event_unknown":
            record = batch.records[told[0]]
            if word == "event_exists":
                message = f"{record.topic} already has an event {record.event_id}"
                return EventExists(message, told[0])
            return EventUnknown(f"{record.topic} has no event {record.event_id}", told[0])
        case "key_reused":
            return KeyReused("this Idempotency-Key was used with another body")
        case "unfounded":
            return Conflict(UNFOUNDED)
        case _:  # "fenced"
            return Fenced("another instance runs the sources")


def _deliver(
    taken: Sequence[tuple[Batch, "asyncio.Future[Appended]"]],
    outcomes: Sequence[Appended | FeedError],
) -> None:
    for (_, future), outcome in zip(taken, outcomes, strict=True):
        if future.done():
            continue
        if isinstance(outcome, FeedError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
