from collections.abc import Sequence

import pytest

from feed.errors import BadInput
from feed.model.codec import Json
from feed.sources.match import MINUTE_MS, Fixture, Moment, Script, Team
from feed.sources.recorded.match_timeline import MatchTimeline

FIXTURE = Fixture(league="CUP", home=Team(name="R", abbr="RED"), away=Team(name="B", abbr="BLU"))


def moments(entries: Sequence[str], sport: str = "football") -> list[Moment]:
    script = Script(FIXTURE, 0, "r")
    timeline = MatchTimeline(script, 15 * MINUTE_MS, sport)
    for entry in entries:
        timeline.add(entry)
    timeline.kick_off()
    return script.moments


def told(*entries: str, sport: str = "football") -> list[tuple[Json, ...]]:
    """Minutes since the kick-off, what became of the item, and the event."""
    rows: list[tuple[Json, ...]] = []
    for moment in moments(entries, sport):
        fields, event = moment.fields, moment.event
        words: list[Json] = [fields[name] for name in ("period", "phase") if fields.get(name)]
        sides = [(name, fields.get(name)) for name in ("home", "away")]
        words += [f"{name}={side['score']}" for name, side in sides if isinstance(side, dict)]
        if event is not None:
            words += [f"{event.op} {event.kind} {event.id}", dict(event.data)]
        rows.append((moment.after_ms // MINUTE_MS, *words))
    return rows


def test_a_match() -> None:
    home: dict[str, Json] = {"side": "home", "clock": "12'", "who": "Novak"}
    red: dict[str, Json] = {"side": "away", "clock": "45+2'", "card": "red", "score": [0, 0]}
    assert told(
        "12' goal home Novak", "14' amend Sato", "15' void offside", "45+2' red away", "HT",
        "46' void red", "90+3' goal away Le Goff (penalty)", "FT",
    ) == [
        (0, "1H", "live"),
        (12, "home=1", "add goal r-1", home | {"score": [1, 0]}),
        (14, "amend goal r-1", home | {"who": "Sato", "score": [1, 0]}),
        (15, "home=0", "void goal r-1", {"why": "offside", "score": [0, 0]}),
        (47, "add card r-2", red),
        (47, "HT", "break"),
        (62, "2H", "live"),
        (63, "void card r-2", {"why": "taken back"}),
        (110, "away=1", "add goal r-3", {
            "side": "away", "clock": "90+3'", "penalty": True, "who": "Le Goff", "score": [0, 1],
        }),
        (110, "FT", "post"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "rows"),
    [
        ([], [(0, "1H", "live")]),
        (["HT"], [(0, "1H", "live"), (45, "HT", "break"), (60, "2H", "live")]),
        (["45+4' HT"], [(0, "1H", "live"), (49, "HT", "break"), (64, "2H", "live")]),
        (["postponed rain"], [(0, "postponed")]),
        (["58' abandoned"], []),
        (["8' abandoned fog"], [(0, "1H", "live"), (8, "1H", "abandoned")]),
        (
            ["HT", "58' abandoned"],
            [
                (0, "1H", "live"),
                (45, "HT", "break"),
                (60, "2H", "live"),
                (73, "2H", "abandoned"),
            ],
        ),
    ],
)
def test_how_it_goes(entries: list[str], rows: list[tuple[Json, ...]]) -> None:
    if rows:
        assert told(*entries) == rows
    else:
        with pytest.raises(BadInput):
            told(*entries)


def test_why_it_is_over() -> None:
    assert moments(["postponed heavy rain"])[-1].fields["why"] == "heavy rain"
    assert moments(["8' abandoned fog"])[-1].fields["state"] == "closed"
    assert "why" not in moments(["8' abandoned"])[-1].fields


def test_an_own_goal_is_the_other_sides() -> None:
    event = moments(["3' goal away Okoye (own goal)"])[-1].event
    assert event is not None
    assert event.data["own_goal"] is True
    assert event.data["who"] == "Okoye"
    assert event.data["score"] == [0, 1]


def test_the_last_that_stands_is_corrected() -> None:
    entries = ["1' goal home A", "2' goal away B", "3' yellow home C", "4' void", "5' amend D"]
    events = [moment.event for moment in moments(entries) if moment.event]
    assert [(event.op, event.id) for event in events[3:]] == [("void", "r-2"), ("amend", "r-1")]
    assert events[-1].data["score"] == [1, 0]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["12 goal home"], "expected MINUTE' goal"),
        (["12'"], "expected MINUTE' goal"),
        ([""], "expected MINUTE' goal"),
        (["12' gaol home"], "expected MINUTE' goal"),
        (["goal home"], "expected its time first: 12' goal or 45[+]2' goal"),
        (["12' goal"], "expected home or away after goal"),
        (["12' goal RED"], "expected home or away after goal"),
        (["46' goal home"], "expected HT: 45[+]N' is possible"),
        (["HT", "91' goal home"], "expected FT or ET: 90[+]N' is possible"),
        (["12+2' goal home"], "expected stoppage time of this period: 45[+]2'"),
        (["12' goal home", "11' goal home"], "not before 12'"),
        (["HT", "44' goal home"], "not before 45'"),
        (["12' void"], "expected a goal before it that stands"),
        (["12' goal home", "13' void", "14' void"], "expected a goal before it that stands"),
        (["12' goal home", "13' void red"], "expected a red before it that stands"),
        (["12' goal home", "HT", "46' void"], "of this period"),
        (["12' goal home", "13' amend"], "expected who it was instead"),
        (["FT"], "expected HT at the end of 1H"),
        (["HT", "HT"], "expected FT"),
        (["HT now"], "nothing beside HT"),
        (["HT", "FT", "FT"], "nothing after FT"),
        (["1' goal home", "postponed"], "only entry"),
        (["1' postponed"], "only entry"),
        (["postponed", "1' goal home"], "nothing after postponed"),
        (["7:30 goal home"], "expected a time such as 12' "),
        (["kick home"], "expected kicks after PEN, and without a time"),
        (["HT", "ET", "ETHT", "PEN", "121' kick home"], "expected FT: 120"),
        (["HT", "ET", "ETHT", "PEN", "120' kick home"], "without a time"),
        (["HT", "ET", "ETHT", "PEN", "kick"], "expected home or away after kick"),
        (["HT", "ET", "ETHT", "PEN", "120' goal home"], "expected kick or miss"),
        (["HT", "ET", "ETHT", "PEN", "ET"], "expected FT at the end of PEN"),
        (["HT", "PEN"], "expected FT or ET at the end of 2H"),
    ],
)
def test_what_is_expected_instead(entries: list[str], expected: str) -> None:
    with pytest.raises(BadInput, match=expected):
        moments(entries)


def test_extra_time_and_a_shoot_out() -> None:
    kick: dict[str, Json] = {"side": "home", "who": "Novak", "scored": True}
    miss: dict[str, Json] = {"side": "away", "scored": False, "penalties": [1, 0]}
    rows = told(
        "HT", "90+2' ET", "95' goal away", "105+1' ETHT", "110' goal home", "PEN",
        "kick home Novak", "miss away", "FT",
    )  # fmt: skip
    assert [row[:3] for row in rows[:3]] == [
        (0, "1H", "live"), (45, "HT", "break"), (60, "2H", "live"),
    ]  # fmt: skip
    assert [(row[0], *row[1:3]) for row in rows[3:]] == [
        (107, "FT", "break"),
        (112, "ET1", "live"),
        (117, "away=1", "add goal r-1"),
        (128, "ETHT", "break"),
        (130, "ET2", "live"),
        (135, "home=1", "add goal r-2"),
        (145, "AET", "break"),
        (150, "PEN", "live"),
        (151, "add penalty r-3", kick | {"penalties": [1, 0], "score": [1, 1]}),
        (152, "add penalty r-4", miss | {"score": [1, 1]}),
        (152, "PEN", "post"),
    ]


def test_basketball() -> None:
    rows = told(
        "02:30 score home 3 Novak", "02:40 void stepped on the line", "11:59 score away 2", "END",
        "HT", "END", "END", "05:00 score home 2", "FT",
        sport="basketball",
    )  # fmt: skip
    three: dict[str, Json] = {"side": "home", "clock": "02:30", "points": 3, "who": "Novak"}
    assert rows == [
        (0, "Q1", "live"),
        (2, "home=3", "add score r-1", three | {"score": [3, 0]}),
        (2, "home=0", "void score r-1", {"why": "stepped on the line", "score": [0, 0]}),
        (11, "away=2", "add score r-2", {
            "side": "away", "clock": "11:59", "points": 2, "score": [0, 2],
        }),
        (12, "Q1", "break"),
        (15, "Q2", "live"),
        (27, "HT", "break"),
        (42, "Q3", "live"),
        (54, "Q3", "break"),
        (57, "Q4", "live"),
        (69, "Q4", "break"),
        (72, "OT1", "live"),
        (77, "home=2", "add score r-3", {
            "side": "home", "clock": "05:00", "points": 2, "score": [2, 2],
        }),
        (77, "FT", "post"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["12' score home 2"], "expected a time such as 07:30"),
        (["13:00 score home 2"], "expected END: Q1 is over by then"),
        (["02:00 score home 2", "01:00 score home 2"], "not before 02:00"),
        (["02:00 score home"], "expected 1, 2 or 3 after home or away"),
        (["02:00 score home 4"], "expected 1, 2 or 3 after home or away"),
        (["02:00 goal home"], "expected MM:SS score home"),
        (["score home 2"], "expected its time first: 07:30 score"),
        (["HT"], "expected END at the end of Q1"),
        (["END", "HT", "END", "END", "END", "HT"], "expected FT or END at the end of OT2"),
    ],
)
def test_what_is_expected_instead_in_basketball(entries: list[str], expected: str) -> None:
    with pytest.raises(BadInput, match=expected):
        moments(entries, "basketball")
