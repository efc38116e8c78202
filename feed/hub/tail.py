"""The newest entries, and the current items, in memory."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter

from feed.log.base import Snapshot
from feed.model.entry import Entry, Item
from feed.model.topic import Filters

_offset = attrgetter("offset")


class Tail:
    """What was read from the log up to `head`: current items, and the last `limit` entries or more.

    `first` is the oldest offset that is remembered.
    """

    def __init__(self, snapshot: Snapshot, limit: int) -> None:
        self.items: dict[str, Item] = {item.topic: item for item in snapshot.items}
        self.head = snapshot.offset
        self._entries: list[Entry] = []
        self._limit = limit

    @property
    def first(self) -> int:
        """The oldest offset remembered; `head + 1` when there is none."""
        return self._entries[0].offset if self._entries else self.head + 1

    def extend(self, entries: Sequence[Entry]) -> None:
        """Take in what comes next in the log."""
        items = self.items
        for entry in entries:
            if entry.item is not None:
                items[entry.topic] = Item(entry.topic, entry.v, entry.ts, entry.data)
        self._entries.extend(entries)
        self.head = entries[-1].offset
        if len(self._entries) > 2 * self._limit:  # in one go, so that it costs little per entry
            del self._entries[: -self._limit]

    def after(self, offset: int, limit: int) -> Sequence[Entry]:
        """At most `limit` entries after an offset that is not older than `first - 1`."""
        start = bisect_right(self._entries, offset, key=_offset)
        return self._entries[start : start + limit]

    def current(self, filters: Filters) -> list[Item]:
        """The items that are there now, sorted by topic."""
        if filters.prefixes:
            found: Iterable[Item] = (i for t, i in self.items.items() if filters.matches(t))
        else:
            found = (self.items[topic] for topic in filters.topics if topic in self.items)
        return sorted((item for item in found if item.data is not None), key=attrgetter("topic"))
