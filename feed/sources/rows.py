"""Recorded changes, read line by line: CSV and JSON Lines."""

import csv
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from feed.errors import BadChange, BadInput, Fault
from feed.model.change import Change, EventChange, Op
from feed.model.codec import Json, JsonObject, decoder
from feed.model.field import exact
from feed.model.topic import kind_of, parse_topic
from feed.sources.moments import Unit, to_ms


class Row(NamedTuple):
    """A change, and when it happened: milliseconds."""

    at_ms: int
    change: Change


class BadRow(NamedTuple):
    """What cannot be replayed: where it stands, and why."""

    place: str
    why: str


Rows: TypeAlias = Generator[Row | BadRow, None, None]
"""In the order of the file; closing it closes the file."""


class CsvLayout(NamedTuple):
    """What the columns of a file mean. `columns` None: the first row names them.

    `time` names the column of the time, counted in `unit` from `base_ms`; `fields` gives the
    item's field for a column's name.
    """

    topic: str
    columns: tuple[str, ...] | None
    time: str
    unit: Unit
    base_ms: int
    fields: Mapping[str, str]


def read_csv(path: Path, layout: CsvLayout) -> Rows:
    """The rows of a CSV file, each a change of the layout's topic."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = csv.reader(file)
        columns = next(lines, []) if layout.columns is None else layout.columns
        while True:
            try:
                values = next(lines, None)
                if values is None:
                    return
                if values:
                    yield _csv_row(dict(zip(columns, values, strict=True)), layout)
            except (csv.Error, BadInput, ValueError) as error:
                yield BadRow(f"line {lines.line_num}", str(error))


def csv_columns(path: Path) -> tuple[str, ...]:
    """The first row of a CSV file."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return tuple(next(csv.reader(file), ()))


def _csv_row(values: dict[str, str], layout: CsvLayout) -> Row:
    at_ms = layout.base_ms + to_ms(values[layout.time].strip(), layout.unit)
    given = {field: values[column].strip() for column, field in layout.fields.items()}
    fields: JsonObject = {"state": "live"}
    fields |= {field: value for field, value in given.items() if value}
    patch = _checked(layout.topic, fields)
    return Row(at_ms, Change(topic=layout.topic, patch=patch, ts=at_ms, recorded=True))


class _Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    op: Op = "add"
    kind: str | None = None
    id: str | None = None
    ts: int | None = None
    data: dict[str, Any] = {}


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line as `/admin/inject` takes it (protocol section 6), and `at`: when to tell it."""

    topic: str
    set: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    event: _Event | None = None
    gone: bool = False
    ts: int | None = None
    at: int | str | None = None
    why: str | None = None


_decode_line: Callable[[bytes], _Line] = decoder(_Line)


def read_jsonl(path: Path) -> Rows:
    """The lines of a JSON Lines file. An event without an id is named after file and line."""
    name = path.stem
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield _json_row(line, f"{name}-{number}")
            except (BadInput, msgspec.MsgspecError) as error:
                yield BadRow(f"line {number}", str(error))


def _json_row(text: bytes, event_id: str) -> Row:
    line = _decode_line(text)
    topic = parse_topic(line.topic)
    states = (line.set is not None) + (line.data is not None) + line.gone
    if states > 1 or not (states or line.event):
        raise BadInput("expected one of set, data and gone, or an event")
    at_ms = _at_ms(line)
    event = None
    if line.event is not None:
        given = line.event
        event = EventChange(
            op=given.op,
            kind=given.kind,
            id=given.id or event_id,
            ts=at_ms if given.ts is None else given.ts,
            data=given.data,
        )
    return Row(
        at_ms,
        Change(
            topic=topic,
            patch=None if line.set is None else _checked(topic, line.set),
            data=None if line.data is None else _checked(topic, line.data),
            gone=line.gone,
            event=event,
            ts=at_ms if line.ts is None else line.ts,
            recorded=True,
        ),
    )


def _at_ms(line: _Line) -> int:
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
