"""TheSportsDB: the matches of a league on a day, of today and of the evening before."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from feed.errors import BadInput, Fault
from feed.model.codec import Json, JsonObject
from feed.sources.abbreviation import abbreviations
from feed.sources.base import SourceFailed
from feed.sources.moments import iso_ms
from feed.sources.polled.mapping import Mapped, Rows
from feed.sources.polled.presets.matches import (
    LeagueConfig,
    Match,
    Matches,
    Phase,
    Side,
    played,
    side,
    slug,
)
from feed.sources.polled.presets.token import name_faults, read_token
from feed.sources.polled.upstream import Target, Upstream, root

_ROWS = """events[].{id: idEvent, start: strTimestamp, sport: strSport, status: strStatus,
    postponed: strPostponed, progress: strProgress,
    home: strHomeTeam, away: strAwayTeam, home_score: intHomeScore, away_score: intAwayScore}"""
_LEAGUE = re.compile(r"[0-9]{1,9}", re.ASCII)
_FREE_KEY = "123"
_EVENING_MS = 6 * 3_600_000
"""So long after midnight, a match of the day before may still be played."""

_SPORTS = {"soccer": "football", "american football": "american football", "ice hockey": "hockey"}
_STATUS: dict[str, tuple[Phase, str]] = {
    "": ("pre", ""),
    "NS": ("pre", ""),
    "TBD": ("pre", ""),
    "Not Started": ("pre", ""),
    "HT": ("break", "HT"),
    "BT": ("break", "ETHT"),
    "BREAK": ("break", ""),
    "FT": ("post", "FT"),
    "AP": ("post", "PEN"),
    "PEN": ("post", "PEN"),
    "AET": ("post", "AET"),
    "AOT": ("post", "FT"),
    "Match Finished": ("post", "FT"),
    "WO": ("post", "FT"),
    "AW": ("post", "FT"),
    "AWD": ("post", "FT"),
    "PST": ("postponed", ""),
    "POST": ("postponed", ""),
    "CANC": ("abandoned", ""),
    "ABD": ("abandoned", ""),
    "SUSP": ("break", ""),
    "INT": ("break", ""),
    "1H": ("live", "1H"),
    "2H": ("live", "2H"),
    "ET": ("live", "ET1"),
    "P": ("live", "PEN"),
    "LIVE": ("live", ""),
    "OT": ("live", "OT1"),
    **{word: ("live", word) for word in ("Q1", "Q2", "Q3", "Q4", "P1", "P2", "P3")},
    **{f"IN{inning}": ("live", f"IN{inning}") for inning in range(1, 10)},
}
_HELD_UP = {"SUSP": "suspended", "INT": "interrupted"}


class TheSportsDbConfig(LeagueConfig, frozen=True, kw_only=True, tag="thesportsdb"):
    """`league` is its number there, such as 4328. Without `token_env`, the key that is free."""

    base_url: str = "https://www.thesportsdb.com"
    every_s: float = 30.0
    per_minute: int | None = 30
    token_env: str | None = None

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if not _LEAGUE.fullmatch(self.league):
            yield Fault("league", "expected the league's number, such as 4328")
        if self.token_env is not None:
            yield from name_faults(self.token_env)

    def upstream(self) -> Upstream:
        """The API, as the settings have it."""
        return _Api(self)


class _Api:
    lists_whole = False

    def __init__(self, config: TheSportsDbConfig) -> None:
        key = read_token(config, config.token_env) if config.token_env else _FREE_KEY
        self._url = root(config.base_url) / "api/v1/json" / key / "eventsday.php"
        self._league = config.league
        self._rows = Rows(_ROWS)
        self._matches = Matches(config.word())

    def targets(self, now_ms: int) -> Sequence[Target]:
        """See Upstream."""
        days = {_day(now_ms - _EVENING_MS): None, _day(now_ms): None}
        return [Target(self._url.with_query(d=day, l=self._league)) for day in days]

    def changes(self, answer: Json, target: Target, now_ms: int) -> Mapped:
        """See Upstream."""
        if not isinstance(answer, dict) or "events" not in answer:
            raise SourceFailed("TheSportsDB answered without events")
        return self._matches.changes(self._rows.of(answer), _match, now_ms)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def _match(row: JsonObject) -> Match:
    match_id, start, status = row["id"], row["start"], row["status"] or ""
    if not isinstance(match_id, str):
        raise BadInput("no id")
    if row["postponed"] == "yes":
        status = "PST"
    if not isinstance(status, str) or status not in _STATUS:
        raise BadInput(f"{status!r:.40} is no status of a match")
    phase, period = _STATUS[status]
    sport = str(row["sport"]).lower()
    home, away = row["home"], row["away"]
    names = abbreviations({name for name in (home, away) if isinstance(name, str)})
    ms = played(row["progress"]) if phase == "live" and sport == "soccer" else None
    return Match(
        id=match_id,
        sport=_SPORTS.get(sport, sport),
        start_ms=iso_ms(start) if isinstance(start, str) else None,
        phase=phase,
        period=period,
        home=_side(home, names, row["home_score"]),
        away=_side(away, names, row["away_score"]),
        clock=None if ms is None else (ms, True),
        halted=_HELD_UP.get(status, ""),
    )


def _side(name: Json, names: dict[str, str], score: Json) -> Side:
    """There are no abbreviations: the name stands in the topic, and three letters of it beside."""
    known = name if isinstance(name, str) else ""
    return side(name, names.get(known), score, word=slug(known))
