from collections.abc import Sequence

import pytest

from feed.errors import BadInput
from feed.model.codec import Json
from feed.sources.match import MINUTE_MS, Fixture, Moment, Script, Team
from feed.sources.recorded.match_timeline import MatchTimeline

FIXTURE = Fixture(league="CUP", home=Team(name="R", abbr="RED"), away=Team(name="B", abbr="BLU"))


def moments(entries: Sequence[str]) -> list[Moment]:
    script = Script(FIXTURE, 0, "r")
    timeline = MatchTimeline(script, 15 * MINUTE_MS)
    for entry in entries:
        timeline.add(entry)
    timeline.kick_off()
    return script.moments


def told(*entries: str) -> list[tuple[Json, ...]]:
    """Minutes since the kick-off, what became of the item, and the event."""
    rows: list[tuple[Json, ...]] = []
    for moment in moments(entries):
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
        (["goal home"], "expected its minute first: 12' goal or 45[+]2' goal"),
        (["12' goal"], "expected home or away after goal"),
        (["12' goal RED"], "expected home or away after goal"),
        (["46' goal home"], "expected HT: 45[+]N' is possible"),
        (["HT", "91' goal home"], "expected FT: 90[+]N' is possible"),
        (["12+2' goal home"], "expected stoppage time of this half: 45[+]2'"),
        (["12' goal home", "11' goal home"], "not before 12'"),
        (["HT", "44' goal home"], "not before 45'"),
        (["12' void"], "expected a goal before it that stands"),
        (["12' goal home", "13' void", "14' void"], "expected a goal before it that stands"),
        (["12' goal home", "13' void red"], "expected a red before it that stands"),
        (["12' goal home", "HT", "46' void"], "of this half"),
        (["12' goal home", "13' amend"], "expected who it was instead"),
        (["FT"], "expected HT before FT"),
        (["HT", "HT"], "expected FT"),
        (["HT now"], "nothing beside HT"),
        (["HT", "FT", "FT"], "nothing after FT"),
        (["1' goal home", "postponed"], "only entry"),
        (["1' postponed"], "only entry"),
        (["postponed", "1' goal home"], "nothing after postponed"),
    ],
)
def test_what_is_expected_instead(entries: list[str], expected: str) -> None:
    with pytest.raises(BadInput, match=expected):
        moments(entries)
