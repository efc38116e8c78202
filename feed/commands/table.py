"""What is known of the feed → the lines of a screen. Pure."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

from feed.client.frame import Event
from feed.client.reader import Item
from feed.commands.grid import Line, Span, clipped
from feed.commands.happened import happened
from feed.commands.prices import prices
from feed.commands.scores import scores
from feed.commands.text import printable
from feed.model.topic import KINDS, kind_of

MOST_EVENTS = 8


class Board(NamedTuple):
    """All that a screen shows. `events`: the newest last. `now_ms`: on the server's clock.

    `zone`: where the reader is; None is where this machine is.
    """

    title: str
    items: Mapping[str, Item]
    events: Sequence[Event]
    now_ms: int
    status: Line
    zone: tzinfo | None = None


def render(board: Board, width: int, height: int) -> list[Line]:
    """The lines of the screen, at most `height` of them, none wider than `width`."""
    sections = [section for section in _sections(board, width) if section]
    room = height - 2 - len(sections)  # a title, a status, and a blank line above each section
    sizes = _shares([len(section) for section in sections], room)
    lines: list[Line] = [
        clipped([Span("feed", "bold"), Span(f"  {printable(board.title)}")], width)
    ]
    for section, size in zip(sections, sizes, strict=True):
        if size > 1:
            lines += [(), *_first(section, size, width)]
    if not sections:
        lines += [(), clipped([Span("nothing to show yet", "dim")], width)]
    kept = lines[: max(0, height - 1)]
    return [*kept, *[()] * (height - 1 - len(kept)), clipped(board.status, width)]


def _sections(board: Board, width: int) -> list[list[Line]]:
    kinds: dict[str, dict[str, Item]] = {kind: {} for kind in KINDS}
    for topic, item in board.items.items():
        kinds.setdefault(kind_of(topic), {})[topic] = item
    newest_first = list(board.events)[-MOST_EVENTS:][::-1]
    return [
        prices(kinds["price"], board.now_ms, width),
        scores(kinds["score"], board.now_ms, board.zone, width),
        happened(newest_first, board.zone, width),
    ]


def _shares(wanted: Sequence[int], room: int) -> list[int]:
    """As many lines as each section wants; where there is no room the longest gives way first."""
    sizes = list(wanted)
    while sizes and sum(sizes) > max(0, room):
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def _first(section: list[Line], size: int, width: int) -> list[Line]:
    """A section in so many lines, the last of which says what is left out."""
    if len(section) <= size:
        return section
    hidden = len(section) - size + 1
    return [*section[: size - 1], clipped([Span(f"… {hidden} more", "dim")], width)]
