"""Columns of text → lines of a given width."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from feed.commands.text import cut, fit, width_of

_GAP = 2
_LEAST = 6  # a column that may give way keeps so much


class Span(NamedTuple):
    """A printable text in one style: `` (plain), `dim`, `bold`, `up`, `down`, `warn`, `live`."""

    text: str
    style: str = ""


Line: TypeAlias = tuple[Span, ...]


class Column(NamedTuple):
    """A title, and a cell for each row. Where there is no room, `gives_way` and then `spare` tell.

    `spare`: 0 is always there; the highest number goes first. `gives_way`: it may be cut.
    """

    title: str
    cells: Sequence[Span]
    right: bool = False
    gives_way: bool = False
    spare: int = 0


def grid(columns: Sequence[Column], width: int) -> list[Line]:
    """The titles and a line for each row, none wider than `width`; nothing where there is no row.

    Columns without any text are left out.
    """
    kept = [column for column in columns if any(cell.text for cell in column.cells)]
    if not kept:
        return []
    while True:
        widths = _widths(kept, width)
        if sum(widths) + _GAP * (len(kept) - 1) <= width:
            break
        spare = max((column.spare for column in kept), default=0)
        if spare == 0:
            break
        kept = [column for column in kept if column.spare != spare]
    titles = [Span(column.title, "dim") for column in kept]
    rows = zip(*(column.cells for column in kept), strict=True)
    return [_line(kept, widths, cells, width) for cells in (titles, *rows)]


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """Of each column: as wide as its widest cell, or less where it gives way."""
    widths = [
        max(width_of(text) for text in (column.title, *(cell.text for cell in column.cells)))
        for column in columns
    ]
    giving = [index for index, column in enumerate(columns) if column.gives_way]
    over = sum(widths) + _GAP * (len(columns) - 1) - width
    while over > 0 and giving:
        widest = max(giving, key=lambda index: widths[index])
        if widths[widest] <= _LEAST:
            break
        widths[widest] -= 1
        over -= 1
    return widths


def _line(
    columns: Sequence[Column], widths: Sequence[int], cells: Sequence[Span], width: int
) -> Line:
    spans: list[Span] = []
    for column, wide, cell in zip(columns, widths, cells, strict=True):
        if spans:
            spans.append(Span(" " * _GAP))
        spans.append(Span(fit(cell.text, wide, right=column.right), cell.style))
    return clipped(spans, width)


def clipped(spans: Sequence[Span], width: int) -> Line:
    """The line in at most so many columns."""
    kept: list[Span] = []
    for span in spans:
        text = cut(span.text, width)
        width -= width_of(text)
        if text:
            kept.append(Span(text, span.style))
    return tuple(kept)
