"""Entries in their order → bars of five seconds and of a minute. Pure."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from feed.model.bar import Bar, opening, standing
from feed.model.entry import Entry

SLOT_MS = 5_000
MINUTE_MS = 60_000

_MOST_BARS = 100_000
"""Finished bars of five seconds in memory: some 20 MB."""

_MOST_SLOTS = 720
"""An hour of them."""

_PRICE = "price:"


class Minute(NamedTuple):
    """The bars of one minute, by topic; `number`: how many minutes after the epoch it begins."""

    number: int
    bars: Mapping[str, Bar]


class Fold:
    """Moves along the log from an entry on; time is when entries were appended, and never falls.

    `is_whole`: nothing is missing of the minute that it is in, which begins `number` minutes after
    the epoch; of the first one only where it begins where the log began.
    `fine_since_ms`: from then on every bar of five seconds is known.
    """

    def __init__(self, at_ms: int, *, is_whole: bool) -> None:
        self.number = at_ms // MINUTE_MS
        self.is_whole = is_whole
        self.fine_since_ms = 0 if is_whole else (at_ms // SLOT_MS + 1) * SLOT_MS
        self._slot = at_ms // SLOT_MS
        self._fresh: dict[str, Bar] = {}
        self._bars: dict[str, Bar] = {}
        self._slots: deque[tuple[int, dict[str, Bar]]] = deque()
        self._held = 0

    @property
    def now_ms(self) -> int:
        """Where it is: the beginning of the five seconds that are not over yet."""
        return self._slot * SLOT_MS

    def extend(self, entries: Sequence[Entry]) -> list[Minute]:
        """Take in what comes next; gives the minutes that are over by that."""
        over: list[Minute] = []
        ends_ms, fresh = self.now_ms + SLOT_MS, self._fresh
        for entry in entries:
            if entry.at >= ends_ms:
                over += self.advance(entry.at)
                ends_ms, fresh = self.now_ms + SLOT_MS, self._fresh
            topic = entry.topic
            if entry.item is None or not topic.startswith(_PRICE):
                continue
            bar = fresh.get(topic)
            if bar is None:
                fresh[topic] = bar = opening(entry)
                had = self._bars.get(topic)
                self._bars[topic] = had.then(bar) if had else bar
            elif price := standing(entry.data):
                fresh[topic] = bar.told(price)
                self._bars[topic] = self._bars[topic].told(price)
        return over

    def advance(self, at_ms: int) -> list[Minute]:
        """Whatever comes next is not older than this; gives the minute that is over by that."""
        slot = at_ms // SLOT_MS
        if slot <= self._slot:
            return []
        self._end_slot()
        self._slot = slot
        number = at_ms // MINUTE_MS
        if number == self.number:
            return []
        minute, is_whole = Minute(self.number, self._bars), self.is_whole
        self.number, self._bars, self.is_whole = number, {}, True
        return [minute] if is_whole else []

    def running(self) -> Minute:
        """The minute that is not over, as it is now: its bars will be others."""
        return Minute(self.number, self._bars)

    def fine(self, since_ms: int, topics: Collection[str]) -> Iterator[tuple[int, str, Bar]]:
        """The bars of five seconds of some topics: when each begins, its topic and the bar."""
        for slot, bars in (*self._slots, (self._slot, self._fresh)):
            if slot * SLOT_MS >= since_ms:
                for topic in topics:
                    if bar := bars.get(topic):
                        yield slot * SLOT_MS, topic, bar

    def _end_slot(self) -> None:
        if self._fresh:
            self._slots.append((self._slot, self._fresh))
            self._held += len(self._fresh)
            self._fresh = {}
        while len(self._slots) > _MOST_SLOTS or self._held > _MOST_BARS:
            slot, bars = self._slots.popleft()
            self._held -= len(bars)
            self.fine_since_ms = (slot + 1) * SLOT_MS
