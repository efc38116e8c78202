import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from feed.errors import BadInput, SettingsError
from feed.model.codec import JsonObject
from feed.sources.recorded.openfootball import Timeline, timeline
from feed.sources.recorded.replay import Replay, ReplayConfig
from tests.support.sources import Table

KICK_OFF = 1_781_204_400_000  # 2026-06-11 13:00 UTC-6
MINUTE = 60_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cup.json"


def goal(minute: int | str, name: str = "Lund", **more: Any) -> dict[str, Any]:
    return {"name": name, "minute": minute, **more}


def match(**more: Any) -> dict[str, Any]:
    return {
        "date": "2026-06-11",
        "time": "13:00 UTC-6",
        "team1": "Mexico",
        "team2": "South Africa",
        "score": {"ht": [0, 0], "ft": [0, 0]},
    } | more


def told(path: Path, *matches: Any, league: str | None = None) -> Timeline:
    path.write_text(json.dumps({"name": "World Cup 2026", "matches": matches}))
    return timeline(path, league, date.min, date.max)


def story(line: Timeline) -> list[tuple[Any, ...]]:
    """For each row, the minute after the kick-off, and what is told."""
    rows = []
    for row in line.rows:
        fields = row.change.data or row.change.patch or {}
        minute = (row.at_ms - KICK_OFF) // MINUTE
        if row.change.event is not None:
            data = row.change.event.data
            rows.append((minute, data["side"], data["clock"], data["score"]))
        else:
            clock: Any = fields.get("clock", {})
            rows.append((minute, fields.get("phase"), fields.get("period"), clock.get("ms")))
    return rows


def final(line: Timeline) -> JsonObject:
    table = Table()
    table.apply([row.change for row in line.rows])
    [item] = table.items.values()
    return item


def test_a_match_from_announcement_to_end(file: Path) -> None:
    line = told(
        file,
        match(
            score={"ht": [1, 0], "ft": [2, 1]},
            goals1=[goal("90+6", "B", penalty=True), goal("9", "A")],
            goals2=[goal("67", "C", owngoal=True)],
        ),
    )
    assert line.faults == []
    assert story(line) == [
        (-1, "pre", "", 0),
        (0, "live", "1H", 0),
        (9, "home", "9'", [1, 0]),
        (46, "break", "HT", 46 * MINUTE),
        (61, "live", "2H", 45 * MINUTE),
        (83, "away", "67'", [1, 1]),
        (112, "home", "90+6'", [2, 1]),
        (113, "post", "FT", 97 * MINUTE),
    ]
    assert final(line) == {
        "sport": "football",
        "league": "WC",
        "name": "Mexico - South Africa",
        "start": KICK_OFF,
        "phase": "post",
        "period": "FT",
        "clock": {"ms": 97 * MINUTE, "at": KICK_OFF + 113 * MINUTE, "running": False},
        "home": {"name": "Mexico", "abbr": "MEX", "score": 2},
        "away": {"name": "South Africa", "abbr": "SAF", "score": 1},
        "periods": {"1H": [1, 0], "2H": [1, 1]},
        "state": "closed",
    }
    events = [row.change.event for row in line.rows if row.change.event is not None]
    assert [event.id for event in events] == ["20260611-1", "20260611-2", "20260611-3"]
    assert [event.data for event in events][1:] == [
        {"side": "away", "clock": "67'", "who": "C", "own_goal": True, "score": [1, 1]},
        {"side": "home", "clock": "90+6'", "who": "B", "penalty": True, "score": [2, 1]},
    ]


@pytest.mark.parametrize(
    ("given", "extra", "clock", "period"),
    [
        (goal("1"), False, "1'", "1H"),
        (goal(45), False, "45'", "1H"),
        (goal("45+1"), False, "45+1'", "1H"),
        (goal("45+10"), False, "45+10'", "1H"),
        (goal(45, offset=2), False, "45+2'", "1H"),
        (goal("46"), False, "46'", "2H"),
        (goal("90"), False, "90'", "2H"),
        (goal("90+12"), False, "90+12'", "2H"),
        (goal(90, offset=4), False, "90+4'", "2H"),
        (goal("92"), False, "92'", "2H"),  # no extra time: this can only be stoppage time
        (goal("92"), True, "92'", "ET1"),
        (goal("90+3"), True, "90+3'", "2H"),
        (goal("105+2"), True, "105+2'", "ET1"),
        (goal("106"), True, "106'", "ET2"),
        (goal("120+5"), True, "120+5'", "ET2"),
    ],
)
def test_a_goal_falls_in_its_period(
    file: Path,
    given: dict[str, Any],
    extra: bool,  # noqa: FBT001
    clock: str,
    period: str,
) -> None:
    score: dict[str, Any] = {
        "ht": [int(period == "1H"), 0],
        "ft": [int(period in ("1H", "2H")), 0],
    }
    line = told(file, match(score=score | ({"et": [1, 0]} if extra else {}), goals1=[given]))
    assert line.faults == []
    [event] = [row.change.event for row in line.rows if row.change.event is not None]
    assert event.data["clock"] == clock
    periods = final(line)["periods"]
    assert isinstance(periods, dict)
    assert [name for name, points in periods.items() if points == [1, 0]] == [period]


@pytest.mark.parametrize(
    ("score", "stages", "further"),
    [
        (
            {"ht": [0, 0], "ft": [0, 0], "et": [0, 0]},
            [
                ("live", "1H"),
                ("break", "HT"),
                ("live", "2H"),
                ("break", "FT"),
                ("live", "ET1"),
                ("break", "ETHT"),
                ("live", "ET2"),
                ("post", "AET"),
            ],
            None,
        ),
        (
            {"ht": [0, 0], "ft": [0, 0], "et": [0, 0], "p": [3, 4]},
            [
                ("live", "1H"),
                ("break", "HT"),
                ("live", "2H"),
                ("break", "FT"),
                ("live", "ET1"),
                ("break", "ETHT"),
                ("live", "ET2"),
                ("break", "AET"),
                ("live", "PEN"),
                ("post", "PEN"),
            ],
            [3, 4],
        ),
        (
            {"ht": [0, 0], "ft": [0, 0], "p": [5, 4]},
            [
                ("live", "1H"),
                ("break", "HT"),
                ("live", "2H"),
                ("break", "FT"),
                ("live", "PEN"),
                ("post", "PEN"),
            ],
            [5, 4],
        ),
    ],
)
def test_extra_time_and_penalties(
    file: Path, score: dict[str, Any], stages: list[tuple[str, str]], further: list[int] | None
) -> None:
    line = told(file, match(score=score))
    assert [row[1:3] for row in story(line)][1:] == stages
    item = final(line)
    assert item.get("penalties") == further
    assert item["state"] == "closed"
    assert line.rows[-1].at_ms > line.rows[-2].at_ms


def test_scores_without_goals_are_told_at_half_time_and_at_the_end(file: Path) -> None:
    line = told(file, match(score={"ht": [1, 0], "ft": [1, 2]}))
    assert line.faults == []
    patches = [(row.at_ms - KICK_OFF) // MINUTE for row in line.rows if row.change.patch]
    assert patches == [0, 46, 46, 61, 107, 107]
    assert final(line)["periods"] == {"1H": [1, 0], "2H": [0, 2]}


def test_scores_of_halves_that_nobody_knows_are_not_made_up(file: Path) -> None:
    item = final(told(file, match(score={"ft": [1, 2]})))
    assert "periods" not in item
    assert item["away"] == {"name": "South Africa", "abbr": "SAF", "score": 2}


def test_a_match_that_is_yet_to_be_played_is_announced(file: Path) -> None:
    line = told(file, match(score=None))
    assert story(line) == [(-1, "pre", "", 0)]


@pytest.mark.parametrize(
    ("time", "kick_off"),
    [
        ("13:00 UTC-6", KICK_OFF),
        ("19:00", KICK_OFF),
        ("19:00 UTC+0", KICK_OFF),
        ("00:30 UTC+5:30", KICK_OFF - 86_400_000),
        ("15:30 UTC-3:30", KICK_OFF),
        (None, KICK_OFF - 19 * 60 * MINUTE),
    ],
)
def test_the_kick_off_in_utc(file: Path, time: str | None, kick_off: int) -> None:
    assert final(told(file, match(time=time)))["start"] == kick_off


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"date": "soon"}, "soon"),
        ({"time": "noon"}, "noon"),
        ({"score": [1, 0]}, "score"),
        ({"goals1": [goal("late")], "score": {"ht": [0, 0], "ft": [1, 0]}}, "late"),
        ({"team1": None}, "team1"),
    ],
)
def test_a_bad_match_is_named_and_the_others_are_told(
    file: Path, bad: dict[str, Any], why: str
) -> None:
    line = told(file, match(**bad), match(team1="Ghana"))
    [fault] = line.faults
    assert fault.place == "match 1"
    assert why in fault.why
    assert {row.change.topic for row in line.rows} == {"score:WC.GHA-SAF"}


def test_goals_that_contradict_the_half_time_are_told_and_named(file: Path) -> None:
    line = told(file, match(score={"ht": [1, 0], "ft": [2, 0]}, goals1=[goal(31), goal("45+1")]))
    assert [fault.place for fault in line.faults] == ["match 1"]
    assert final(line)["periods"] == {"1H": [2, 0], "2H": [0, 0]}


def test_goals_that_do_not_make_the_final_score_are_left_out_and_named(file: Path) -> None:
    line = told(file, match(score={"ht": [1, 0], "ft": [2, 0]}, goals1=[goal(31)]))
    assert [fault.place for fault in line.faults] == ["match 1"]
    assert all(row.change.event is None for row in line.rows)
    assert final(line)["periods"] == {"1H": [1, 0], "2H": [1, 0]}


def test_the_same_two_meet_again(file: Path) -> None:
    line = told(file, match(), match(date="2026-07-11"))
    announced = [row for row in line.rows if row.change.data is not None]
    assert [(row.at_ms - KICK_OFF) // MINUTE for row in announced] == [-1, 30 * 1440 - 1]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name":"X"}', '{"name":"2026","matches":[]}'])
def test_a_file_of_another_form_is_refused(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(BadInput):
        timeline(file, None, date.min, date.max)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"day": "2025-01-01"}, "date"),
        ({"since": "June"}, "from"),
        ({"until": "2026-6-1"}, "until"),
        ({"league": "W C"}, "league"),
        ({"header": True}, "header"),
        ({"time": "ms"}, "time"),
    ],
)
def test_a_bad_value_is_named(file: Path, settings: dict[str, Any], field: str) -> None:
    told(file, match())
    config = ReplayConfig(name="cup", path=str(file), format="openfootball", **settings)
    with pytest.raises(SettingsError) as raised:
        Replay(config)
    assert f"].{field}: " in str(raised.value)
