"""Replays what was recorded: each row its own change, at the pace that it had, or another."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from feed.errors import BadInput
from feed.model.change import Change
from feed.model.codec import JsonObject
from feed.model.topic import parse_topic
from feed.sources.base import Config, Current, SourceFailed
from feed.sources.match import fits_topic, rate
from feed.sources.moments import Unit, iso_ms
from feed.sources.openfootball import timeline
from feed.sources.rows import BadRow, CsvLayout, Row, Rows, csv_columns, read_csv, read_jsonl

log = logging.getLogger(__name__)

_PER_POLL = 1_000
_AT_ONCE_S = 0.01  # from poll to poll where nothing sets the pace: others have their turns between
_MAX_SPEED = 1_000_000
_PAUSE_POLLS = 10  # a longer silence was a pause, and what it held back is not hurried after
_SHOWN = 5


class ReplayConfig(Config, frozen=True, kw_only=True, tag="replay"):
    """`speed`: 1 as it was, 120 a hundred and twenty times faster, 0 as fast as possible.

    `loop`: begin again at the end. For `csv`: `topic`; the names of the `columns`, or `header`
    where the first row has them; `fields`, from column to item field; `time`, the column of the
    time, in `unit`, since the midnight of `date` where that is given. For `openfootball`: only
    the matches of `date`, or `from` and `until`; `league`, the word for it in topics.
    """

    path: str
    format: Literal["csv", "jsonl", "openfootball"]
    every_s: float = 0.5
    speed: float = 1.0
    loop: bool = False
    topic: str | None = None
    columns: tuple[str, ...] | None = None
    header: bool = False
    fields: dict[str, str] | None = None
    time: str | None = None
    unit: Unit = "ms"
    day: str | None = msgspec.field(default=None, name="date")
    since: str | None = msgspec.field(default=None, name="from")
    until: str | None = None
    league: str | None = None

    def check(self) -> None:
        """Raise SettingsError."""
        super().check()
        if not 0 <= self.speed <= _MAX_SPEED:
            raise self.wrong("speed", f"expected 0 to {_MAX_SPEED}")
        of_csv = {name: getattr(self, name) for name in ("topic", "columns", "fields", "time")}
        of_matches = {"from": self.since, "until": self.until, "league": self.league}
        foreign: dict[str, object] = {}
        if self.format != "csv":
            foreign |= of_csv | {"header": self.header or None}
        if self.format != "openfootball":
            foreign |= of_matches
        if self.format == "jsonl":
            foreign |= {"date": self.day}
        if self.unit == "iso":
            foreign |= {"date": self.day}
        for name, value in foreign.items():
            if value is not None:
                raise self.wrong(name, f"means nothing for {self.format}, unit {self.unit}")

    def source_of_rows(self) -> Callable[[], Rows]:
        """What opens the rows, from the first on. Raises SettingsError."""
        path = Path(self.path)
        try:
            with path.open("rb"):
                pass
            match self.format:
                case "csv":
                    layout = self._layout(path)
                    return lambda: read_csv(path, layout)
                case "jsonl":
                    return lambda: read_jsonl(path)
                case "openfootball":
                    return self._matches(path)
        except (OSError, BadInput) as error:
            raise self.wrong("path", str(error)) from error

    def _layout(self, path: Path) -> CsvLayout:
        for name in ("topic", "time", "fields"):
            if not getattr(self, name):
                raise self.wrong(name, "is needed for csv")
        if (self.columns is None) != self.header:
            raise self.wrong("columns", "either these, or header = true")
        names = csv_columns(path) if self.columns is None else self.columns
        fields = self.fields or {}
        for field, name in [("time", self.time or ""), *(("fields", name) for name in fields)]:
            if name not in names:
                raise self.wrong(field, f"there is no column {name!r}")
        try:
            topic = parse_topic(self.topic or "")
        except BadInput as error:
            raise self.wrong("topic", str(error)) from error
        base_ms = 0 if self.day is None else iso_ms(self._day("date", self.day).isoformat())
        return CsvLayout(topic, self.columns, self.time or "", self.unit, base_ms, fields)

    def _matches(self, path: Path) -> Callable[[], Rows]:
        if self.league is not None and not fits_topic(self.league):
            raise self.wrong("league", "expected 1 to 20 characters of A-Z a-z 0-9 . _ -")
        first, last = self._day("from", self.since or self.day), date.max
        if self.until or self.day:
            last = self._day("until", self.until or self.day)
        rows, faults = timeline(path, self.league, first, last)
        _warn(self.name, path, faults)
        if not rows:
            raise self.wrong("date", f"{path} has no match then")
        return lambda: (row for row in rows)

    def _day(self, field: str, text: str | None) -> date:
        try:
            return date.min if text is None else date.fromisoformat(text)
        except ValueError:
            raise self.wrong(field, f"expected a day such as 2016-10-07, not {text!r}") from None


class Replay:
    """A source that plays a file. `bad_rows`: how many could not be played."""

    def __init__(self, config: ReplayConfig) -> None:
        config.check()
        self.name = config.name
        self.kind = config.type_name
        self.every_s = config.every_s if config.speed else min(config.every_s, _AT_ONCE_S)
        self.bad_rows = 0
        self._path = Path(config.path)
        self._speed = config.speed
        self._loop = config.loop
        self._open = config.source_of_rows()
        self._rows = self._open()
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

    def resume(self, current: Current) -> None:
        """A replay begins at the beginning; events that the log has of it are not told again."""

    async def poll(self, now_ms: int) -> Sequence[Change]:
        """The rows that are due, at most a thousand; the others are due at the next poll."""
        return await asyncio.to_thread(self._take, now_ms)

    async def aclose(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._reading:
            self._rows.close()

    def _take(self, now_ms: int) -> list[Change]:
        with self._reading:
            return self._read(now_ms)

    def _read(self, now_ms: int) -> list[Change]:
        self._advance(now_ms)
        changes: list[Change] = []
        bad: list[BadRow] = []
        try:
            while len(changes) + len(bad) < _PER_POLL:
                row = self._waiting or next(self._rows, None)
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
            raise SourceFailed(f"{self._path} cannot be read: {error}", changes=changes) from error
        self.bad_rows += len(bad)
        _warn(self.name, self._path, bad)
        return changes

    def _advance(self, now_ms: int) -> None:
        elapsed_ms = 0 if self._last_ms is None else now_ms - self._last_ms
        self._last_ms = now_ms
        if elapsed_ms > _PAUSE_POLLS * self.every_s * 1000:
            elapsed_ms = int(self.every_s * 1000)
        self._played_ms += max(elapsed_ms, 0) * self._speed

    def _due(self, row: Row) -> bool:
        if self._first_ms is None:
            self._first_ms = row.at_ms
        return self._speed == 0 or row.at_ms - self._first_ms <= self._played_ms

    def _end_lap(self) -> None:
        if not self._loop or self._first_ms is None:  # not even one row: never will be
            self._ended = True
            return
        self._rows = self._open()
        self._lap += 1
        self._first_ms = None
        self._played_ms = 0.0

    def _told(self, row: Row, now_ms: int) -> Change:
        """The row's change, its match's clock ticking from now on, its event's id of this lap."""
        change, event = row.change, row.change.event
        if event is not None and self._lap:
            event = msgspec.structs.replace(event, id=f"{event.id}.{self._lap}")
        return msgspec.structs.replace(
            change,
            patch=self._anchored(change.patch, row.at_ms, now_ms),
            data=self._anchored(change.data, row.at_ms, now_ms),
            event=event,
        )

    def _anchored(self, fields: JsonObject | None, row_ms: int, now_ms: int) -> JsonObject | None:
        clock = None if fields is None else fields.get("clock")
        at_ms = clock.get("at") if isinstance(clock, dict) else None
        if fields is None or not isinstance(clock, dict) or not isinstance(at_ms, int):
            return fields
        before_ms = int((row_ms - at_ms) / self._speed) if self._speed else 0
        clock = clock | {"at": now_ms - before_ms}
        if self._speed not in (0, 1):
            clock["rate"] = rate(self._speed)
        return fields | {"clock": clock}


def _warn(name: str, path: Path, bad: Sequence[BadRow]) -> None:
    if not bad:
        return
    shown = "; ".join(f"{row.place}: {row.why:.200}" for row in bad[:_SHOWN])
    more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    log.warning("source %s: %s: %s%s", name, path, shown, more)
