"""Matches that nobody plays: seeded football and basketball, from the kick-off to the end."""

import random
from collections.abc import Callable
from typing import NamedTuple

from feed.model.codec import JsonObject
from feed.sources.match import MINUTE_MS, Fixture, Script, clock_text

_SURNAMES = (
    *("Adler", "Bakker", "Castell", "Duarte", "Eriksen", "Falk", "Garrido", "Holm", "Ibanez"),
    *("Jansen", "Kovac", "Lund", "Mbeki", "Novak", "Okoye", "Petrov", "Quiroga", "Rossi"),
    *("Sato", "Tanaka", "Ueda", "Vidal", "Weber", "Yilmaz", "Zeman"),
)

_GOAL_MIN = 34.0  # the mean time between two goals of one match
_CARD_MIN = 24.0
_VOIDED = 0.12  # the share of goals that are looked at again and do not count
_REVIEW_MS = (40_000, 110_000)
_WHYS = ("offside", "handball", "foul in the build-up")
_HALF_MIN = 45
_ADDED_MIN = (1, 6)
_INTERVAL_MIN = 15
_ANNOUNCED_MIN = 5  # before the kick-off

_BASKET_S = 26.0  # the mean time between two baskets of one match
_POINTS = (1, 2, 2, 2, 2, 3, 3)
_QUARTERS = 4
_QUARTER_MIN = 12
_OVERTIME_MIN = 5
_PAUSE_MIN = 3


class _Incident(NamedTuple):
    """Something within a period, `into_ms` after it began."""

    into_ms: int
    kind: str
    side: int
    goal: int = 0  # which goal of the period is given or taken back, counted from 0


def football(fixture: Fixture, start_ms: int, chance: random.Random) -> Script:
    """A match of two halves with goals, cards, and goals that are taken back."""
    script = Script(fixture, start_ms, str(start_ms))
    script.announce(-_ANNOUNCED_MIN * MINUTE_MS)
    after_ms = 0
    for half, (period, end) in enumerate((("1H", "HT"), ("2H", "FT"))):
        clock_ms = half * _HALF_MIN * MINUTE_MS
        length_ms = (_HALF_MIN + chance.randint(*_ADDED_MIN)) * MINUTE_MS
        script.begin(after_ms, period, clock_ms)
        _play_half(script, chance, after_ms, clock_ms, length_ms)
        after_ms += length_ms
        if half == 0:
            script.rest(after_ms, end, clock_ms + length_ms)
            after_ms += _INTERVAL_MIN * MINUTE_MS
        else:
            script.finish(after_ms, end, clock_ms + length_ms)
    return script


def _play_half(
    script: Script, chance: random.Random, after_ms: int, clock_ms: int, length_ms: int
) -> None:
    ids: dict[int, str] = {}
    for incident in _half(chance, length_ms):
        at_ms, side = after_ms + incident.into_ms, incident.side
        if incident.kind == "void":
            script.take_back(at_ms, ids[incident.goal], side, chance.choice(_WHYS))
            continue
        data: JsonObject = {
            "clock": clock_text(clock_ms + incident.into_ms),
            "who": chance.choice(_SURNAMES),
        }
        if incident.kind == "goal":
            ids[incident.goal] = script.score_points(at_ms, side, 1, "goal", data)
        else:
            script.note(at_ms, side, "card", data | {"card": "yellow"})


def _half(chance: random.Random, length_ms: int) -> list[_Incident]:
    incidents = [
        _Incident(into_ms, "card", chance.randrange(2))
        for into_ms in _moments(chance, _CARD_MIN * MINUTE_MS, length_ms)
    ]
    for goal, into_ms in enumerate(_moments(chance, _GOAL_MIN * MINUTE_MS, length_ms)):
        side = chance.randrange(2)
        incidents.append(_Incident(into_ms, "goal", side, goal))
        void_ms = into_ms + chance.randint(*_REVIEW_MS)
        if chance.random() < _VOIDED and void_ms < length_ms:
            incidents.append(_Incident(void_ms, "void", side, goal))
    return sorted(incidents)


def basketball(fixture: Fixture, start_ms: int, chance: random.Random) -> Script:
    """A match of four quarters, and of five-minute overtimes until somebody leads."""
    script = Script(fixture, start_ms, str(start_ms))
    script.announce(-_ANNOUNCED_MIN * MINUTE_MS)
    after_ms = quarter = 0
    while True:
        quarter += 1
        regular = quarter <= _QUARTERS
        length_ms = (_QUARTER_MIN if regular else _OVERTIME_MIN) * MINUTE_MS
        period = f"Q{quarter}" if regular else f"OT{quarter - _QUARTERS}"
        script.begin(after_ms, period)
        _play_quarter(script, chance, after_ms, length_ms)
        after_ms += length_ms
        home, away = script.score
        if quarter >= _QUARTERS and home != away:
            script.finish(after_ms, "FT", length_ms)
            return script
        half_time = quarter == _QUARTERS // 2
        script.rest(after_ms, "HT" if half_time else period, length_ms)
        after_ms += (_INTERVAL_MIN if half_time else _PAUSE_MIN) * MINUTE_MS


def _play_quarter(script: Script, chance: random.Random, after_ms: int, length_ms: int) -> None:
    for into_ms in _moments(chance, _BASKET_S * 1000, length_ms):
        points, side = chance.choice(_POINTS), chance.randrange(2)
        who = chance.choice(_SURNAMES)
        data: JsonObject = {"clock": clock_text(into_ms), "who": who, "points": points}
        script.score_points(after_ms + into_ms, side, points, "score", data)


PLAY: dict[str, Callable[[Fixture, int, random.Random], Script]] = {
    "football": football,
    "basketball": basketball,
}
"""How a match of each sport is made up. The same fixture, start and chance give the same match."""


def _moments(chance: random.Random, mean_ms: float, length_ms: int) -> list[int]:
    """A Poisson process: the moments before `length_ms`, in order."""
    moments: list[int] = []
    into_ms = chance.expovariate(1 / mean_ms)
    while into_ms < length_ms:
        moments.append(int(into_ms))
        into_ms += chance.expovariate(1 / mean_ms)
    return moments
