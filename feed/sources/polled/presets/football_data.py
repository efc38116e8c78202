"""football-data.org: the matches of a competition, of yesterday, today and tomorrow."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from feed.errors import BadInput, Fault
from feed.model.codec import Json, JsonObject
from feed.sources.base import SourceFailed
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
from feed.sources.polled.presets.token import name_faults, read_token
from feed.sources.polled.upstream import Target, Upstream, root

_ROWS = """matches[].{id: to_string(id), start: utcDate, status: status, minute: minute,
    added: injuryTime, home: homeTeam, away: awayTeam, score: score}"""
_CODE = re.compile(r"[A-Z0-9]{2,5}", re.ASCII)
_DAY_MS = 86_400_000
_PHASES: dict[Json, Phase] = {
    "SCHEDULED": "pre",
    "TIMED": "pre",
    "IN_PLAY": "live",
    "EXTRA_TIME": "live",
    "PENALTY_SHOOTOUT": "live",
    "PAUSED": "break",
    "SUSPENDED": "break",
    "FINISHED": "post",
    "AWARDED": "post",
    "POSTPONED": "postponed",
    "CANCELLED": "abandoned",
}
_ENDS: dict[Json, str] = {"EXTRA_TIME": "AET", "PENALTY_SHOOTOUT": "PEN"}
_HALF_MIN, _REGULAR_MIN, _EXTRA_HALF_MIN = 45, 90, 105


class FootballDataConfig(LeagueConfig, frozen=True, kw_only=True, tag="football-data"):
    """`league` is the competition's code there, such as PL. Ten requests a minute are free."""

    base_url: str = "https://api.football-data.org"
    token_env: str = "FOOTBALL_DATA_TOKEN"  # noqa: S105  (the name of a variable)
    per_minute: int | None = 10

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if not _CODE.fullmatch(self.league):
            yield Fault("league", "expected the competition's code, such as PL")
        yield from name_faults(self.token_env)

    def headers(self) -> Mapping[str, str]:
        """The key, which stands in no URL."""
        return {"X-Auth-Token": read_token(self, self.token_env)}

    def upstream(self) -> Upstream:
        """The API, as the settings have it."""
        return _Api(self)


class _Api:
    lists_whole = False

    def __init__(self, config: FootballDataConfig) -> None:
        self._url = root(config.base_url) / "v4/matches"
        self._league = config.league
        self._rows = Rows(_ROWS)
        self._matches = Matches(config.word())

    def targets(self, now_ms: int) -> Sequence[Target]:
        """See Upstream."""
        first, last = (
            datetime.fromtimestamp((now_ms + days * _DAY_MS) / 1000, UTC).date().isoformat()
            for days in (-1, 1)
        )
        query = {"competitions": self._league, "dateFrom": first, "dateTo": last}
        return [Target(self._url.with_query(query))]

    def changes(self, answer: Json, target: Target, now_ms: int) -> Mapped:
        """See Upstream."""
        if not isinstance(answer, dict) or not isinstance(answer.get("matches"), list):
            raise SourceFailed("football-data answered without a list of matches")
        return self._matches.changes(self._rows.of(answer), _match, now_ms)


def _match(row: JsonObject) -> Match:
    match_id, start, status = row["id"], row["start"], row["status"]
    if not isinstance(match_id, str) or not isinstance(start, str):
        raise BadInput("no id or no date")
    if not isinstance(status, str) or status not in _PHASES:
        raise BadInput(f"{status!r:.40} is no status of a match")
    phase, score = _PHASES[status], as_object(row["score"])
    home, away = _score(score)
    minute = count(row["minute"], "minute")
    ms = played(row["minute"], row["added"]) if phase in ("live", "break") else None
    return Match(
        id=match_id,
        sport="football",
        start_ms=iso_ms(start),
        phase=phase,
        period=_period(status, score, minute),
        home=_side(row["home"], home),
        away=_side(row["away"], away),
        clock=None if ms is None else (ms, status in ("IN_PLAY", "EXTRA_TIME")),
        halted="suspended" if status == "SUSPENDED" else "",
        penalties=_pair(score, "penalties"),
    )


def _side(team: Json, score: int | None) -> Side:
    team = as_object(team)
    return side(team.get("shortName") or team.get("name"), team.get("tla"), score)


def _score(score: JsonObject) -> tuple[int | None, int | None]:
    """Without the shoot-out, which the API counts in `fullTime` where there was one."""
    regular, extra = _pair(score, "regularTime"), _pair(score, "extraTime")
    if regular is not None:
        more = extra or (0, 0)
        return regular[0] + more[0], regular[1] + more[1]
    return _pair(score, "fullTime") or (None, None)


def _pair(score: JsonObject, name: str) -> tuple[int, int] | None:
    given = score.get(name)
    if not isinstance(given, dict):
        return None
    home, away = count(given.get("home"), name), count(given.get("away"), name)
    return None if home is None or away is None else (home, away)


def _period(status: str, score: JsonObject, minute: int | None) -> str:
    match status:
        case "PAUSED":
            return "HT" if minute is None or minute <= _REGULAR_MIN else "ETHT"
        case "FINISHED":
            return _ENDS.get(score.get("duration"), "FT")
        case "PENALTY_SHOOTOUT":
            return "PEN"
        case "EXTRA_TIME":
            return "ET2" if minute is not None and minute > _EXTRA_HALF_MIN else "ET1"
        case "IN_PLAY" if minute is not None:
            return "1H" if minute <= _HALF_MIN else "2H"
    return ""
