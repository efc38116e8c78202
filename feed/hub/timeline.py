"""The events of each match that the log holds, at hand for whoever opens a page."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from feed.model.entry import Entry

_MOST_BYTES = 32 << 20
"""Some hundred thousand goals."""

_SCORE = "score:"


class _Told(NamedTuple):
    offset: int
    topic: str
    event: bytes


class Timelines:
    """Moves along the log; of too many events the oldest go."""

    def __init__(self) -> None:
        self._all: deque[_Told] = deque()
        self._of: dict[str, deque[_Told]] = {}
        self._size_bytes = 0

    def extend(self, entries: Sequence[Entry]) -> None:
        """Take in what comes next."""
        for entry in entries:
            if entry.event is not None and entry.topic.startswith(_SCORE):
                told = _Told(entry.offset, entry.topic, entry.event)
                self._all.append(told)
                self._of.setdefault(entry.topic, deque()).append(told)
                self._size_bytes += len(entry.event)
        while self._size_bytes > _MOST_BYTES:
            self._let_go()

    def trim(self, first: int) -> None:
        """The log begins with this offset now."""
        while self._all and self._all[0].offset < first:
            self._let_go()

    def of(self, topic: str, upto: int) -> list[bytes]:
        """The events of a topic up to an offset, in order, as frames have them."""
        return [told.event for told in self._of.get(topic, ()) if told.offset <= upto]

    def _let_go(self) -> None:
        oldest = self._all.popleft()
        self._size_bytes -= len(oldest.event)
        rest = self._of[oldest.topic]
        rest.popleft()
        if not rest:
            del self._of[oldest.topic]
