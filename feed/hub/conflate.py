"""From log entries to the elements of a frame: each version, or the difference of two states."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from feed.model.codec import encode
from feed.model.entry import Entry
from feed.model.frame import item_gone, item_set, item_whole, project
from feed.model.merge import difference


class Elements(msgspec.Struct, gc=False):
    """The elements of one update, encoded, in the order of the log."""

    items: list[bytes]
    events: list[bytes]


class Held:
    """Which version of each item all clients of a group hold, when some versions were not sent.

    A change to none of the `fields` is not sent; the next `set` then stands for it too. Who came
    with a cursor may hold an older version than who came with a snapshot: what they hold in
    common is unsure then, and the next change goes out as `data`, which fits everybody.
    """

    def __init__(self, *, resumed: bool) -> None:
        self._skipped: dict[str, int] = {}
        self._all_sure = not resumed
        self._exceptions: set[str] = set()

    def join(self, other: "Held") -> None:
        """Take in a client that holds something else."""
        skipped, exceptions, all_sure = other.state()
        if not all_sure:
            self._all_sure, self._exceptions = False, set()
            return
        for topic in self._skipped.keys() | skipped | exceptions:
            self._set_sure(topic, sure=False)

    def state(self) -> tuple[set[str], set[str], bool]:
        """Topics with skipped versions; topics that are exceptions; whether the others are sure."""
        return set(self._skipped), self._exceptions, self._all_sure

    def is_sure(self, topic: str) -> bool:
        """Whether every client holds the same version of an item."""
        return self._all_sure != (topic in self._exceptions)

    def skip(self, topic: str, versions: int) -> None:
        """So many versions were not sent."""
        self._skipped[topic] = self._skipped.get(topic, 0) + versions

    def send(self, topic: str) -> int:
        """The newest version is sent; gives how many were skipped before it."""
        self._set_sure(topic, sure=True)
        return self._skipped.pop(topic, 0)

    def _set_sure(self, topic: str, *, sure: bool) -> None:
        if sure == self._all_sure:
            self._exceptions.discard(topic)
        else:
            self._exceptions.add(topic)


class _Run(NamedTuple):
    """Neighbouring versions of one item that are told as one."""

    first: Entry
    last: Entry
    versions: int
    ended_between: bool


def every(entries: Iterable[Entry]) -> Elements:
    """Each version and each event as it was logged; nothing is decoded.

    Mostly called with very few: a comprehension for each kind costs 0.5 µs more than the loop.
    """
    items: list[bytes] = []
    events: list[bytes] = []
    for entry in entries:
        if entry.item is not None:
            items.append(entry.item)
        if entry.event is not None:
            events.append(entry.event)
    return Elements(items, events)


def versions(entries: Iterable[Entry]) -> int:
    """How many versions of items these are."""
    return sum(entry.item is not None for entry in entries)


def merged(entries: Sequence[Entry]) -> Elements:
    """Each item once, as the difference of its first and last state; each event."""
    items = []
    for run in _runs(entries):
        if run.versions == 1 and run.last.item is not None:
            items.append(run.last.item)
        else:
            items.append(_difference(run))
    return Elements(items, every(entries).events)


def projected(
    entries: Sequence[Entry], fields: frozenset[str], held: Held, *, merge: bool
) -> Elements:
    """As `every` or `merged`, with only the fields of interest; `held` is brought up to date."""
    runs = _runs(entries) if merge else _single(entries)
    items = [element for run in runs if (element := _project(run, fields, held))]
    return Elements(items, every(entries).events)


def _single(entries: Iterable[Entry]) -> list[_Run]:
    return [
        _Run(entry, entry, 1, ended_between=False) for entry in entries if entry.item is not None
    ]


def _runs(entries: Iterable[Entry]) -> list[_Run]:
    runs: dict[str, _Run] = {}
    for entry in entries:
        if entry.item is None:
            continue
        run = runs.get(entry.topic)
        runs[entry.topic] = (
            _Run(entry, entry, 1, ended_between=False)
            if run is None
            else _Run(
                run.first, entry, run.versions + 1, run.ended_between or run.last.data is None
            )
        )
    return list(runs.values())


def _difference(run: _Run) -> bytes:
    last = run.last
    if last.data is None:
        return item_gone(last.topic, last.v, last.ts)
    before = run.first.before()
    if before is None or run.ended_between:
        return item_whole(last.topic, last.v, last.ts, last.data)
    patch = difference(before, last.after() or {})
    return item_set(last.topic, last.v, last.ts, patch, run.versions)


def _project(run: _Run, fields: frozenset[str], held: Held) -> bytes | None:
    """The element of a run, or None when it touches none of the fields."""
    last, topic = run.last, run.last.topic
    after = last.after()
    if after is None:
        held.send(topic)
        return item_gone(topic, last.v, last.ts)
    before = run.first.before()
    after = project(after, fields)
    begins = before is None or run.ended_between
    patch = difference(project(before or {}, fields), after)
    if not patch and not begins:
        held.skip(topic, run.versions)
        return None
    whole = begins or not held.is_sure(topic)
    versions = held.send(topic) + run.versions
    if whole:
        return item_whole(topic, last.v, last.ts, encode(after))
    return item_set(topic, last.v, last.ts, patch, versions)
