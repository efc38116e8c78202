"""ESPN's scoreboards: unofficial, without a contract, and so asked at a modest pace."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from feed.errors import BadInput, Fault
from feed.model.change import EventChange
from feed.model.codec import Json, JsonObject
from feed.sources.base import SourceFailed
from feed.sources.match import MINUTE_MS
from feed.sources.moments import iso_ms
from feed.sources.polled.mapping import Mapped, Rows
from feed.sources.polled.presets.matches import (
    LeagueConfig,
    Match,
    Matches,
    Phase,
    Side,
    as_object,
    count,
    played,
    side,
)
from feed.sources.polled.upstream import Target, Upstream, root

_ROWS = """events[].{id: id, start: date, status: competitions[0].status,
    home: competitions[0].competitors[?homeAway=='home'] | [0],
    away: competitions[0].competitors[?homeAway=='away'] | [0],
    details: competitions[0].details}"""
_WORD = re.compile(r"[a-z0-9.-]{1,40}", re.ASCII)


class _League(NamedTuple):
    """How a league plays: its periods, and how long each and an overtime lasts."""

    sport: str
    periods: tuple[str, ...] = ()
    minutes: int = 0
    overtime_min: int = 0


_QUARTERS = ("Q1", "Q2", "Q3", "Q4")
_LEAGUES = {
    "nba": _League("basketball", _QUARTERS, 12, 5),
    "wnba": _League("basketball", _QUARTERS, 10, 5),
    "mens-college-basketball": _League("basketball", ("1H", "2H"), 20, 5),
    "womens-college-basketball": _League("basketball", _QUARTERS, 10, 5),
    "nfl": _League("football", _QUARTERS, 15, 10),
    "college-football": _League("football", _QUARTERS, 15),
    "nhl": _League("hockey", ("P1", "P2", "P3"), 20, 5),
    "mlb": _League("baseball"),
}
_WORDS = {
    "mens-college-basketball": "NCAAM",
    "womens-college-basketball": "NCAAW",
    "college-football": "NCAAF",
}
_OURS = {"soccer": "football", "football": "american football"}
_BREAKS = frozenset({"HALFTIME", "END_PERIOD", "END_OF_REGULATION", "END_OF_EXTRATIME"})
_HELD_UP = frozenset({"DELAYED", "RAIN_DELAY", "SUSPENDED"})
_CALLED_OFF: dict[str, Phase] = {
    "POSTPONED": "postponed",
    "CANCELED": "abandoned",
    "ABANDONED": "abandoned",
    "FORFEIT": "abandoned",
}
_STATES: dict[Json, Phase] = {"pre": "pre", "in": "live", "post": "post"}
_SOCCER = {1: "1H", 2: "2H", 3: "ET1", 4: "ET2", 5: "PEN"}
_SOCCER_BREAKS = {1: "HT", 3: "ETHT"}
_ENDS = {"FINAL_AET": "AET", "FINAL_PEN": "PEN"}
_CARDS = {"redCard": "red", "yellowCard": "yellow"}
_MINUTE = re.compile(r"([0-9]{1,3})'(?:\+([0-9]{1,2})')?")
_COUNTDOWN = re.compile(r"(?:([0-9]{1,2}):)?([0-9]{1,2})(?:\.[0-9])?")


class EspnConfig(LeagueConfig, frozen=True, kw_only=True, tag="espn"):
    """`league` as ESPN writes it: `nba`, `nfl`, `eng.1`; where it is not known, `sport/league`."""

    base_url: str = "https://site.api.espn.com"
    per_minute: int | None = 30

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if not all(_WORD.fullmatch(part) for part in self.path()):
            yield Fault("league", "expected a league such as nba or eng.1, or sport/league")

    def path(self) -> tuple[str, str]:
        """Sport and league; one with a dot in its name plays soccer."""
        sport, slash, league = self.league.partition("/")
        if slash:
            return sport, league
        if "." in self.league:
            return "soccer", self.league
        return (_LEAGUES[self.league].sport if self.league in _LEAGUES else ""), self.league

    def word(self) -> str:
        """See LeagueConfig."""
        league = self.path()[1]
        return self.label or _WORDS.get(league, league.upper())

    def upstream(self) -> Upstream:
        """The API, as the settings have it."""
        return _Api(self)


class _Api:
    lists_whole = True

    def __init__(self, config: EspnConfig) -> None:
        self._sport, name = config.path()
        self._league = _LEAGUES.get(name, _League(self._sport))
        path = f"apis/site/v2/sports/{self._sport}/{name}/scoreboard"
        self._target = Target(root(config.base_url) / path)
        self._rows = Rows(_ROWS)
        self._matches = Matches(config.word())

    def targets(self, now_ms: int) -> Sequence[Target]:
        """See Upstream."""
        return [self._target]

    def changes(self, answer: Json, target: Target, now_ms: int) -> Mapped:
        """See Upstream."""
        if not isinstance(answer, dict) or not isinstance(answer.get("events"), list):
            raise SourceFailed("ESPN answered without a list of events")
        return self._matches.changes(self._rows.of(answer), self._match, now_ms)

    def _match(self, row: JsonObject) -> Match:
        match_id, start, status = row["id"], row["start"], as_object(row["status"])
        if not isinstance(match_id, str) or not isinstance(start, str):
            raise BadInput("no id or no date")
        kind = as_object(status.get("type"))
        name = str(kind.get("name")).removeprefix("STATUS_")
        number = count(status.get("period"), "period") or 0
        phase = _phase(name, kind.get("state"))
        home, away = as_object(row["home"]), as_object(row["away"])
        return Match(
            id=match_id,
            sport=_OURS.get(self._sport, self._sport),
            start_ms=iso_ms(start),
            phase=phase,
            period=self._period(name, phase, number, kind),
            home=_side(home, phase),
            away=_side(away, phase),
            clock=self._clock(phase, number, status.get("displayClock")),
            halted=str(kind.get("description") or name) if name in _HELD_UP else "",
            penalties=_penalties(home, away),
            events=_events(match_id, row["details"], home, away),
        )

    def _period(self, name: str, phase: Phase, number: int, kind: JsonObject) -> str:
        if phase == "post":
            return _ENDS.get(name, "FT")
        if phase not in ("live", "break"):
            return ""
        if self._sport == "soccer":
            pause = _SOCCER_BREAKS.get(number) if phase == "break" else None
            return pause or _SOCCER.get(number, "")
        if not self._league.periods:
            return str(kind.get("shortDetail") or number)
        return _of_several(self._league.periods, phase, number)

    def _clock(self, phase: Phase, number: int, shown: Json) -> tuple[int, bool] | None:
        """Of soccer, what was played, running; of the others, what of the period is over."""
        if phase not in ("live", "break") or not isinstance(shown, str):
            return None
        if self._sport == "soccer":
            minute = _MINUTE.fullmatch(shown)
            ms = played(minute[1], minute[2]) if minute else None
            return None if ms is None else (ms, phase == "live")
        is_regular = number <= len(self._league.periods)
        minutes = self._league.minutes if is_regular else self._league.overtime_min
        left = _COUNTDOWN.fullmatch(shown)
        if left is None or not minutes:
            return None
        left_ms = int(left[1] or 0) * MINUTE_MS + int(left[2]) * 1000
        return max(0, minutes * MINUTE_MS - left_ms), False


def _of_several(periods: tuple[str, ...], phase: Phase, number: int) -> str:
    """The word for the n-th period, and for the break after it."""
    if phase == "break" and number * 2 == len(periods):
        return "HT"
    if number > len(periods):
        return f"OT{number - len(periods)}"
    return periods[number - 1] if number else ""


def _phase(name: str, state: Json) -> Phase:
    if name in _CALLED_OFF:
        return _CALLED_OFF[name]
    if name in _BREAKS or (name in _HELD_UP and state == "in"):
        return "break"
    if name == "SUSPENDED":  # over for today, and not decided
        return "break"
    if state not in _STATES:
        raise BadInput(f"{state!r:.40} is no state of a match")
    return _STATES[state]


def _side(competitor: JsonObject, phase: Phase) -> Side:
    team = as_object(competitor.get("team"))
    score = None if phase == "pre" else competitor.get("score")  # "0" long before the start
    return side(team.get("displayName"), team.get("abbreviation"), score)


def _penalties(home: JsonObject, away: JsonObject) -> tuple[int, int] | None:
    ours, theirs = (count(of.get("shootoutScore"), "penalties") for of in (home, away))
    return None if ours is None or theirs is None else (ours, theirs)


def _events(
    match_id: str, details: Json, home: JsonObject, away: JsonObject
) -> tuple[EventChange, ...]:
    """Goals and cards of soccer. They have no ids: what a team did the n-th time is one."""
    sides = {str(as_object(of.get("team")).get("id")): of.get("homeAway") for of in (home, away)}
    told: Counter[str] = Counter()
    events = []
    for detail in map(as_object, details if isinstance(details, list) else []):
        team = sides.get(str(as_object(detail.get("team")).get("id")))
        kind, data = _event(detail)
        if team is None or not kind:
            continue
        told[f"{team}-{kind}"] += 1
        event_id = f"{match_id}-{team}-{kind}-{told[f'{team}-{kind}']}"
        data["side"] = team
        events.append(EventChange(kind=kind, id=event_id, data=data))
    return tuple(events)


def _event(detail: JsonObject) -> tuple[str, JsonObject]:
    """Its kind, empty for what is neither goal nor card, and what is said of it."""
    data: JsonObject = {}
    clock, athletes = detail.get("clock"), detail.get("athletesInvolved")
    if isinstance(clock, dict) and isinstance(clock.get("displayValue"), str):
        data["clock"] = clock["displayValue"]
    if isinstance(athletes, list) and athletes and isinstance(athletes[0], dict):
        data["who"] = str(athletes[0].get("displayName"))
    for flag, word in (("penaltyKick", "penalty"), ("ownGoal", "own_goal")):
        if detail.get(flag) is True:
            data[word] = True
    if detail.get("shootout") is True:
        return "", data
    if detail.get("scoringPlay") is True:
        return "goal", data
    card = next((card for flag, card in _CARDS.items() if detail.get(flag) is True), None)
    return ("card", data | {"card": card}) if card else ("", data)
