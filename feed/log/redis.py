"""The log on a Redis or Valkey server, for several instances: one stream, and what is known of it.

An append is one script, so that nothing of it is ever seen in part, and who it is from, what it
follows from and whether it was said before are checked where it is written (`lua/append.lua`,
decision 0012).
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from feed.errors import LogReplaced, LogTrimmed, LogUnavailable, SettingsError
from feed.log import redis_bars
from feed.log.bars import Bars, packed
from feed.log.base import MOST_NOTES, Appended, Batch, Bounds, Note, Snapshot
from feed.log.memory import new_epoch
from feed.log.published import Published
from feed.log.redis_lease import RedisLease
from feed.log.redis_reader import (
    Reader,
    entries_of,
    item_of,
    offset_of,
)
from feed.log.redis_seen import ANOTHER, Place, Seen, entry_id, is_lost, look_at
from feed.log.redis_store import EVENTS, ITEMS, LOG, META, NOTES, Argument, Store
from feed.log.redis_writer import Writer, event_name
from feed.log.trouble import Trouble
from feed.model.entry import Entry
from feed.model.topic import Filters

_FORMAT = "1"

_TRIM_SLICE = 500
"""Entries let go of in one call, while the server does nothing else."""


class RedisLog:
    """An EventLog that any number of processes have open; it lives in one epoch."""

    def __init__(self, url: str, store: Store, epoch: str, place: Place, *, durable: bool) -> None:
        self._store = store
        self._epoch = epoch
        self._seen = Seen(place)
        self._published = Published(place.offset)
        reading = Store(url, connections=1)
        self._reader = Reader(reading, epoch, self._seen, self._published, durable)
        self._trouble = Trouble()
        self._writer = Writer(store, epoch, self._seen, self._trouble)
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> "RedisLog":
        """The server's log, begun where there is none.

        Raises LogAway, LogUnavailable; SettingsError, which does not show the URL's password.
        """
        try:
            store = Store(url)
        except ValueError:
            message = "FEED_LOG: this is no URL of a server: redis://host:port/db"
            raise SettingsError(message) from None
        async with AsyncExitStack() as undone:
            undone.push_async_callback(store.aclose)
            form, epoch, head, call = await store.run("open", [META], _FORMAT, new_epoch())
            if form.decode() != _FORMAT:
                raise LogUnavailable(f"the server keeps a log of format {form.decode()}")
            durable = await store.is_durable()
            undone.pop_all()
        return cls(url, store, epoch.decode(), Place(int(head), call), durable=durable)

    @property
    def durable(self) -> bool:
        """See EventLog. As the server said when it was last connected to."""
        return self._reader.durable

    @property
    def trouble(self) -> str:
        """See EventLog."""
        return self._trouble.words

    async def append(self, batch: Batch) -> Appended:
        """See EventLog."""
        if self._closed:
            raise LogUnavailable("the log is closed")
        return await self._writer.append(batch)

    async def read(self, after: int, limit: int) -> Sequence[Entry]:
        """See EventLog."""
        wanted = (b"XRANGE", LOG, entry_id(after + 1), b"+", b"COUNT", limit)
        head, stream = await self._ask(wanted)
        entries = entries_of(stream)
        if after < head and (not entries or entries[0].offset != after + 1):
            raise LogTrimmed(f"the log no longer holds {after + 1}")
        return entries

    async def items(self, topics: Filters) -> Snapshot:
        """See EventLog."""
        if topics.prefixes:
            head, found = await self._ask((b"HGETALL", ITEMS))
            packed = found[1::2]
        elif topics.topics:
            head, packed = await self._ask((b"HMGET", ITEMS, *sorted(topics.topics)))
        else:
            head, packed = (await self._ask())[0], ()
        items = (item_of(each) for each in packed if each is not None)
        return Snapshot(head, [item for item in items if topics.matches(item.topic)])

    async def event_kind(self, topic: str, event_id: str) -> str | None:
        """See EventLog."""
        _, told = await self._ask((b"HGET", EVENTS, event_name(topic, event_id)))
        return told.decode().partition(" ")[2] if told else None

    async def notes(self, limit: int) -> Sequence[Note]:
        """See EventLog."""
        newest = (b"XREVRANGE", NOTES, b"+", b"-", b"COUNT", min(limit, MOST_NOTES))
        _, told = await self._ask(newest)
        return [Note(offset_of(place), int(fields[1]), fields[3]) for place, fields in told]

    async def bounds(self) -> Bounds:
        """See EventLog."""
        head, (size,), oldest = await self._ask(
            (b"HMGET", META, b"size"), (b"XRANGE", LOG, b"-", b"+", b"COUNT", 1)
        )
        first = offset_of(oldest[0][0]) if oldest else head + 1
        return Bounds(self._epoch, first, head, int(size))

    def follow(self, after: int) -> AsyncIterator[Sequence[Entry]]:
        """See EventLog."""
        return self._published.follow(after, self.read)

    async def keep(self, minute: int, bars: Bars, most: int) -> None:
        """See EventLog."""
        new = await asyncio.to_thread(packed, minute, bars, most)
        if not await redis_bars.keep(self._store, self._epoch, new):
            raise LogReplaced(ANOTHER)

    async def bars(self, topics: Collection[str], first: int, last: int) -> Mapping[int, Bars]:
        """See EventLog."""
        return await redis_bars.read(self._ask, topics, first, last)

    async def trim(self, before: int) -> None:
        """See EventLog. Others' appends go between the slices."""
        keys, gone = [LOG, META, EVENTS], _TRIM_SLICE
        while gone == _TRIM_SLICE:
            arguments = self._epoch, max(before, 1), _TRIM_SLICE
            gone = await self._store.run("trim", keys, *arguments)
        if gone < 0:
            raise LogReplaced(ANOTHER)

    def lease(self, holder: str, life_s: float) -> RedisLease:
        """See EventLog."""
        return RedisLease(self._store, self._epoch, holder, life_s)

    async def aclose(self) -> None:
        """See EventLog."""
        if self._closed:
            return
        self._closed = True
        self._published.close()
        await self._writer.aclose()
        await self._reader.aclose()
        await self._store.aclose()

    async def _ask(self, *commands: Sequence[Argument]) -> tuple[Any, ...]:
        """The head, and the answers to some commands, as of the same moment."""
        seen = self._seen.newest
        (epoch, head, call), there, *answers = await self._store.ask(look_at(seen), *commands)
        if epoch is None or epoch.decode() != self._epoch:
            raise LogReplaced(ANOTHER)
        if is_lost(seen, int(head), there):
            raise await self._store.replaced(self._epoch)
        self._seen.note(Place(int(head), call))
        return int(head), *answers
