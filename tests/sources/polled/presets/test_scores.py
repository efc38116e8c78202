"""Scores of ESPN, TheSportsDB and football-data, from their samples."""

from typing import Any

import pytest
from aiohttp import web

from feed.errors import SettingsError
from feed.model.field import check_fields
from feed.sources.base import PartlyFailed, Source, SourceFailed
from tests.support.sources import T0
from tests.support.sources_presets import Presets, items, sample

NBA = "/apis/site/v2/sports/basketball/nba/scoreboard"
SOCCER = "/apis/site/v2/sports/soccer/eng.1/scoreboard"
SPORTSDB = "/api/v1/json/123/eventsday.php?d=2026-09-21&l=4481"
FOOTBALL_DATA = "/v4/matches?competitions=PL&dateFrom=2026-09-20&dateTo=2026-09-22"
TOKEN = "a-token-of-nobody"

Told = tuple[str, str, str, int | None, int | None]


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTBALL_DATA_TOKEN", TOKEN)


def told(found: dict[str, Any]) -> dict[str, Told]:
    """Phase, period, state and both scores by topic; everything is as the feed allows it."""
    for fields in found.values():
        assert check_fields("score", fields, "$") == []
    return {
        topic: (
            fields["phase"],
            fields["period"],
            fields["state"],
            fields["home"]["score"],
            fields["away"]["score"],
        )
        for topic, fields in found.items()
    }


async def test_espn_tells_each_phase(presets: Presets) -> None:
    presets.upstream.answers[NBA] = sample("espn_nba")
    found = items([*await presets.open("espn", league="nba").poll(T0)])
    assert told(found) == {
        "score:NBA.MIA-UTAH": ("post", "FT", "closed", 120, 118),
        "score:NBA.HOU-MEM": ("postponed", "", "closed", 0, 0),
        "score:NBA.ORL-DEN": ("break", "HT", "live", 55, 49),
        "score:NBA.BOS-LAL": ("live", "Q3", "live", 58, 61),
        "score:NBA.NY-CHI": ("pre", "", "live", None, None),
    }
    match = found["score:NBA.BOS-LAL"]
    assert match["clock"] == {"ms": 258_000, "at": T0, "running": False}  # 12:00 less 7:42
    assert (match["sport"], match["league"]) == ("basketball", "NBA")
    assert match["name"] == "Boston Celtics - Los Angeles Lakers"
    assert match["start"] == 1_795_393_800_000
    assert match["home"] == {"name": "Boston Celtics", "abbr": "BOS", "score": 58}


async def test_a_league_of_students_has_a_short_word(presets: Presets) -> None:
    path = NBA.replace("nba", "mens-college-basketball")
    presets.upstream.answers[path] = sample("espn_nba")
    source = presets.open("espn", league="mens-college-basketball")
    found = items([*await source.poll(T0)])
    assert {topic.partition(".")[0] for topic in found} == {"score:NCAAM"}
    assert found["score:NCAAM.BOS-LAL"]["period"] == "OT1"  # a third of two halves
    assert found["score:NCAAM.BOS-LAL"]["clock"]["ms"] == 0  # nor does 7:42 fit into it


async def test_espn_tells_goals_and_cards_of_soccer_and_takes_them_back(presets: Presets) -> None:
    presets.upstream.answers[SOCCER] = sample("espn_soccer")
    source = presets.open("espn", league="eng.1", label="EPL")
    item, *events = await source.poll(T0)
    assert item.topic == "score:EPL.ARS-CHE"
    assert item.patch is not None
    assert item.patch["clock"] == {"ms": 4_020_000, "at": T0, "running": True}
    assert item.patch["period"] == "2H"
    assert [
        (change.event.id, change.event.op, change.event.kind, change.event.data)
        for change in events
        if change.event
    ] == [
        ("704100-home-goal-1", "add", "goal", {"clock": "12'", "who": "A. Holm", "side": "home"}),
        (
            "704100-away-card-1", "add", "card",
            {"clock": "25'", "who": "B. Lund", "card": "yellow", "side": "away"},
        ),
        (
            "704100-away-goal-1", "add", "goal",
            {"clock": "45'+2'", "who": "B. Lund", "penalty": True, "side": "away"},
        ),
        ("704100-home-goal-2", "add", "goal", {"clock": "60'", "who": "C. Sato", "side": "home"}),
    ]  # fmt: skip
    kept, _, _ = sample("espn_soccer").rpartition(b",\n   {")  # without the last goal
    corrected = kept.replace(b"B. Lund", b"D. Ivic", 1).replace(b'"score":"2"', b'"score":"1"')
    presets.upstream.answers[SOCCER] = corrected + b"]}]}]}"
    later = [change for change in await source.poll(T0 + 15_000) if change.event]
    assert [(c.event.id, c.event.op, c.event.data.get("why")) for c in later if c.event] == [
        ("704100-away-card-1", "amend", None),
        ("704100-home-goal-2", "void", "no longer in the source's list"),
    ]


async def test_a_clock_is_told_anew_where_it_is_off(presets: Presets) -> None:
    source = presets.open("espn", league="eng.1")
    clocks = []
    for minute, after_s in ((67, 0), (68, 75), (69, 100), (74, 130), (74, 145)):
        answer = sample("espn_soccer").replace(b"67'", f"{minute}'".encode())
        presets.upstream.answers[SOCCER] = answer + b" " * after_s
        [item, *_] = await source.poll(T0 + after_s * 1000)
        assert item.patch is not None
        clocks.append(item.patch["clock"])
    first = {"ms": 4_020_000, "at": T0, "running": True}
    second = {"ms": 4_440_000, "at": T0 + 130_000, "running": True}
    assert clocks == [first, first, first, second, second]


async def test_the_second_match_of_two_teams_on_a_day_has_a_topic_of_its_own(
    presets: Presets,
) -> None:
    answer = sample("espn_soccer")
    event = answer[answer.index(b'{"id":"704100"') : answer.rindex(b"]}")]
    again = event.replace(b"704100", b"704101").replace(b"T16:30Z", b"T20:30Z")
    presets.upstream.answers[SOCCER] = b'{"events":[' + again + b"," + event + b"]}"
    found = items([*await presets.open("espn", league="eng.1").poll(T0)])
    assert {topic: fields["start"] for topic, fields in found.items()} == {
        "score:ENG.1.ARS-CHE": 1_795_365_000_000,
        "score:ENG.1.ARS-CHE.704101": 1_795_379_400_000,
    }


async def test_thesportsdb_tells_each_phase(presets: Presets) -> None:
    presets.upstream.answers[SPORTSDB] = sample("thesportsdb")
    found = items([*await presets.open("thesportsdb", league="4481", label="UEL").poll(T0)])
    assert told(found) == {
        "score:UEL.Roma-AthleticClub": ("post", "FT", "closed", 2, 1),
        "score:UEL.ManchesterUnited-ManchesterCity": ("live", "1H", "live", 0, 0),
        "score:UEL.RealSociedad-Ajax": ("pre", "", "live", None, None),
        "score:UEL.Porto-Braga": ("postponed", "", "closed", None, None),
    }
    match = found["score:UEL.ManchesterUnited-ManchesterCity"]
    assert match["clock"] == {"ms": 2_280_000, "at": T0, "running": True}
    assert (match["home"]["abbr"], match["away"]["abbr"]) == ("MUN", "MCI")
    assert match["start"] == 1_789_997_400_000


async def test_thesportsdb_is_asked_for_yesterday_until_its_matches_are_over(
    presets: Presets,
) -> None:
    source = presets.open("thesportsdb", league="4481")
    urls = [f"/api/v1/json/123/eventsday.php?d=2026-09-{day}&l=4481" for day in (21, 22)]
    presets.upstream.answers = dict.fromkeys(urls, sample("thesportsdb_none"))
    midnight = 1_790_035_200_000
    for now_ms in (midnight - 1, midnight, midnight + 6 * 3_600_000):
        await source.poll(now_ms)
    asked = [request.query["d"][-2:] for request in presets.upstream.requests]
    assert asked == ["21", "22", "22"]  # at midnight, the 21st is not due again: nothing goes on


@pytest.mark.usefixtures("token")
async def test_football_data_tells_each_phase(presets: Presets) -> None:
    presets.upstream.answers[FOOTBALL_DATA] = sample("football_data")
    found = items([*await presets.open("football-data", league="PL").poll(T0)])
    assert told(found) == {
        "score:PL.AVL-EVE": ("post", "PEN", "closed", 3, 3),
        "score:PL.ARS-CHE": ("live", "2H", "live", 2, 0),
        "score:PL.LIV-MCI": ("break", "HT", "live", 1, 1),
        "score:PL.FUL-UON": ("postponed", "", "closed", None, None),
        "score:PL.TOT-NEW": ("pre", "", "live", None, None),
    }
    assert found["score:PL.AVL-EVE"]["penalties"] == [4, 2]
    assert found["score:PL.ARS-CHE"]["clock"] == {"ms": 4_020_000, "at": T0, "running": True}
    assert found["score:PL.ARS-CHE"]["home"]["name"] == "Arsenal"
    [request] = presets.upstream.requests
    assert request.headers["X-Auth-Token"] == TOKEN


async def test_a_key_that_is_not_there_is_named(
    presets: Presets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FOOTBALL_DATA_TOKEN", raising=False)
    with pytest.raises(SettingsError, match="FOOTBALL_DATA_TOKEN is not in the environment"):
        presets.open("football-data", league="PL")
    monkeypatch.setenv("MINE", "secret\r\nX-Evil: 1")
    with pytest.raises(SettingsError, match="MINE holds no key") as raised:
        presets.open("football-data", league="PL", token_env="MINE")
    assert "secret" not in str(raised.value)


async def test_no_failure_tells_the_key(presets: Presets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", TOKEN)
    source = presets.open("thesportsdb", league="4481", token_env="MINE")
    path = SPORTSDB.replace("123", TOKEN)
    bad_header = web.Response(
        body=b"{}", headers={"Content-Encoding": "gzip", "X-Long": "x" * 9000}
    )
    for answer in (bad_header, web.Response(status=500), b"<html>", b"{}"):
        presets.upstream.answers[path] = answer
        source_failed = await _failure(source)
        assert source_failed.startswith(("127.0.0.1 ", "TheSportsDB "))
        assert TOKEN not in source_failed
        assert "url" not in source_failed


async def _failure(source: Source) -> str:
    with pytest.raises(SourceFailed) as raised:
        await source.poll(T0)
    return str(raised.value)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        (b'"score":"58"', b'"score":"5x"', "match 401810101: score: '5x' is no count"),
        (b'"score":"58"', b'"score":-1', "match 401810101: score: -1 is no count"),
        (b'"score":"58"', b'"score":58.5', "match 401810101: score: Decimal('58.5') is no count"),
        (b'"score":"58"', b'"score":true', "match 401810101: score: True is no count"),
        (b'"id":"401810101","uid"', b'"id":7,"uid"', "match [0]: no id or no date"),
        (b'"period":3', b'"period":"three"', "match 401810101: period: 'three' is no count"),
        (b'2026-11-23T00:30Z","name', b'soon","name', "match 401810101: expected a time"),
        (b'"Boston Celtics","short', b'"","short', "match 401810101: a team without a name"),
        (b'"state":"in"', b'"state":"mid"', "match 401810101: 'mid' is no state of a match"),
        (b'"homeAway":"home"', b'"homeAway":"both"', "match 401810101: expected an object"),
    ],
)
async def test_one_bad_match_is_named_and_the_others_are_told(
    presets: Presets, before: bytes, after: bytes, fault: str
) -> None:
    answer = sample("espn_nba")
    assert before in answer
    presets.upstream.answers[NBA] = answer.replace(before, after, 1)
    with pytest.raises(PartlyFailed) as raised:
        await presets.open("espn", league="nba").poll(T0)
    assert fault in str(raised.value)
    assert raised.value.faults == 1
    assert len(items([*raised.value.changes])) == 4


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"null", b'{"events":7}', b'{"matches":{}}'])
@pytest.mark.parametrize(
    ("kind", "league", "path"),
    [("espn", "nba", NBA), ("football-data", "PL", FOOTBALL_DATA)],
)
@pytest.mark.usefixtures("token")
async def test_an_answer_of_another_shape_fails(
    presets: Presets, kind: str, league: str, path: str, answer: bytes
) -> None:
    presets.upstream.answers[path] = answer
    with pytest.raises(SourceFailed):
        await presets.open(kind, league=league).poll(T0)


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        ("espn", {"league": "unknown"}, "league"),
        ("espn", {"league": "soccer/../eng.1"}, "league"),
        ("espn", {"league": ""}, "league"),
        ("espn", {"league": "nba", "label": "N B A"}, "label"),
        ("thesportsdb", {"league": "EPL"}, "league"),
        ("thesportsdb", {"league": "4328", "token_env": "FEED_KEY"}, "token_env"),
        ("football-data", {"league": "pl"}, "league"),
        ("football-data", {"league": "PL", "base_url": "x"}, "base_url"),
    ],
)
@pytest.mark.usefixtures("token")
async def test_a_bad_value_is_named(
    presets: Presets, kind: str, settings: dict[str, Any], field: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        presets.open(kind, **settings)
    assert f"[source.{kind}].{field}: " in str(raised.value)
