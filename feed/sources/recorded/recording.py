"""Changes as JSON Lines: a recording, or a file that somebody wrote (docs/sources.md)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from feed.errors import BadChange, BadInput, Fault
from feed.model.change import Change, EventChange
from feed.model.codec import Json, JsonObject
from feed.model.field import exact
from feed.model.merge import difference, merge
from feed.model.recording import EventLine, Line, decode_line
from feed.model.topic import kind_of, parse_topic
from feed.sources.moments import to_ms
from feed.sources.recorded.rows import BadRow, Row, Rows

_DERIVED = ("high", "low", "change", "change_pct")
_DERIVED_FROM = ("price", "open", "prev_close")


class Played:
    """What a recording has told so far: the items by topic, over all of its files and laps."""

    def __init__(self) -> None:
        self.items: dict[str, JsonObject] = {}
        self._standing: dict[str, Line] | None = None
        self._standing_ms = 0
        self._is_recording = False

    @property
    def is_cut(self) -> bool:
        """Whether items as they stand were begun to be told, and not all of them were."""
        return self._standing is not None

    def begin(self) -> None:
        """From the first line on."""
        self._standing = None
        self._is_recording = False

    def rows(self, line: Line, event_id: str) -> Iterator[Row]:
        """What a line tells. An event without an id is given this one. Raises BadInput."""
        if line.begins:
            self._is_recording = True
            self._standing, self._standing_ms = {}, _at_ms(line)
        if self._standing is None:
            if line.topic is not None or not self._is_recording:
                yield self._row(line, event_id)
        elif line.topic is not None:
            self._standing[parse_topic(line.topic)] = line
        if self._standing is not None and line.cursor is not None:
            standing, self._standing = self._standing, None
            yield from self._differences(standing)

    def _row(self, line: Line, event_id: str) -> Row:
        if line.topic is None:
            raise BadInput("expected a topic")
        topic = parse_topic(line.topic)
        states = (line.set is not None) + (line.data is not None) + line.gone
        if states > 1 or not (states or line.event):
            raise BadInput("expected one of set, data and gone, or an event")
        at_ms = _at_ms(line)
        change = Change(
            topic=topic,
            patch=None if line.set is None else _checked(topic, line.set),
            data=None if line.data is None else _checked(topic, line.data),
            gone=line.gone,
            event=None if line.event is None else _event(line.event, event_id, at_ms),
            ts=at_ms if line.ts is None else line.ts,
            recorded=True,
        )
        if self._is_recording:
            change = self._as_it_was(change, is_merged=line.merged > 1)
        return Row(at_ms, change, is_exact=self._is_recording)

    def _as_it_was(self, change: Change, *, is_merged: bool) -> Change:
        """The change without room for what the server would work out otherwise today.

        What was recorded has it already. Versions that were merged may have led elsewhere.
        """
        if change.gone:
            self.items.pop(change.topic, None)
        elif change.data is not None:
            self.items[change.topic] = merge({}, change.data)
            return msgspec.structs.replace(change, data=_settled(change.topic, change.data))
        elif change.patch is not None:
            after = merge(self.items.get(change.topic, {}), change.patch)
            self.items[change.topic] = after
            if is_merged:
                patch = _settled(change.topic, change.patch, after)
                return msgspec.structs.replace(change, patch=patch)
        return change

    def _differences(self, standing: dict[str, Line]) -> Iterator[Row]:
        """From the items as they were played to the items as they stood."""
        at_ms = self._standing_ms
        for topic in [topic for topic in self.items if topic not in standing]:
            del self.items[topic]
            yield Row(at_ms, Change(topic=topic, gone=True, ts=at_ms, recorded=True), is_exact=True)
        for topic, line in standing.items():
            before = self.items.get(topic)
            if before is None or difference(before, merge({}, line.data or {})):
                yield self._row(line, "")._replace(at_ms=at_ms)


def read_jsonl(files: Sequence[Path], played: Played) -> Rows:
    """The lines of files that follow one another. An event without an id is named after its line.

    Raises OSError.
    """
    played.begin()
    for path in files:
        stem = path.stem
        with path.open("rb") as file:
            for number, text in enumerate(file, start=1):
                if not text.strip():
                    continue
                try:
                    yield from played.rows(decode_line(text), f"{stem}-{number}")
                except (BadInput, msgspec.MsgspecError) as error:
                    place = f"{path.name}: " if len(files) > 1 else ""
                    torn = "" if text.endswith(b"\n") else "it was cut off: "
                    yield BadRow(f"{place}line {number}", f"{torn}{error}")
    if played.is_cut:
        yield BadRow("at the end", "it was cut off before all items were told")


def files_of(path: Path) -> list[Path]:
    """A file, or those of a directory in their order. Raises BadInput where there is none."""
    if not path.is_dir():
        return [path]
    if files := sorted(path.glob("*.jsonl")):
        return files
    raise BadInput(f"{path} has no *.jsonl in it")


def _settled(topic: str, fields: JsonObject, after: JsonObject | None = None) -> JsonObject:
    """A price's fields with all that the server might derive from them: as it is after, or none."""
    if kind_of(topic) != "price" or not any(name in fields for name in _DERIVED_FROM):
        return fields
    after = after or {}
    return {name: after.get(name) for name in _DERIVED} | fields


def _event(line: EventLine, event_id: str, at_ms: int) -> EventChange:
    return EventChange(
        op=line.op,
        kind=line.kind,
        id=line.id or event_id,
        ts=at_ms if line.ts is None else line.ts,
        data=line.data,
    )


def _at_ms(line: Line) -> int:
    at: Json = line.ts if line.at is None else line.at
    if at is None and line.event is not None:
        at = line.event.ts
    if at is None:
        raise BadInput("no time: expected at or ts")
    return to_ms(at, "iso" if isinstance(at, str) else "ms")


def _checked(topic: str, fields: JsonObject) -> JsonObject:
    faults: list[Fault] = []
    taken = exact(kind_of(topic), fields, "$", faults)
    if faults:
        raise BadChange(faults)
    return taken
