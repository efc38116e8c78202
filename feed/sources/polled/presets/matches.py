"""Matches of a league: what the presets of scores share."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from feed.errors import BadChange, BadInput, Fault
from feed.model.change import Change, EventChange
from feed.model.codec import Json, JsonObject
from feed.model.field import exact
from feed.model.topic import parse_topic
from feed.sources.abbreviation import abbreviations
from feed.sources.match import MINUTE_MS, fits_topic
from feed.sources.polled.mapping import Mapped
from feed.sources.polled.upstream import PollingConfig, root

Phase: TypeAlias = Literal["pre", "live", "break", "post", "postponed", "abandoned"]

_DRIFT_MS = 90_000
"""So far may a clock be off before it is told anew: APIs count in minutes, and answer late."""

_DAY_MS = 86_400_000
_SLUG = re.compile(r"[^A-Za-z0-9]+")
_SLUG_LENGTH = 20
_MOST_SHOWN = 60


class LeagueConfig(PollingConfig, frozen=True, kw_only=True):
    """Which league. `label`: the word for it in topics; `base_url`: for a mirror of the API."""

    league: str
    base_url: str
    label: str = ""
    every_s: float = 15.0
    idle_every_s: float | None = 300.0
    unwatched_every_s: float | None = 120.0

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if not fits_topic(self.word()):
            field = "label" if self.label else "league"
            yield Fault(field, "expected 1 to 20 characters of A-Z a-z 0-9 . _ -")
        try:
            root(self.base_url)
        except ValueError as error:
            yield Fault("base_url", str(error))

    def word(self) -> str:
        """The word for the league in topics."""
        return self.label or self.league


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A team. `word`: for it in the topic, whichever match it plays; `score` None: not told."""

    name: str
    abbr: str
    word: str
    score: int | None


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A match as one answer has it. `clock`: milliseconds played, and whether it runs."""

    id: str
    sport: str
    start_ms: int | None
    phase: Phase
    period: str
    home: Side
    away: Side
    clock: tuple[int, bool] | None = None
    halted: str = ""
    penalties: tuple[int, int] | None = None
    events: tuple[EventChange, ...] = ()


class Matches:
    """Makes changes of a league's matches; a clock is told anew where it is not as it would be."""

    def __init__(self, league: str) -> None:
        self._league = league
        self._clocks: dict[str, JsonObject] = {}

    def changes(
        self, rows: Iterable[Json], read: Callable[[JsonObject], Match], now_ms: int
    ) -> Mapped:
        """Of each row what it tells, or why not. `read` raises BadInput."""
        told = Mapped([], [])
        matches: list[Match] = []
        for index, row in enumerate(rows):
            try:
                matches.append(read(as_object(row)))
            except BadInput as error:
                told.faults.append(f"match {_id_of(row, index)}: {error}")
        taken: set[str] = set()
        clocks: dict[str, JsonObject] = {}
        for match in sorted(matches, key=lambda match: (match.start_ms or 0, match.id)):
            topic = f"score:{self._league}.{match.home.word}-{match.away.word}"
            if topic in taken:  # the second of two on one day
                topic = f"{topic}.{match.id}"
            taken.add(topic)
            try:
                parse_topic(topic)
                clock = self._clock(topic, match.clock, now_ms)
                told.changes.extend(_changes(topic, match, self._league, clock))
            except BadInput as error:
                told.faults.append(f"match {match.id:.{_MOST_SHOWN}}: {error}")
                continue
            if clock is not None:
                clocks[topic] = clock
        recent = {
            topic: clock
            for topic, clock in self._clocks.items()
            if isinstance(clock["at"], int) and now_ms - clock["at"] < _DAY_MS
        }
        self._clocks = recent | clocks
        return told

    def _clock(self, topic: str, clock: tuple[int, bool] | None, now_ms: int) -> JsonObject | None:
        """The clock's anchor: the last one, as long as it leads to about the same."""
        if clock is None:
            return None
        ms, running = clock
        anchor: JsonObject = {"ms": ms, "at": now_ms, "running": running}
        before = self._clocks.get(topic)
        if before is None or before["running"] != running:
            return anchor
        was_ms, was_at = before["ms"], before["at"]
        if not isinstance(was_ms, int) or not isinstance(was_at, int):
            return anchor
        if running:
            return before if abs(was_ms + now_ms - was_at - ms) <= _DRIFT_MS else anchor
        return before if was_ms == ms else anchor


def _changes(topic: str, match: Match, league: str, clock: JsonObject | None) -> list[Change]:
    over = match.phase in ("post", "postponed", "abandoned")
    state = "halted" if match.halted else "closed" if over else "live"
    fields: JsonObject = {
        "sport": match.sport,
        "league": league,
        "name": f"{match.home.name} - {match.away.name}",
        "start": match.start_ms,
        "phase": match.phase,
        "period": match.period,
        "clock": clock,
        "home": {"name": match.home.name, "abbr": match.home.abbr, "score": match.home.score},
        "away": {"name": match.away.name, "abbr": match.away.abbr, "score": match.away.score},
        "penalties": None if match.penalties is None else [*match.penalties],
        "state": state,
        "why": match.halted or None,
    }
    faults: list[Fault] = []
    patch = exact("score", fields, "$", faults)
    if faults:
        raise BadChange(faults)
    item = Change(topic=topic, patch=patch)
    return [item, *(Change(topic=topic, event=event) for event in match.events)]


def side(name: Json, abbr: Json, score: Json, *, word: str = "") -> Side:
    """A team of an answer; `word`: for it in topics, its abbreviation unless said."""
    if not isinstance(name, str) or not name.strip():
        raise BadInput("a team without a name")
    short = abbr if isinstance(abbr, str) and fits_topic(abbr) else abbreviations([name])[name]
    return Side(
        name=name.strip(), abbr=short, word=word or slug(short) or "X", score=count(score, "score")
    )


def slug(name: str) -> str:
    """Letters and digits of a name, for a topic."""
    return _SLUG.sub("", name)[:_SLUG_LENGTH]


def count(value: Json, what: str) -> int | None:
    """A number of goals or points, also as text; None where it is not told. Raises BadInput."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    if type(value) is not int or not 0 <= value < 10_000:  # noqa: PLR2004  (no sport has more)
        raise BadInput(f"{what}: {value!r:.40} is no count")
    return value


def as_object(value: Json) -> JsonObject:
    """Raises BadInput where it is none."""
    if not isinstance(value, dict):
        raise BadInput("expected an object")
    return value


def played(minute: Json, added: Json = None) -> int | None:
    """Milliseconds of a minute of a match, `67` or `"67"`, with what was added to it."""
    base, more = count(minute, "minute"), count(added, "minute")
    return None if base is None else (base + (more or 0)) * MINUTE_MS


def _id_of(row: Json, index: int) -> str:
    """What a row is called in the log."""
    found = row.get("id") if isinstance(row, dict) else None
    return f"{found:.{_MOST_SHOWN}}" if isinstance(found, str) else f"[{index}]"
