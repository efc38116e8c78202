"""A match as somebody wrote it down for a rehearsal: `12' goal home Novak`, `14' void`, `HT`."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from feed.errors import BadInput
from feed.model.codec import JsonObject
from feed.sources.match import MINUTE_MS, Script, clock_text
from feed.sources.recorded.match_period import End, Period, period_of

_ENTRY = re.compile(
    r"(?:([0-9]{1,3}(?:\+[0-9]{1,2})?'|[0-9]{1,2}:[0-5][0-9])\s+)?(\S+)\s*(.*)", re.ASCII
)
_POINTS = re.compile(r"(?P<points>[123])(?: (?P<who>.*))?")
_SIDES = ("home", "away")
_CARDS = ("yellow", "red")
_REMARKS = {"(penalty)": "penalty", "(own goal)": "own_goal"}
_KICK_MS = MINUTE_MS  # from one kick of a shoot-out to the next


class _Sport(NamedTuple):
    """How its matches begin, what may happen in them, and how that is written."""

    first: str
    events: Sequence[str]
    form: str
    time: str


_SPORTS = {
    "football": _Sport(
        "1H", ("goal", *_CARDS), "MINUTE' goal|yellow|red home|away [WHO]", "12' {0} or 45+2' {0}"
    ),
    "basketball": _Sport("Q1", ("score",), "MM:SS score home|away 1|2|3 [WHO]", "07:30 {0}"),
}


class _Entry(NamedTuple):
    """`time` as it is written, empty where there is none."""

    time: str
    word: str
    rest: str


class _Told(NamedTuple):
    """An event that stands: `goal`, `score` or the colour of a card, and what was said of it."""

    word: str
    event_id: str
    side: int
    period: str
    points: int
    data: JsonObject


class MatchTimeline:
    """Writes the entries of one match into a script, one by one; each may raise BadInput.

    A period lasts as long as it does, and in football longer where an entry is later or says so
    (`45+2'`). After half time the next begins `break_ms` later.
    """

    def __init__(self, script: Script, break_ms: int, sport: str = "football") -> None:
        self._script = script
        self._break_ms = break_ms
        self._sport = _SPORTS[sport]
        self._period: Period | None = None  # not kicked off
        self._period_after_ms = 0
        self._clock_ms = 0  # of the match, with stoppage time
        self._end = ""
        self._standing: list[_Told] = []

    def add(self, text: str) -> None:
        """The next entry. Raises BadInput, which says what is expected instead."""
        if self._end:
            raise BadInput(f"expected nothing after {self._end}")
        form = _ENTRY.fullmatch(text.strip())
        if form is None:
            raise self._unknown()
        entry = _Entry(form[1] or "", form[2], form[3])
        if entry.word == "postponed":
            self._postpone(entry)
            return
        period = self.kick_off()
        if entry.time:
            self._advance(period, entry.time)
        match entry.word:
            case "abandoned":
                self._finish(entry.word, period.name, _ended(entry.word, entry.rest))
            case "kick" | "miss":
                self._kick(period, entry)
            case "void" | "amend":
                self._correct(period, entry)
            case word if word in self._sport.events:
                self._happen(period, entry)
            case word if word.isupper():
                self._stop(period, entry)
            case _:
                raise self._unknown()

    def kick_off(self) -> Period:
        """The period that is played: the first one, where no entry has made it begin."""
        if self._period is None:
            self._period = period_of(self._sport.first)
            if not self._end:
                self._script.begin(0, self._period.name)
        return self._period

    def _unknown(self) -> BadInput:
        period = self._period or period_of(self._sport.first)
        return BadInput(
            f"expected {self._sport.form}, void, amend, abandoned, postponed"
            f" or {' or '.join(period.ends)}"
        )

    # ---- time ----

    @property
    def _after_ms(self) -> int:
        """How long after the kick-off it is, breaks included."""
        start_ms = self._period.start_ms if self._period else 0
        return self._period_after_ms + self._clock_ms - start_ms

    def _advance(self, period: Period, time: str) -> None:
        by_minute = time.endswith("'")
        if by_minute != (self._sport is _SPORTS["football"]):
            raise BadInput(f"expected a time such as {self._sport.time.format('…')}")
        end = period.end_ms // MINUTE_MS
        if by_minute:
            base, _, added = time.removesuffix("'").partition("+")
            if int(base) > end:
                raise BadInput(f"expected {' or '.join(period.ends)}: {end}+N' is possible")
            if added and int(base) != end:
                raise BadInput(f"expected stoppage time of this period: {end}+{added}'")
            self._move((int(base) + int(added or 0)) * MINUTE_MS, f"{self._clock_ms // MINUTE_MS}'")
            return
        minutes, _, seconds = time.partition(":")
        clock_ms = int(minutes) * MINUTE_MS + int(seconds) * 1000
        if clock_ms > period.end_ms:
            raise BadInput(f"expected {' or '.join(period.ends)}: {period.name} is over by then")
        self._move(clock_ms, clock_text(self._clock_ms))

    def _move(self, clock_ms: int, now: str) -> None:
        if clock_ms < self._clock_ms:
            raise BadInput(f"expected a time that is not before {now}")
        self._clock_ms = clock_ms

    # ---- beginnings and ends ----

    def _postpone(self, entry: _Entry) -> None:
        if self._period or entry.time:
            raise BadInput("expected postponed as the only entry, without a time")
        self._end = entry.word
        self._script.finish(0, "", 0, _ended(entry.word, entry.rest))

    def _stop(self, period: Period, entry: _Entry) -> None:
        end = period.ends.get(entry.word)
        if end is None:
            raise BadInput(f"expected {' or '.join(period.ends)} at the end of {period.name}")
        if entry.rest:
            raise BadInput(f"expected nothing beside {entry.word}")
        if not entry.time:
            self._clock_ms = max(self._clock_ms, period.end_ms)
        if not end.then:
            self._finish(entry.word, end.shown, {})
        else:
            self._rest(end)

    def _rest(self, end: End) -> None:
        self._script.rest(self._after_ms, end.shown, self._clock_ms)
        break_ms = self._break_ms if end.break_min is None else end.break_min * MINUTE_MS
        after_ms = self._after_ms + break_ms
        following = period_of(end.then)
        if following.is_shoot_out:
            self._script.shoot_out(after_ms, self._clock_ms)
        else:
            self._script.begin(after_ms, following.name, following.start_ms)
        self._period, self._period_after_ms = following, after_ms
        self._clock_ms = following.start_ms

    def _finish(self, word: str, period: str, further: JsonObject) -> None:
        self._end = word
        self._script.finish(self._after_ms, period, self._clock_ms, further)

    # ---- events ----

    def _need_time(self, entry: _Entry) -> None:
        if not entry.time:
            raise BadInput(f"expected its time first: {self._sport.time.format(entry.word)}")

    def _kick(self, period: Period, entry: _Entry) -> None:
        if not period.is_shoot_out or entry.time:
            raise BadInput("expected kicks after PEN, and without a time")
        side, who = _side(entry)
        self._period_after_ms += _KICK_MS
        self._script.kick(self._after_ms, side, _said(who), scored=entry.word == "kick")

    def _happen(self, period: Period, entry: _Entry) -> None:
        if period.is_shoot_out:
            raise BadInput("expected kick or miss home|away [WHO], or FT")
        self._need_time(entry)
        word = entry.word
        side, who = _side(entry)
        data: JsonObject = {"clock": entry.time}
        points = 1
        if word == "score":
            form = _POINTS.fullmatch(who)
            if form is None:
                raise BadInput("expected 1, 2 or 3 after home or away")
            points, who = int(form["points"]), form["who"] or ""
            data["points"] = points
        for remark, name in _REMARKS.items():
            if word == "goal" and who.endswith(remark):
                who = who.removesuffix(remark).strip()
                data[name] = True
        data |= _said(who)
        if word in _CARDS:
            data["card"] = word
            event_id = self._script.note(self._after_ms, side, "card", data)
        else:
            event_id = self._script.score_points(self._after_ms, side, points, word, data)
        said: JsonObject = {"side": _SIDES[side], **data, "score": [*self._script.score]}
        self._standing.append(_Told(word, event_id, side, period.name, points, said))

    def _correct(self, period: Period, entry: _Entry) -> None:
        self._need_time(entry)
        first, _, after = entry.rest.partition(" ")
        is_named = first in self._sport.events
        word, words = (first, after.strip()) if is_named else (self._sport.events[0], entry.rest)
        told = next((told for told in self._standing[::-1] if told.word == word), None)
        if told is None:
            raise BadInput(f"expected a {word} before it that stands")
        place = self._standing.index(told)
        kind = "card" if word in _CARDS else word
        if entry.word == "amend":
            if not words:
                raise BadInput("expected who it was instead: amend Sato")
            told = told._replace(data=told.data | {"who": words})
            self._standing[place] = told
            self._script.correct(self._after_ms, "amend", told.event_id, kind, told.data)
            return
        if kind != "card" and told.period != period.name:
            raise BadInput(f"expected a {word} of this period before it that stands")
        del self._standing[place]
        why = words or "taken back"
        if kind == "card":
            self._script.correct(self._after_ms, "void", told.event_id, kind, {"why": why})
        else:
            self._script.take_back(
                self._after_ms, told.event_id, told.side, why, points=told.points, kind=kind
            )


def _side(entry: _Entry) -> tuple[int, str]:
    """The number of the side that an entry names, and what follows. Raises BadInput."""
    side, _, further = entry.rest.partition(" ")
    if side not in _SIDES:
        raise BadInput(f"expected home or away after {entry.word}")
    return _SIDES.index(side), further.strip()


def _said(who: str) -> JsonObject:
    return {"who": who} if who else {}


def _ended(phase: str, why: str) -> JsonObject:
    return {"phase": phase, "why": why} if why else {"phase": phase}
