from typing import Any

import pytest

from feed.errors import SettingsError
from feed.model.field import check_fields
from feed.model.topic import parse_topic
from feed.sources.made.match_clock import MatchClock, MatchClockConfig
from feed.sources.match import Fixture, Team
from tests.support.sources import T0, Table
from tests.support.sources_match import (
    BASKETBALL,
    FOOTBALL,
    HOUR_MS,
    matches,
    scores,
    stages,
    watch,
)


async def test_football_goes_through_its_phases_and_begins_anew() -> None:
    table = Table()
    await watch(matches(FOOTBALL), table, T0, T0 + 3 * HOUR_MS, 60_000)
    assert table.changes[0].topic == "score:EPL.ARS-CHE"
    assert table.changes[0].data == {
        "sport": "football",
        "league": "EPL",
        "name": "Arsenal - Chelsea",
        "start": T0 + 300_000,
        "phase": "pre",
        "period": "",
        "clock": {"ms": 0, "at": T0, "running": False},
        "home": {"name": "Arsenal", "abbr": "ARS", "score": 0},
        "away": {"name": "Chelsea", "abbr": "CHE", "score": 0},
        "state": "live",
    }
    assert stages(table.changes)[:7] == [
        ("pre", "", False),
        ("live", "1H", True),
        ("break", "HT", False),
        ("live", "2H", True),
        ("post", "FT", False),
        ("pre", "", False),
        ("live", "1H", True),
    ]


async def test_basketball_goes_through_four_quarters_and_somebody_wins() -> None:
    table = Table()
    source = matches(BASKETBALL)
    await watch(source, table, T0, T0 + 3 * HOUR_MS, 60_000)
    told = [stage for stage in stages(table.changes) if not str(stage[1]).startswith("OT")]
    assert told[:9] == [
        ("pre", "", False),
        ("live", "Q1", True),
        ("break", "Q1", False),
        ("live", "Q2", True),
        ("break", "HT", False),
        ("live", "Q3", True),
        ("break", "Q3", False),
        ("live", "Q4", True),
        ("post", "FT", False),
    ]
    table = Table()
    source = matches(BASKETBALL)
    now_ms = T0
    while table.items.get("score:NBA.BOS-CHI", {}).get("phase") != "post":
        table.apply(await source.poll(now_ms))
        now_ms += 10_000
    item = table.items["score:NBA.BOS-CHI"]
    assert item["state"] == "closed"
    home, away = scores(item)
    assert home != away
    periods = item["periods"]
    assert isinstance(periods, dict)
    assert [sum(side) for side in zip(*periods.values(), strict=True)] == [home, away]


@pytest.mark.parametrize("fixture", [FOOTBALL, BASKETBALL])
async def test_every_event_tells_the_score_that_the_item_has(fixture: Fixture) -> None:
    source = matches(fixture, speed=60)
    table = Table()
    ops = set()
    for now_ms in range(T0, T0 + 2 * HOUR_MS, 10_000):
        for change in await source.poll(now_ms):
            table.apply([change])
            item = table.items[change.topic]
            assert check_fields("score", item, "$") == []
            assert change.ts is not None
            assert change.ts <= now_ms
            if change.event is not None:
                ops.add((change.event.op, change.event.kind))
                assert change.event.data["score"] == scores(item)
                assert change.event.ts == change.ts
    assert ops == (
        {("add", "goal"), ("void", "goal"), ("add", "card")}
        if fixture is FOOTBALL
        else {("add", "score")}
    )


async def test_a_voided_goal_was_there_and_the_score_goes_back() -> None:
    table = Table()
    await watch(matches(FOOTBALL, speed=60), table, T0, T0 + 2 * HOUR_MS, 1000)
    events = [change.event for change in table.changes if change.event is not None]
    added = {event.id: event.data for event in events if event.op == "add"}
    voided = [event for event in events if event.op == "void"]
    assert voided
    for event in voided:
        goal = added[event.id]
        side = ("home", "away").index(str(goal["side"]))
        assert event.data["why"] in ("offside", "handball", "foul in the build-up")
        before, after = goal["score"], event.data["score"]
        assert isinstance(before, list)
        assert isinstance(after, list)
        assert after[side] <= before[side]  # type: ignore[operator]


async def test_ids_of_events_are_never_used_twice() -> None:
    table = Table()
    await watch(matches(FOOTBALL, BASKETBALL, speed=300), table, T0, T0 + HOUR_MS, 5000)
    ids = [
        (change.topic, change.event.id)
        for change in table.changes
        if change.event is not None and change.event.op == "add"
    ]
    assert len(ids) == len(set(ids)) > 1000


async def test_the_clock_is_told_only_when_it_starts_or_stops() -> None:
    table = Table()
    await watch(matches(FOOTBALL, speed=30), table, T0, T0 + HOUR_MS, 1000)
    for change in table.changes:
        fields = change.data or change.patch or {}
        assert ("clock" in fields) == ("phase" in fields)
        if "clock" in fields:
            assert fields["clock"] | {"ms": 0, "running": None} == {  # type: ignore[operator]
                "ms": 0,
                "at": change.ts,
                "running": None,
                "rate": 30,
            }


async def test_the_clock_agrees_with_the_moment_that_it_stops() -> None:
    table = Table()
    await watch(matches(FOOTBALL, speed=30), table, T0, T0 + 200_000, 1000)
    start, stop = (
        change.patch["clock"]  # type: ignore[index]
        for change in table.changes
        if (change.patch or {}).get("period") in ("1H", "HT")
    )
    assert stop["ms"] == start["ms"] + 30 * (stop["at"] - start["at"])  # type: ignore[index,call-overload,operator]


async def test_matches_begin_at_different_stages() -> None:
    fixtures = [
        Fixture(league="L", home=Team(name="A", abbr=f"A{n}"), away=Team(name="B", abbr="B"))
        for n in range(4)
    ]
    table = Table()
    table.apply(await matches(*fixtures, speed=30).poll(T0))
    assert next(item["phase"] for item in table.items.values()) == "pre"
    assert len({str(item["clock"]) for item in table.items.values()}) == 4


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"every_s": 0}, "every_s"),
        ({"speed": 0}, "speed"),
        ({"speed": float("inf")}, "speed"),
        ({"fixtures": ()}, "fixtures"),
        ({"fixtures": (FOOTBALL, FOOTBALL)}, "fixtures"),
        (
            {
                "fixtures": (
                    Fixture(
                        league="L",
                        sport="chess",
                        home=Team(name="A", abbr="A"),
                        away=Team(name="B", abbr="B"),
                    ),
                )
            },
            "fixtures[0].sport",
        ),
        (
            {
                "fixtures": (
                    Fixture(
                        league="L L", home=Team(name="A", abbr="A"), away=Team(name="B", abbr="B")
                    ),
                )
            },
            "fixtures[0]",
        ),
    ],
)
def test_a_bad_value_is_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsError) as raised:
        MatchClock(MatchClockConfig(**({"name": "matches", "fixtures": (FOOTBALL,)} | settings)))
    assert f"].{field}: " in str(raised.value)


def test_topics_are_topics() -> None:
    assert parse_topic(FOOTBALL.topic) == "score:EPL.ARS-CHE"
