"""Plays rows, each a change of its own, at the pace that they had, or at another."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from feed.model.change import Change
from feed.model.codec import JsonObject
from feed.sources.base import Current, SourceFailed
from feed.sources.match import rate
from feed.sources.recorded.rows import BadRow, Row, Rows

log = logging.getLogger(__name__)

MAX_SPEED = 1_000_000
_PER_POLL = 1_000
_AT_ONCE_S = 0.01  # from poll to poll where nothing sets the pace: others have their turns between
_PAUSE_POLLS = 10  # a longer silence was a pause, and what it held back is not hurried after
_AHEAD = 256  # rows read at once: a millisecond's work, and a thread is asked for it once
_SHOWN = 5


class Player:
    """A source that plays what `open_rows` gives, from the first row on each time.

    `speed`: 1 as it was, 0 as fast as possible. `loop`: begin again at the end. `place`: what is
    named where a row cannot be played; `bad_rows` counts those. `as_now`: every time is moved as
    if it happened now, faster or slower with the speed. Else the clocks of matches alone are, but
    for rows that are exact, which keep theirs too.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        open_rows: Callable[[], Rows],
        *,
        every_s: float,
        speed: float,
        place: str,
        loop: bool = False,
        as_now: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.every_s = every_s if speed else min(every_s, _AT_ONCE_S)
        self.bad_rows = 0
        self.place = place
        self.speed = speed
        self._loop = loop
        self._as_now = as_now
        self._open = open_rows
        self._rows = self._open()
        self._ahead: deque[Row | BadRow | OSError] = deque()
        self._reading = threading.Lock()  # a poll that was cancelled may still be at it
        self._waiting: Row | None = None
        self._first_ms: int | None = None
        self._played_ms = 0.0
        self._last_ms: int | None = None
        self._lap = 0
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the last row was given."""
        return self._ended

    @property
    def next_s(self) -> float:
        """Seconds from the last poll to when there is more to tell; 0 where that is not known."""
        row, first_ms = self._waiting, self._first_ms
        if row is None or first_ms is None or not self.speed:
            return 0
        return max(0.0, (row.at_ms - first_ms - self._played_ms) / self.speed / 1000)

    def resume(self, current: Current) -> None:
        """What is played begins at the beginning; events that the log has are not told again."""

    async def poll(self, now_ms: int) -> Sequence[Change]:
        """The rows that are due, at most a thousand; the others are due at the next poll."""
        if self._is_ahead(now_ms):
            return self._read(now_ms)
        return await asyncio.to_thread(self._take, now_ms)

    async def aclose(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._reading:
            self._rows.close()

    def _take(self, now_ms: int) -> list[Change]:
        with self._reading:
            changes = self._read(now_ms)
            self._read_ahead()
            return changes

    def _is_ahead(self, now_ms: int) -> bool:
        """Whether all that is due was read already, and nobody reads."""
        last, first_ms = self._ahead[-1] if self._ahead else None, self._first_ms
        if not isinstance(last, Row) or first_ms is None or not self.speed:
            return False
        played_ms = self._played_ms + self._passed_ms(now_ms)
        return last.at_ms - first_ms > played_ms and not self._reading.locked()

    def _read_ahead(self) -> None:
        try:
            self._ahead.extend(islice(self._rows, _AHEAD - len(self._ahead)))
        except OSError as error:  # told once all before it is played
            self._ahead.append(error)

    def _next(self) -> Row | BadRow | None:
        row = self._ahead.popleft() if self._ahead else next(self._rows, None)
        if isinstance(row, OSError):
            raise row
        return row

    def _read(self, now_ms: int) -> list[Change]:
        self._advance(now_ms)
        changes: list[Change] = []
        bad: list[BadRow] = []
        try:
            while len(changes) + len(bad) < _PER_POLL:
                row = self._waiting or self._next()
                if row is None:
                    self._end_lap()
                    break
                if isinstance(row, BadRow):
                    bad.append(row)
                    continue
                self._waiting = row
                if not self._due(row):
                    break
                self._waiting = None
                changes.append(self._told(row, now_ms))
        except OSError as error:
            message = f"{self.place} cannot be read: {error}"
            raise SourceFailed(message, changes=changes) from error
        self.bad_rows += len(bad)
        warn(self.name, self.place, bad)
        return changes

    def _advance(self, now_ms: int) -> None:
        self._played_ms += self._passed_ms(now_ms)
        self._last_ms = now_ms

    def _passed_ms(self, now_ms: int) -> float:
        """How much of the recording has passed since the last poll."""
        elapsed_ms = 0 if self._last_ms is None else now_ms - self._last_ms
        if elapsed_ms > _PAUSE_POLLS * self.every_s * 1000:
            elapsed_ms = int(self.every_s * 1000)
        return max(elapsed_ms, 0) * self.speed

    def _due(self, row: Row) -> bool:
        if self._first_ms is None:
            self._first_ms = row.at_ms
        return self.speed == 0 or row.at_ms - self._first_ms <= self._played_ms

    def _end_lap(self) -> None:
        if not self._loop or self._first_ms is None:  # not even one row: never will be
            self._ended = True
            return
        self._rows = self._open()
        self._lap += 1
        self._first_ms = None
        self._played_ms = 0.0

    def _told(self, row: Row, now_ms: int) -> Change:
        """The row's change at its time, its event's id of this lap."""
        change, event = row.change, row.change.event
        if event is not None and self._lap:
            event = msgspec.structs.replace(event, id=f"{event.id}.{self._lap}")
            change = msgspec.structs.replace(change, event=event)
        if self._as_now:
            return self._moved(change, row, now_ms)
        if row.is_exact or not (_has_clock(change.patch) or _has_clock(change.data)):
            return change
        return msgspec.structs.replace(
            change,
            patch=self._anchored(change.patch, row.at_ms, now_ms),
            data=self._anchored(change.data, row.at_ms, now_ms),
        )

    # ---- times ----

    def _moved(self, change: Change, row: Row, now_ms: int) -> Change:
        """The change as if it happened now, a moment ago where the poll is a little late."""
        late_ms = 0.0
        if self.speed and self._first_ms is not None:
            late_ms = self._played_ms - (row.at_ms - self._first_ms)

        def wall_ms(ms: int) -> int:
            return max(0, now_ms - round((row.at_ms + late_ms - ms) / (self.speed or 1)))

        def moved(fields: JsonObject | None) -> JsonObject | None:
            start = None if fields is None else fields.get("start")
            if fields is not None and type(start) is int:
                fields = fields | {"start": wall_ms(start)}
            return self._with_anchor(fields, wall_ms)

        event = change.event
        if event is not None and event.ts is not None:
            event = msgspec.structs.replace(event, ts=wall_ms(event.ts))
        return msgspec.structs.replace(
            change,
            patch=moved(change.patch),
            data=moved(change.data),
            event=event,
            ts=None if change.ts is None else wall_ms(change.ts),
        )

    def _anchored(self, fields: JsonObject | None, row_ms: int, now_ms: int) -> JsonObject | None:
        def wall_ms(ms: int) -> int:
            return now_ms - (int((row_ms - ms) / self.speed) if self.speed else 0)

        return self._with_anchor(fields, wall_ms)

    def _with_anchor(
        self, fields: JsonObject | None, wall_ms: Callable[[int], int]
    ) -> JsonObject | None:
        """The fields with their match's clock, if any, ticking from now on."""
        clock = None if fields is None else fields.get("clock")
        at_ms = clock.get("at") if isinstance(clock, dict) else None
        if fields is None or not isinstance(clock, dict) or not isinstance(at_ms, int):
            return fields
        clock = clock | {"at": wall_ms(at_ms)}
        if self.speed not in (0, 1):
            clock["rate"] = rate(self.speed)
        return fields | {"clock": clock}


def _has_clock(fields: JsonObject | None) -> bool:
    return fields is not None and "clock" in fields


def warn(name: str, place: str, bad: Sequence[BadRow]) -> None:
    """One line for all that could not be played at once."""
    if not bad:
        return
    shown = "; ".join(f"{row.place}: {row.why:.200}" for row in bad[:_SHOWN])
    more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    log.warning("source %s: %s: %s%s", name, place, shown, more)
