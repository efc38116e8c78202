"""The sample files of openfootball, match by match."""

import json
from datetime import date
from typing import Any

import pytest

from feed.model.field import check_fields
from feed.model.topic import parse_topic
from feed.sources.recorded.openfootball import timeline
from feed.sources.recorded.replay import Replay, ReplayConfig
from tests.support.sources import T0, Table, shared_data


def world_cup(**settings: Any) -> Replay:
    path = shared_data("sports", "openfootball_worldcup_2026.json")
    return Replay(
        ReplayConfig(name="cup", path=str(path), format="openfootball", speed=0, **settings)
    )


async def everything(source: Replay) -> Table:
    table = Table()
    while not source.ended:
        table.apply(await source.poll(T0))
    return table


def listed(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The matches of a sample file by the names of their teams."""
    document = json.loads(shared_data("sports", name).read_text())
    return {(match["team1"], match["team2"]): match for match in document["matches"]}


@pytest.mark.parametrize(
    "name", ["openfootball_worldcup_2026.json", "openfootball_premier_league_2024-25.json"]
)
async def test_every_match_of_a_real_file_ends_as_it_did(name: str) -> None:
    path = shared_data("sports", name)
    table = Table()
    half_time: dict[str, list[Any]] = {}
    goals: dict[str, int] = {}
    line = timeline(path, None, date.min, date.max)
    for row in line.rows:
        change = row.change
        table.apply([change])
        item: Any = table.items[change.topic]
        score = [item["home"]["score"], item["away"]["score"]]
        if change.event is not None:
            goals[change.topic] = goals.get(change.topic, 0) + 1
            assert change.event.data["score"] == score
        if item["period"] == "HT":
            half_time[change.topic] = score
    matches = listed(name)
    assert len(table.items) == len(matches)
    contradicting = 0
    for topic, item in table.items.items():
        assert parse_topic(topic) == topic
        assert check_fields("score", item, "$") == []
        told: Any = item
        match = matches[told["home"]["name"], told["away"]["name"]]
        assert [told["home"]["score"], told["away"]["score"]] == match["score"].get(
            "et", match["score"]["ft"]
        )
        assert (told["phase"], told["state"]) == ("post", "closed")
        assert told.get("penalties") == match["score"].get("p")
        assert goals.get(topic, 0) == len(match.get("goals1", [])) + len(match.get("goals2", []))
        contradicting += half_time[topic] != match["score"].get("ht", [0, 0])
    assert contradicting == len(line.faults) == (1 if "worldcup" in name else 0)


async def test_one_day_of_the_world_cup() -> None:
    table = await everything(world_cup(day="2026-06-11"))
    assert set(table.items) == {"score:WC.MEX-SAF", "score:WC.SKO-CRE"}
    assert [change.data is not None for change in table.changes[:3]] == [True, True, False]


async def test_some_days_of_the_world_cup_under_another_name() -> None:
    table = await everything(world_cup(since="2026-07-14", until="2026-07-15", league="CUP"))
    assert all(topic.startswith("score:CUP.") for topic in table.items)
    assert len(table.items) == 2
