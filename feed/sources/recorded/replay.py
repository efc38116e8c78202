"""A source that replays what was recorded: the settings of each format of file."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar, Literal

import msgspec

from feed.errors import BadInput, Fault
from feed.model.topic import kind_of, parse_topic
from feed.sources.base import Config
from feed.sources.match import fits_topic
from feed.sources.moments import Unit, iso_ms
from feed.sources.policy import Trust
from feed.sources.recorded.openfootball import timeline
from feed.sources.recorded.player import MAX_SPEED, Player, warn
from feed.sources.recorded.recording import Played, files_of, read_jsonl
from feed.sources.recorded.rows import CsvLayout, Rows, csv_columns, read_csv


class ReplayConfig(Config, frozen=True, kw_only=True, tag="replay"):
    """`speed`: 1 as it was, 120 a hundred and twenty times faster, 0 as fast as possible.

    `loop`: begin again at the end. `now`: as if all of it happened now. For `csv`: the names of the
    `columns`, or `header` where the first row has them; `topic` and `fields`, from column to item
    field, or `topics`, from column to the topic whose price it has; what stands for `missing`;
    `newest_first`; `time`, the column of the time, in `unit`, since the midnight of `date` where
    that is given; only the days `from` and `until`. For `openfootball`: only the matches of `date`,
    or `from` and `until`; `league`, the word for it in topics.
    """

    trust: ClassVar[Trust] = "recorded"

    path: str
    format: Literal["csv", "jsonl", "openfootball"]
    every_s: float = 0.5
    speed: float = 1.0
    loop: bool = False
    now: bool = False
    topic: str | None = None
    topics: dict[str, str] | None = None
    columns: tuple[str, ...] | None = None
    header: bool = False
    fields: dict[str, str] | None = None
    missing: str | None = None
    newest_first: bool = False
    time: str | None = None
    unit: Unit = "ms"
    day: str | None = msgspec.field(default=None, name="date")
    since: str | None = msgspec.field(default=None, name="from")
    until: str | None = None
    league: str | None = None

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if not 0 <= self.speed <= MAX_SPEED:
            yield Fault("speed", f"expected 0 to {MAX_SPEED}")
        for name, value in self._foreign().items():
            if value:
                yield Fault(name, f"means nothing for {self.format}, unit {self.unit}")

    def _foreign(self) -> dict[str, object]:
        """What is given for another format."""
        foreign: dict[str, object] = {}
        if self.format != "csv":
            names = ("topic", "topics", "columns", "fields", "missing", "newest_first", "time")
            foreign |= {name: getattr(self, name) for name in (*names, "header")}
        if self.format != "openfootball":
            foreign |= {"league": self.league}
        if self.format == "jsonl":
            foreign |= {"from": self.since, "until": self.until}
        if self.format == "jsonl" or self.unit == "iso":
            foreign |= {"date": self.day}
        return foreign

    def source_of_rows(self) -> Callable[[], Rows]:
        """What opens the rows, from the first on. Raises SettingsError."""
        path = Path(self.path)
        try:
            files = files_of(path) if self.format == "jsonl" else [path]
            for each in files:
                with each.open("rb"):
                    pass
            match self.format:
                case "csv":
                    layout = self._layout(path)
                    return lambda: read_csv(path, layout)
                case "jsonl":
                    played = Played()
                    return lambda: read_jsonl(files, played)
                case "openfootball":
                    return self._matches(path)
        except OSError as error:
            raise self.wrong("path", f"{error.filename}: {error.strerror}") from error
        except BadInput as error:
            raise self.wrong("path", str(error)) from error

    def _layout(self, path: Path) -> CsvLayout:
        if self.topics is None:
            self._need("topic", "fields")
        elif self.topic is not None or self.fields is not None:
            raise self.wrong("topics", "either these, or topic and fields")
        self._need("time")
        if (self.columns is None) != self.header:
            raise self.wrong("columns", "either these, or header = true")
        names = csv_columns(path) if self.columns is None else self.columns
        fields, topics = self.fields or {}, self.topics or {}
        used = [("time", self.time or ""), *(("fields", name) for name in fields)]
        for field, name in [*used, *(("topics", name) for name in topics)]:
            if name not in names:
                raise self.wrong(field, f"there is no column {name!r}")
        return CsvLayout(
            topic="" if self.topic is None else self._topic("topic", self.topic),
            columns=self.columns,
            time=self.time or "",
            unit=self.unit,
            base_ms=0 if self.day is None else _midnight_ms(self._day("date", self.day)),
            fields=fields,
            topics={name: self._price(topic) for name, topic in topics.items()},
            missing=self.missing or "",
            newest_first=self.newest_first,
            first_ms=0 if self.since is None else _midnight_ms(self._day("from", self.since)),
            end_ms=self._end_ms(),
        )

    def _need(self, *names: str) -> None:
        for name in names:
            if not getattr(self, name):
                raise self.wrong(name, "is needed for csv")

    def _topic(self, field: str, text: str) -> str:
        try:
            return parse_topic(text)
        except BadInput as error:
            raise self.wrong(field, str(error)) from error

    def _price(self, text: str) -> str:
        topic = self._topic("topics", text)
        if kind_of(topic) != "price":
            raise self.wrong("topics", f"{text}: expected the topic of a price")
        return topic

    def _end_ms(self) -> float:
        if self.until is None:
            return float("inf")
        return _midnight_ms(self._day("until", self.until) + timedelta(days=1))

    def _matches(self, path: Path) -> Callable[[], Rows]:
        if self.league is not None and not fits_topic(self.league):
            raise self.wrong("league", "expected 1 to 20 characters of A-Z a-z 0-9 . _ -")
        first, last = self._day("from", self.since or self.day), date.max
        if self.until or self.day:
            last = self._day("until", self.until or self.day)
        rows, faults = timeline(path, self.league, first, last)
        warn(self.name, self.path, faults)
        if not rows:
            raise self.wrong("date", f"{path} has no match then")
        return lambda: (row for row in rows)

    def _day(self, field: str, text: str | None) -> date:
        try:
            return date.min if text is None else date.fromisoformat(text)
        except ValueError:
            raise self.wrong(field, f"expected a day such as 2016-10-07, not {text!r}") from None


def _midnight_ms(day: date) -> int:
    return iso_ms(day.isoformat())


class Replay(Player):
    """A source that plays a file."""

    def __init__(self, config: ReplayConfig) -> None:
        config.check()
        super().__init__(
            config.name,
            config.type_name,
            config.source_of_rows(),
            every_s=config.every_s,
            speed=config.speed,
            place=config.path,
            loop=config.loop,
            as_now=config.now,
        )
