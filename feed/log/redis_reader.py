"""The one connection of an instance that waits for what anybody appends to a Redis log."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from feed.errors import LogReplaced, LogTrimmed, LogUnavailable
from feed.log.base import READ_LIMIT
from feed.log.published import Published
from feed.log.redis_seen import ANOTHER, CALL, Place, Seen, entry_id, has, is_lost, look_at
from feed.log.redis_store import LOG, Store
from feed.model.entry import Entry, Item

log = logging.getLogger(__name__)

_WAIT_S = 1.0
"""So long the server may be silent; then it is asked whether it is still the same log."""

_PAUSE_S = 0.2
"""Between two tries to reach the server."""


class Body(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the stream holds of an entry, besides its place."""

    topic: str
    v: int
    ts: int
    item: bytes | None
    event: bytes | None
    data: bytes | None
    undo: bytes | None


_EPOCH, _AT, _BODY = 1, 5, 7
"""Where an entry of the stream has its fields' values."""

_unpack = msgspec.msgpack.Decoder(Body).decode


def offset_of(entry_id: bytes) -> int:
    """The offset that an id of the stream names."""
    return int(entry_id[:-2])


def entries_of(stream: Sequence[Any]) -> list[Entry]:
    """Entries as the stream tells them → as everybody else knows them."""
    entries = []
    for name, fields in stream:
        body = _unpack(fields[_BODY])
        entries.append(
            Entry(
                offset_of(name),
                int(fields[_AT]),
                body.topic,
                body.v,
                body.ts,
                body.item,
                body.event,
                body.data,
                body.undo,
            )
        )
    return entries


def item_of(packed: bytes) -> Item:
    """The item that a topic's last change left."""
    body = _unpack(packed)
    return Item(body.topic, body.v, body.ts, body.data)


class Reader:
    """Publishes every entry after a place, in order, once; survives the loss of its connection.

    It fails what it publishes with LogReplaced once the log is another one, has lost what was seen
    of it, or was trimmed faster than it was read.
    """

    def __init__(
        self,
        store: Store,
        epoch: str,
        seen: Seen,
        published: Published,
        durable: bool,  # noqa: FBT001
    ) -> None:
        self.durable = durable
        self._store = store
        self._epoch = epoch
        self._seen = seen
        self._published = published
        self._task = asyncio.create_task(self._run(), name="log reader")

    async def aclose(self) -> None:
        """Read no more."""
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._store.aclose()

    async def _run(self) -> None:
        is_away = False
        while True:
            try:
                await self._check()
                if is_away:
                    self.durable = await self._store.is_durable()
                    log.warning("the log is in reach again")
                    is_away = False
                await self._read_on()
            except (LogReplaced, LogTrimmed) as error:
                self._published.fail(LogReplaced(str(error)))
                return
            except LogUnavailable as error:
                if not is_away:
                    log.warning("the log cannot be read now: %s", error)
                    is_away = True
                await asyncio.sleep(_PAUSE_S)
            except Exception as error:  # the task's border: nobody may wait for ever
                log.exception("the log cannot be followed")
                self._published.fail(LogReplaced(str(error)))
                return

    async def _read_on(self) -> None:
        """Publish until the server is silent for a while."""
        while True:
            seen, after = self._seen.newest, entry_id(self._published.head)
            there, stream = await self._store.wait(look_at(seen), after, READ_LIMIT, _WAIT_S)
            if not stream:
                return
            if not any(has(seen, each) for each in there):
                await self._check()  # it was trimmed, or lost
            if any(fields[_EPOCH] != self._epoch.encode() for _, fields in stream):
                raise LogReplaced(ANOTHER)
            entries = entries_of(stream)
            self._follows(entries[0].offset)
            self._seen.note(Place(entries[-1].offset, stream[-1][1][CALL]))
            self._published.publish(entries)

    async def _check(self) -> None:
        """Whether what was seen is still how the log begins, and all of it can still be read.

        A server that failed over may have lost the last entries, and others may stand in their
        place by now: then whoever has seen them must know, and the log gets a new epoch.
        """
        seen = self._seen.newest
        (epoch, head, _), there, oldest = await self._store.ask(
            look_at(seen), (b"XRANGE", LOG, b"-", b"+", b"COUNT", 1)
        )
        if epoch is None or epoch.decode() != self._epoch:
            raise LogReplaced(ANOTHER)
        if is_lost(seen, int(head), there):
            raise await self._store.replaced(self._epoch)
        self._follows(offset_of(oldest[0][0]) if oldest else int(head) + 1)

    def _follows(self, first: int) -> None:
        """See that an entry leaves no gap after what was read. Raises LogTrimmed."""
        if first > self._published.head + 1:
            raise LogTrimmed(f"the log begins at {first}")
