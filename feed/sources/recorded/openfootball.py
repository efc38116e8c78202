"""The files of the openfootball project → a timeline of kick-offs, goals, breaks and ends.

Traps of the format: a minute is `"45+1"`, or 45 with an `offset`; goals are not in order; an own
goal stands under the side that it counts for; `ft` is after 90 minutes, `et` after extra time
(all goals so far), `p` the shoot-out; a goal beyond 90 in a match without `et` is stoppage time.
"""

import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import msgspec

from feed.errors import BadInput
from feed.model.codec import JsonObject
from feed.sources.abbreviation import abbreviations, initials
from feed.sources.match import MINUTE_MS, Fixture, Script, Team, fits_topic
from feed.sources.recorded.rows import BadRow, Row

_ANNOUNCED_MS = MINUTE_MS  # before the first kick-off
_ADDED_MIN = 1  # at the least, and after the last goal of a period
_SHOOT_OUT_MIN = 10
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?: UTC([+-]\d{1,2})(?::(\d{2}))?)?", re.ASCII)
_MINUTE = re.compile(r"(\d{1,3})(?:\+(\d{1,2}))?'?", re.ASCII)

_Pair = tuple[int, int]


class _Goal(msgspec.Struct, frozen=True):
    minute: int | str
    name: str = ""
    offset: int = 0
    penalty: bool = False
    owngoal: bool = False


class _Score(msgspec.Struct, frozen=True):
    ft: _Pair
    ht: _Pair | None = None
    et: _Pair | None = None
    p: _Pair | None = None


class _Match(msgspec.Struct, frozen=True):
    date: str
    team1: str
    team2: str
    time: str | None = None
    score: _Score | None = None
    goals1: tuple[_Goal, ...] = ()
    goals2: tuple[_Goal, ...] = ()


class _File(msgspec.Struct, frozen=True):
    name: str
    matches: list[msgspec.Raw]


class _Span(NamedTuple):
    """A period: the minutes of its clock, the break after it, and the score that it ends with."""

    period: str
    start_min: int
    end_min: int
    rest: str
    rest_min: int
    score: _Pair | None


class _Scored(NamedTuple):
    """A goal at its minute of the clock, which may lie beyond the end of its period `span`."""

    span: int
    minute: int
    side: int
    goal: _Goal


class Timeline(NamedTuple):
    """Rows in order of time, and what of the file is wrong."""

    rows: list[Row]
    faults: list[BadRow]


def timeline(path: Path, league: str | None, first: date, last: date) -> Timeline:
    """The matches of a file whose own date is from `first` to `last`.

    All are announced a minute before the first kick-off. Raises BadInput where the file is of
    another form, and OSError.
    """
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path} is no file of openfootball: {error}") from None
    league = league or initials(file.name)
    if not fits_topic(league):
        raise BadInput(f"{path} gives no name for the league; set league")
    matches, faults = _matches(file.matches)
    abbr = abbreviations({team for _, match in matches for team in (match.team1, match.team2)})
    told: list[tuple[Fixture, int, _Match, str]] = []
    for place, match in matches:
        try:
            if first <= date.fromisoformat(match.date) <= last:
                home, away = (Team(name=n, abbr=abbr[n]) for n in (match.team1, match.team2))
                fixture = Fixture(league=league, home=home, away=away)
                told.append((fixture, _start_ms(match), match, place))
        except ValueError as error:
            faults.append(BadRow(place, str(error)))
    begin_ms = min((start_ms for _, start_ms, _, _ in told), default=0) - _ANNOUNCED_MS
    rows: list[Row] = []
    announced: set[str] = set()
    for fixture, start_ms, match, place in sorted(told, key=lambda one: one[1]):
        script = Script(fixture, start_ms, match.date.replace("-", ""))
        again = fixture.topic in announced
        announced.add(fixture.topic)
        script.announce(-_ANNOUNCED_MS if again else begin_ms - start_ms)
        try:
            faults += [BadRow(place, why) for why in _play(script, match)]
        except BadInput as error:
            faults.append(BadRow(place, str(error)))
            continue
        for moment in script.moments:
            at_ms = start_ms + moment.after_ms
            rows.append(Row(at_ms, moment.change(fixture.topic, at_ms)))
    return Timeline(sorted(rows, key=lambda row: row.at_ms), faults)


def _matches(raw: list[msgspec.Raw]) -> tuple[list[tuple[str, _Match]], list[BadRow]]:
    matches, faults = [], []
    for number, text in enumerate(raw, start=1):
        try:
            matches.append((f"match {number}", msgspec.json.decode(text, type=_Match)))
        except msgspec.MsgspecError as error:
            faults.append(BadRow(f"match {number}", str(error)))
    return matches, faults


def _start_ms(match: _Match) -> int:
    """The kick-off; UTC where the time names no offset. Raises ValueError."""
    form = _TIME.fullmatch(match.time or "00:00")
    if form is None:
        raise ValueError(f"{match.time!r} is no time of the day")
    hours, minutes = int(form[3] or 0), int(form[4] or 0)
    offset = timedelta(hours=hours, minutes=-minutes if hours < 0 else minutes)
    day = datetime.fromisoformat(match.date)
    start = day.replace(hour=int(form[1]), minute=int(form[2]), tzinfo=timezone(offset))
    return int(start.timestamp()) * 1000


def _play(script: Script, match: _Match) -> list[str]:
    """Tell the match; what of it contradicts itself. Raises BadInput."""
    score = match.score
    if score is None:  # yet to be played
        return []
    spans = _spans(score)
    goals, faults = _goals(match, score)
    after_min = 0
    clock_ms = 0
    for index, span in enumerate(spans):
        scored = [goal for goal in goals if goal.span == index]
        over_min = max([goal.minute for goal in scored] + [span.end_min]) - span.end_min
        length_min = span.end_min - span.start_min + over_min + _ADDED_MIN
        script.begin(after_min * MINUTE_MS, span.period, span.start_min * MINUTE_MS)
        for goal in scored:
            into_min = max(goal.minute - span.start_min, 0)
            _tell_goal(script, (after_min + into_min) * MINUTE_MS, goal)
        after_min += length_min
        clock_ms = (span.start_min + length_min) * MINUTE_MS
        if span.score is not None and script.score != span.score:
            if goals:
                faults.append(_differs(span, script.score))
            else:
                script.set_score(after_min * MINUTE_MS, *span.score)
        if index < len(spans) - 1:
            script.rest(after_min * MINUTE_MS, span.rest, clock_ms)
            after_min += span.rest_min
    _finish(script, after_min, clock_ms, score)
    return faults


def _finish(script: Script, after_min: int, clock_ms: int, score: _Score) -> None:
    period = "FT" if score.et is None else "AET"
    further: JsonObject = {}
    if score.ht is None:
        further["periods"] = None  # which goals fell in which half, nobody knows
    if score.p is not None:
        script.rest(after_min * MINUTE_MS, period, clock_ms)
        script.shoot_out((after_min + 5) * MINUTE_MS, clock_ms)
        after_min += 5 + _SHOOT_OUT_MIN
        period = "PEN"
        further["penalties"] = [*score.p]
    script.finish(after_min * MINUTE_MS, period, clock_ms, further)


def _spans(score: _Score) -> list[_Span]:
    spans = [_Span("1H", 0, 45, "HT", 15, score.ht), _Span("2H", 45, 90, "FT", 5, score.ft)]
    if score.et is not None:
        spans += [
            _Span("ET1", 90, 105, "ETHT", 2, None),
            _Span("ET2", 105, 120, "AET", 5, score.et),
        ]
    return spans


def _differs(span: _Span, counted: _Pair) -> str:
    given = span.score or (0, 0)
    return (
        f"{span.period} ends {given[0]}-{given[1]} but its goals make {counted[0]}-{counted[1]}: "
        "the goals are told"
    )


def _goals(match: _Match, score: _Score) -> tuple[list[_Scored], list[str]]:
    """The goals in order of time; none where they do not make the final score."""
    goals = []
    for side, listed in enumerate((match.goals1, match.goals2)):
        for goal in listed:
            base, minute = _minute(goal)
            goals.append(_Scored(_span_of(base, extra=score.et is not None), minute, side, goal))
    final = score.ft if score.et is None else score.et
    if goals and (len(match.goals1), len(match.goals2)) != final:
        told = f"{len(match.goals1)}-{len(match.goals2)}"
        return [], [f"the goals make {told}, not {final[0]}-{final[1]}: only the scores are told"]
    return sorted(goals, key=lambda scored: (scored.span, scored.minute)), []


def _minute(goal: _Goal) -> _Pair:
    """The minute without stoppage time, and with it. Raises BadInput."""
    form = _MINUTE.fullmatch(str(goal.minute))
    if form is None:
        raise BadInput(f"{goal.minute!r} is no minute of a match")
    base = int(form[1])
    return base, base + int(form[2] or goal.offset)


def _span_of(base_min: int, *, extra: bool) -> int:
    ends = (45, 90, 105) if extra else (45,)
    return sum(base_min > end for end in ends)


def _tell_goal(script: Script, after_ms: int, scored: _Scored) -> None:
    goal = scored.goal
    minute = str(goal.minute).rstrip("'")
    clock = f"{minute}+{goal.offset}'" if goal.offset else f"{minute}'"
    data: JsonObject = {"clock": clock, "who": goal.name}
    if goal.penalty:
        data["penalty"] = True
    if goal.owngoal:
        data["own_goal"] = True
    script.score_points(after_ms, scored.side, 1, "goal", data)
