"""What was done by hand, as the log remembers it, and taking it back."""

from collections.abc import Sequence

import msgspec

from feed.errors import LogTrimmed, NotToUndo
from feed.hub.hub import Hub
from feed.hub.undo import Told, compensation, events_of
from feed.log.base import MOST_NOTES, READ_LIMIT, Note
from feed.model.change import Change
from feed.model.codec import JsonObject, encode
from feed.model.entry import Entry, Record


class Action(msgspec.Struct, frozen=True):
    """What somebody did: `inject`, `undo` or `unpin`, why, and the id of what it took back.

    `by`: the fingerprint of the token that was used; `address`: from where.
    """

    action: str
    why: str | None = None
    undoes: str | None = None
    by: str | None = None
    address: str | None = None

    def note(self, records: Sequence[Record]) -> bytes:
        """What the log is to remember of it."""
        topics = sorted({record.topic for record in records})
        return encode(msgspec.structs.asdict(self) | {"topics": topics, "count": len(records)})


class Done(msgspec.Struct, frozen=True):
    """One thing that was done. `offset`: of its last change. `at`: milliseconds."""

    id: str
    at: int
    offset: int
    action: str
    topics: Sequence[str]
    count: int
    why: str | None
    undoes: str | None
    undone: bool
    by: str | None
    address: str | None


class _Noted(msgspec.Struct, frozen=True):
    action: str
    topics: list[str]
    count: int
    why: str | None = None
    undoes: str | None = None
    by: str | None = None
    address: str | None = None


class Audit:
    """Reads the notes of the log."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def done(self, limit: int = MOST_NOTES) -> list[Done]:
        """The newest first. Raises LogUnavailable."""
        noted = [(note, _read(note)) for note in await self._hub.log.notes(MOST_NOTES)]
        taken_back = {each.undoes for _, each in noted}
        return [
            Done(
                id=str(note.offset),
                at=note.at,
                offset=note.offset,
                undone=str(note.offset) in taken_back,
                **msgspec.structs.asdict(each),
            )
            for note, each in noted[:limit]
        ]

    async def find(self, action_id: str) -> Done | None:
        """What has this id; None where nothing has."""
        return next((each for each in await self.done() if each.id == action_id), None)

    async def entries(self, done: Done, limit: int) -> Sequence[Entry]:
        """What it changed, the first of it; empty where the log no longer holds that.

        Raises LogUnavailable.
        """
        try:
            return await self._hub.log.read(done.offset - done.count, min(limit, done.count))
        except LogTrimmed:
            return ()

    async def compensation(self, done: Done) -> Sequence[Change]:
        """The changes that take it back. Raises NotToUndo, LogUnavailable."""
        if done.undone:
            raise NotToUndo("it is undone already")
        try:
            batch = await self._hub.log.read(done.offset - done.count, done.count)
            told = await self._told(batch)
        except LogTrimmed:
            raise NotToUndo("the log no longer holds it") from None
        return compensation(batch, self._hub.current, told)

    async def _told(self, batch: Sequence[Entry]) -> dict[tuple[str, str], Told]:
        """What the log says of the events of a batch, before it and after it."""
        wanted = events_of(batch)
        if not wanted:
            return {}
        first, last = batch[0].offset, batch[-1].offset
        corrects = any(event["op"] != "add" for event in wanted.values())
        place = (await self._hub.log.bounds()).first - 1 if corrects else last
        before: dict[tuple[str, str], JsonObject] = {}
        now: dict[tuple[str, str], JsonObject] = {}
        while entries := await self._hub.log.read(place, READ_LIMIT):
            before |= events_of(entry for entry in entries if entry.offset < first)
            now |= events_of(entry for entry in entries if entry.offset > last)
            place = entries[-1].offset
        return {event: Told(before.get(event), now.get(event)) for event in wanted}


def _read(note: Note) -> _Noted:
    return msgspec.json.decode(note.note, type=_Noted)
