"""Recorded changes, row by row; those of CSV files, which may be zipped."""

import csv
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, TextIO, TypeAlias
from zipfile import BadZipFile, ZipFile

from feed.errors import BadChange, BadInput, Fault
from feed.model.change import Change
from feed.model.codec import JsonObject
from feed.model.field import exact
from feed.model.topic import kind_of
from feed.sources.moments import Unit, to_ms


class Row(NamedTuple):
    """A change, and when it happened: milliseconds. `is_exact`: its clock is not to be moved."""

    at_ms: int
    change: Change
    is_exact: bool = False


class BadRow(NamedTuple):
    """What cannot be replayed: where it stands, and why."""

    place: str
    why: str


Rows: TypeAlias = Generator[Row | BadRow, None, None]
"""In the order of the file; closing it closes the file."""


class CsvLayout(NamedTuple):
    """What the columns of a file mean. `columns` None: the first row names them.

    `time` names the column of the time, counted in `unit` from `base_ms`; only times from
    `first_ms` to before `end_ms` are told. `fields` gives the item's field for a column's name;
    or `topics` the topic of which a column is the price. A cell that is empty, or this `missing`,
    says nothing. `newest_first`: the rows are told in order of time, not of the file.
    """

    topic: str
    columns: tuple[str, ...] | None
    time: str
    unit: Unit
    base_ms: int
    fields: Mapping[str, str]
    topics: Mapping[str, str] = {}
    missing: str = ""
    newest_first: bool = False
    first_ms: int = 0
    end_ms: float = float("inf")


def read_csv(path: Path, layout: CsvLayout) -> Rows:
    """The rows of a CSV file, each a change of the layout's topic, or one of each of its topics."""
    told = _in_order(path, layout)
    yield from sorted(told, key=_when) if layout.newest_first else told


def _when(row: Row | BadRow) -> int:
    return row.at_ms if isinstance(row, Row) else 0


def _in_order(path: Path, layout: CsvLayout) -> Iterator[Row | BadRow]:
    with _opened(path) as file:
        lines = csv.reader(file)
        columns = next(lines, []) if layout.columns is None else layout.columns
        while True:
            try:
                values = next(lines, None)
                if values is None:
                    return
                if values:
                    yield from _csv_rows(dict(zip(columns, values, strict=True)), layout)
            except (csv.Error, BadInput, ValueError) as error:
                yield BadRow(f"line {lines.line_num}", str(error))


def csv_columns(path: Path) -> tuple[str, ...]:
    """The first row of a CSV file. Raises OSError and BadInput."""
    with _opened(path) as file:
        return tuple(next(csv.reader(file), ()))


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """The text of a file, or of the only file in a zip. Raises OSError and BadInput."""
    if path.suffix != ".zip":
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            yield text
        return
    try:
        with ZipFile(path) as files:
            names = files.namelist()
            if len(names) != 1:
                raise BadInput(f"{path} holds {len(names)} files: expected one")
            with files.open(names[0]) as file:
                yield TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    except BadZipFile as error:
        raise BadInput(f"{path}: {error}") from error


def _csv_rows(values: dict[str, str], layout: CsvLayout) -> Iterator[Row]:
    """Raises BadInput; what was given before that stands."""
    at_ms = layout.base_ms + to_ms(values[layout.time].strip(), layout.unit)
    if not layout.first_ms <= at_ms < layout.end_ms:
        return
    nothing = ("", layout.missing)
    if layout.fields:
        cells = [(field, values[column].strip()) for column, field in layout.fields.items()]
        yield _row(at_ms, layout.topic, {name: text for name, text in cells if text not in nothing})
    wrong = []
    for column, topic in layout.topics.items():
        if (text := values[column].strip()) not in nothing:
            try:
                yield _row(at_ms, topic, {"price": text})
            except BadInput as error:
                wrong.append(f"{column}: {error}")
    if wrong:
        raise BadInput("; ".join(wrong))


def _row(at_ms: int, topic: str, given: Mapping[str, str]) -> Row:
    faults: list[Fault] = []
    fields: JsonObject = {"state": "live", **given}
    patch = exact(kind_of(topic), fields, "$", faults)
    if faults:
        raise BadChange(faults)
    return Row(at_ms, Change(topic=topic, patch=patch, ts=at_ms, recorded=True))
