"""Rehearsals: matches and prices as a file of TOML tells them, line by line (docs/sources.md)."""

import secrets
import tomllib
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import msgspec

from feed.errors import BadInput, Fault, SettingsError
from feed.model.codec import JsonObject
from feed.model.field import exact
from feed.sources.base import Config
from feed.sources.match import MINUTE_MS, Fixture, Script, Team, fits_topic
from feed.sources.policy import Trust
from feed.sources.recorded.match_timeline import MatchTimeline
from feed.sources.recorded.player import MAX_SPEED, Player
from feed.sources.recorded.price_timeline import PriceTimeline, price_topic, time_ms
from feed.sources.recorded.rows import Row, Rows

_ANNOUNCED_MS = MINUTE_MS  # before the first kick-off
_MOST_BREAK_MIN = 60


class _Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    league: str
    home: Team
    away: Team
    kick_off: str
    timeline: tuple[str, ...]
    break_min: int = 15
    sport: Literal["football", "basketball"] = "football"


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    start: str | None = None
    speed: float = 1.0
    match: tuple[_Match, ...] = ()
    tickers: tuple[dict[str, Any], ...] = ()
    prices: tuple[str, ...] = ()


class Scenario(NamedTuple):
    """What a rehearsal tells, in order, and how many times faster than life it wants to be."""

    rows: Sequence[Row]
    speed: float

    def open_rows(self) -> Rows:
        """The rows from the first on."""
        yield from self.rows


def read_scenario(path: Path, round_id: str | None = None) -> Scenario:
    """The rehearsal in a file. `round_id` is what the ids of its events begin with.

    Raises BadInput, with a line for each entry that is wrong, and OSError.
    """
    try:
        text = path.read_text(encoding="utf-8")
        given = tomllib.loads(text, parse_float=Decimal)
        file = msgspec.convert(given, _File, strict=False)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"{path}: {error}") from error
    reading = _Reading(path, text)
    rows = reading.rows(file, round_id or secrets.token_hex(3))
    if not reading.wrong and not rows:
        reading.wrong.append(f'{path}: expected a [[match]], or prices = ["09:30 BTC-USD 100"]')
    if reading.wrong:
        raise BadInput("\n".join(reading.wrong))
    return Scenario(sorted(rows, key=lambda row: row.at_ms), file.speed)


class _Reading:
    """Reads one file, and notes all that is wrong with it."""

    def __init__(self, path: Path, text: str) -> None:
        self.wrong: list[str] = []
        self._path = path
        self._lines = text.splitlines()
        self._seen: dict[str, int] = {}

    def rows(self, file: _File, round_id: str) -> list[Row]:
        """What it tells, each match and the prices for themselves."""
        if not 0 < file.speed <= MAX_SPEED:
            self._note("speed", f"expected more than 0 and at most {MAX_SPEED}")
        known = dict(self._tickers(file.tickers))
        prices = PriceTimeline(known, round_id)
        kick_offs = [
            self._time(f"match[{index}].kick_off", match.kick_off)
            for index, match in enumerate(file.match)
        ]
        for index, entry in enumerate(file.prices):
            self._add(prices.add, f"prices[{index}]", entry)
        starts = [ms - _ANNOUNCED_MS for ms in kick_offs] + [row.at_ms for row in prices.rows[:1]]
        first_ms = min(starts, default=0)
        start_ms = first_ms if file.start is None else self._time("start", file.start)
        if file.start is not None and start_ms > min([*kick_offs, *starts[len(kick_offs) :]]):
            self._note("start", "expected a time that is not after the first entry")
        rows = prices.rows
        topics: set[str] = set()
        for index, (match, kick_off_ms) in enumerate(zip(file.match, kick_offs, strict=True)):
            rows += self._match(f"match[{index}]", match, (start_ms, kick_off_ms), round_id, topics)
        return rows

    def _match(
        self, place: str, match: _Match, times_ms: tuple[int, int], round_id: str, topics: set[str]
    ) -> Iterator[Row]:
        start_ms, kick_off_ms = times_ms
        fixture = Fixture(league=match.league, sport=match.sport, home=match.home, away=match.away)
        if not all(map(fits_topic, (match.league, match.home.abbr, match.away.abbr))):
            message = "expected a league and abbrs of 1 to 20 characters of A-Z a-z 0-9 . _ -"
            self._note(place, message)
        if fixture.topic in topics:
            self._note(place, f"expected one match of {fixture.topic}")
        topics.add(fixture.topic)
        if not 0 <= match.break_min <= _MOST_BREAK_MIN:
            self._note(f"{place}.break_min", f"expected 0 to {_MOST_BREAK_MIN}")
        script = Script(fixture, kick_off_ms, round_id)
        script.announce(start_ms - kick_off_ms)
        timeline = MatchTimeline(script, match.break_min * MINUTE_MS, match.sport)
        for index, entry in enumerate(match.timeline):
            self._add(timeline.add, f"{place}.timeline[{index}]", entry)
        timeline.kick_off()
        for moment in script.moments:
            at_ms = kick_off_ms + moment.after_ms
            yield Row(at_ms, moment.change(fixture.topic, at_ms))

    def _tickers(self, tickers: Sequence[dict[str, Any]]) -> Iterator[tuple[str, JsonObject]]:
        for index, ticker in enumerate(tickers):
            place = f"tickers[{index}]"
            fields = dict(ticker)
            topic = fields.pop("topic", None)
            if not isinstance(topic, str):
                self._note(place, 'expected topic = "BTC-USD"')
                continue
            faults: list[Fault] = []
            try:
                yield price_topic(topic), exact("price", fields, place, faults)
            except BadInput as error:
                self._note(f"{place}.topic", str(error))
            for fault in faults:
                self._note(fault.path, fault.message)

    def _time(self, place: str, text: str) -> int:
        try:
            return time_ms(text)
        except BadInput as error:
            self._note(place, str(error))
            return 0

    def _add(self, add: Callable[[str], None], place: str, entry: str) -> None:
        """Where an entry stands twice, the one that is meant is found by their order."""
        nth = self._seen.get(entry, 0)
        self._seen[entry] = nth + 1
        try:
            add(entry)
        except BadInput as error:
            found = [n for n, line in enumerate(self._lines, 1) if _quotes(line, entry)]
            line = f"line {found[min(nth, len(found) - 1)]}: " if found else ""
            self._note(f"{line}{place}", f'"{entry}": {error}')

    def _note(self, place: str, message: str) -> None:
        self.wrong.append(f"{self._path}: {place}: {message}")


def _quotes(line: str, entry: str) -> bool:
    return f'"{entry}"' in line or f"'{entry}'" in line


class ScenarioConfig(Config, frozen=True, kw_only=True, tag="scenario"):
    """`speed`: how many times faster than life, instead of what the file says. `loop`: again."""

    trust: ClassVar[Trust] = "recorded"

    path: str
    every_s: float = 0.5
    speed: float | None = None
    loop: bool = False

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if self.speed is not None and not 0 < self.speed <= MAX_SPEED:
            yield Fault("speed", f"expected more than 0 and at most {MAX_SPEED}")


class Rehearsal(Player):
    """A source that plays a scenario as if it happened now."""

    def __init__(self, config: ScenarioConfig) -> None:
        config.check()
        try:
            scenario = read_scenario(Path(config.path))
        except OSError as error:
            raise config.wrong("path", f"{error.filename}: {error.strerror}") from error
        except BadInput as error:
            wrong = [str(config.wrong("path", line)) for line in str(error).splitlines()]
            raise SettingsError(*wrong) from error
        super().__init__(
            config.name,
            config.type_name,
            scenario.open_rows,
            every_s=config.every_s,
            speed=scenario.speed if config.speed is None else config.speed,
            place=config.path,
            loop=config.loop,
            as_now=True,
        )
