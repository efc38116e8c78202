"""A match as it is told: one moment after another, each with what it changes."""

import re
from decimal import Decimal

import msgspec

from feed.model.change import Change, EventChange, Op
from feed.model.codec import Json, JsonObject

MINUTE_MS = 60_000

_SIDES = ("home", "away")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,20}", re.ASCII)


class Team(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of a match. `abbr` is part of the topic."""

    name: str
    abbr: str


class Fixture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who plays whom. `league` is part of the topic: `score:EPL.ARS-CHE`."""

    league: str
    home: Team
    away: Team
    sport: str = "football"

    @property
    def topic(self) -> str:
        """Where the match is told."""
        return f"score:{self.league}.{self.home.abbr}-{self.away.abbr}"


def fits_topic(word: str) -> bool:
    """Whether a league or an abbreviation may stand in a topic."""
    return _WORD.fullmatch(word) is not None


def rate(speed: float) -> Json:
    """How a clock says that it runs `speed` times faster than the wall clock; None for 1."""
    if speed == 1:
        return None
    return int(speed) if int(speed) == speed else Decimal(str(speed))


def clock_text(ms: int) -> str:
    """The match's clock as it is shown: `67:12`."""
    minutes, rest_ms = divmod(ms, MINUTE_MS)
    return f"{minutes:02d}:{rest_ms // 1000:02d}"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What is told at one moment, `after_ms` after the kick-off on the wall clock.

    `clock`: the new anchor of the match's clock, None where it keeps going as it did.
    """

    after_ms: int
    fields: JsonObject
    whole: bool = False
    clock: tuple[int, bool] | None = None
    event: EventChange | None = None

    def change(self, topic: str, at_ms: int, clock_rate: Json = None) -> Change:
        """As a change that happened at `at_ms`.

        `clock_rate`: as `rate` gives it.
        """
        fields = dict(self.fields)
        if self.clock is not None:
            ms, running = self.clock
            clock: JsonObject = {"ms": ms, "at": at_ms, "running": running}
            fields["clock"] = clock if clock_rate is None else clock | {"rate": clock_rate}
        event = None if self.event is None else msgspec.structs.replace(self.event, ts=at_ms)
        return Change(
            topic=topic,
            data=fields if self.whole else None,
            patch=None if self.whole or not fields else fields,
            event=event,
            ts=at_ms,
        )


class Script:
    """Writes a match down in order of time, and keeps the score the while.

    `round_id` is what the ids of its events begin with: another one for every match on a topic.
    """

    def __init__(self, fixture: Fixture, start_ms: int, round_id: str) -> None:
        self.moments: list[Moment] = []
        self._fixture = fixture
        self._start_ms = start_ms
        self._round_id = round_id
        self._period = ""
        self._score = [0, 0]
        self._periods: dict[str, list[int]] = {}
        self._penalties = [0, 0]
        self._count = 0

    @property
    def score(self) -> tuple[int, int]:
        """The score as it stands, home and away."""
        return self._score[0], self._score[1]

    def announce(self, after_ms: int) -> None:
        """The match is yet to come: the whole item, with nothing left of a match before."""
        fixture = self._fixture
        fields: JsonObject = {
            "sport": fixture.sport,
            "league": fixture.league,
            "name": f"{fixture.home.name} - {fixture.away.name}",
            "start": self._start_ms,
            "phase": "pre",
            "period": "",
            "home": {"name": fixture.home.name, "abbr": fixture.home.abbr, "score": 0},
            "away": {"name": fixture.away.name, "abbr": fixture.away.abbr, "score": 0},
            "state": "live",
        }
        self._tell(after_ms, fields, whole=True, clock=(0, False))

    def begin(self, after_ms: int, period: str, clock_ms: int = 0) -> None:
        """A period starts, and its clock from `clock_ms`."""
        self._period = period
        self._periods[period] = [0, 0]
        fields: JsonObject = {"phase": "live", "period": period, "periods": {period: [0, 0]}}
        self._tell(after_ms, fields, clock=(clock_ms, True))

    def rest(self, after_ms: int, period: str, clock_ms: int) -> None:
        """A period is over and another is to come; the clock stands at `clock_ms`."""
        self._tell(after_ms, {"phase": "break", "period": period}, clock=(clock_ms, False))

    def shoot_out(self, after_ms: int, clock_ms: int) -> None:
        """Kicks from the penalty mark begin; they count for no score."""
        self._penalties = [0, 0]
        self._tell(after_ms, {"phase": "live", "period": "PEN"}, clock=(clock_ms, False))

    def kick(self, after_ms: int, side: int, data: JsonObject, *, scored: bool) -> None:
        """A kick of the shoot-out, as an event of kind `penalty`."""
        self._penalties[side] += scored
        standing: JsonObject = {"penalties": [*self._penalties]}
        self._event(after_ms, standing, side, "penalty", {**data, "scored": scored, **standing})

    def finish(
        self, after_ms: int, period: str, clock_ms: int, further: JsonObject | None = None
    ) -> None:
        """The match is over; `further` fields say how it was decided."""
        over: JsonObject = {"phase": "post", "period": period, "state": "closed"}
        self._tell(after_ms, over | (further or {}), clock=(clock_ms, False))

    def score_points(
        self, after_ms: int, side: int, points: int, kind: str, data: JsonObject
    ) -> str:
        """Points for a side (0 home, 1 away), as an event of `kind`; its id."""
        self._add(side, points)
        return self._event(after_ms, self._standing(side), side, kind, data)

    def take_back(
        self,
        after_ms: int,
        event_id: str,
        side: int,
        why: str,
        *,
        points: int = 1,
        kind: str = "goal",
    ) -> None:
        """The points of that event do not count."""
        self._add(side, -points)
        data: JsonObject = {"why": why, "score": [*self._score]}
        event = EventChange(op="void", kind=kind, id=event_id, data=data)
        self._tell(after_ms, self._standing(side), event=event)

    def note(self, after_ms: int, side: int, kind: str, data: JsonObject) -> str:
        """Something that leaves the score as it is, as an event; its id."""
        return self._event(after_ms, {}, side, kind, data)

    def correct(self, after_ms: int, op: Op, event_id: str, kind: str, data: JsonObject) -> None:
        """An event that leaves the score as it is was not so (`void`), or otherwise (`amend`)."""
        event = EventChange(op=op, kind=kind, id=event_id, data=data)
        self._tell(after_ms, {}, event=event)

    def set_score(self, after_ms: int, home: int, away: int) -> None:
        """The score as it stands now, where nobody tells how it came about."""
        for side, points in enumerate((home, away)):
            self._add(side, points - self._score[side])
        self._tell(after_ms, self._standing(0) | self._standing(1))

    def _add(self, side: int, points: int) -> None:
        self._score[side] += points
        self._periods[self._period][side] += points

    def _standing(self, side: int) -> JsonObject:
        period: list[Json] = [*self._periods[self._period]]
        return {_SIDES[side]: {"score": self._score[side]}, "periods": {self._period: period}}

    def _event(
        self, after_ms: int, fields: JsonObject, side: int, kind: str, data: JsonObject
    ) -> str:
        self._count += 1
        event_id = f"{self._round_id}-{self._count}"
        said: JsonObject = {"side": _SIDES[side], **data, "score": [*self._score]}
        event = EventChange(kind=kind, id=event_id, data=said)
        self._tell(after_ms, fields, event=event)
        return event_id

    def _tell(
        self,
        after_ms: int,
        fields: JsonObject,
        *,
        whole: bool = False,
        clock: tuple[int, bool] | None = None,
        event: EventChange | None = None,
    ) -> None:
        self.moments.append(
            Moment(after_ms=after_ms, fields=fields, whole=whole, clock=clock, event=event)
        )
