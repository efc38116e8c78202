from pathlib import Path
from typing import Any

import pytest

from feed.errors import BadInput, SettingsError
from feed.model.change import Change
from feed.sources.recorded.scenario import Rehearsal, ScenarioConfig, read_scenario
from tests.support.server import ROOT
from tests.support.sources import T0, Table

MATCH = """
[[match]]
league = "CUP"
home = { abbr = "RED", name = "Reds" }
away = { abbr = "BLU", name = "Blues" }
kick_off = "20:00"
"""
EMPTY = "timeline = []\n"
HOUR_MS = 3_600_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rehearsal.toml"


def rehearsal(path: Path, **settings: Any) -> Rehearsal:
    return Rehearsal(ScenarioConfig(name="drill", path=str(path), **settings))


def written(path: Path, text: str, **settings: Any) -> Rehearsal:
    path.write_text(text)
    return rehearsal(path, **settings)


async def play(source: Rehearsal) -> tuple[Table, list[tuple[int, Change]]]:
    """All of it, second by second: the items at the end, and each change after so many seconds."""
    table, told, second = Table(), [], 0
    while not source.ended:
        changes = await source.poll(T0 + second * 1000)
        table.apply(changes)
        told += [(second, change) for change in changes]
        second += 1
    await source.aclose()
    return table, told


async def test_the_example_of_the_documents() -> None:
    source = rehearsal(ROOT / "docs" / "rehearsal.toml", speed=60)
    table, told = await play(source)
    red, green = table.items["score:CUP.RED-BLU"], table.items["score:CUP.GRN-YEL"]
    assert red["home"] == {"name": "Reds", "abbr": "RED", "score": 2}
    assert red["away"] == {"name": "Blues", "abbr": "BLU", "score": 1}
    assert (red["phase"], red["period"], red["state"]) == ("post", "FT", "closed")
    assert red["periods"] == {"1H": [0, 1], "2H": [2, 0]}
    assert (green["phase"], green["why"]) == ("abandoned", "floodlights")
    white, boston = table.items["score:CUP.WHI-BLK"], table.items["score:LGE.BOS-NYK"]
    assert (white["phase"], white["period"], white["penalties"]) == ("post", "PEN", [2, 1])
    assert white["periods"] == {"1H": [0, 0], "2H": [1, 1], "ET1": [0, 0], "ET2": [0, 0]}
    assert (boston["sport"], boston["period"]) == ("basketball", "FT")
    assert boston["periods"] == {"Q1": [2, 2], "Q2": [0, 0], "Q3": [0, 0], "Q4": [3, 0]}
    assert table.items["price:AAPL"] == {
        "name": "Apple", "currency": "USD", "prev_close": "226.80",
        "price": "209.00", "state": "closed",
    }  # fmt: skip
    assert source.ended
    kinds = [(s, c.event.op, c.event.kind) for s, c in told if c.event is not None]
    assert kinds[:5] == [
        (7, "add", "halt"),
        (13, "add", "goal"),
        (15, "void", "goal"),
        (24, "add", "goal"),
        (26, "amend", "goal"),
    ]


async def test_it_happens_now(file: Path) -> None:
    text = 'speed = 2\nprices = ["20:00:10 A 1"]\n' + MATCH + 'timeline = ["10\' goal home"]'
    _, told = await play(written(file, text))
    assert [second for second, _ in told] == [0, 30, 35, 330]
    assert [change.ts for _, change in told] == [T0 + second * 1000 for second, _ in told]
    (announced, begun, _, goal) = (change for _, change in told)
    assert (announced.data or {})["start"] == T0 + 30_000
    clock = (begun.patch or {})["clock"]
    assert clock == {"ms": 0, "at": T0 + 30_000, "running": True, "rate": 2}
    assert goal.event is not None
    assert goal.event.ts == T0 + 330_000


async def test_a_rehearsal_in_a_loop(file: Path) -> None:
    source = written(file, 'prices = ["9:00 A 1", "halt A"]', loop=True)
    ids = [[c.event.id for c in await source.poll(T0) if c.event] for _ in range(2)]
    assert ids[1] == [f"{ids[0][0]}.1"]
    assert not source.ended
    await source.aclose()


def test_another_play_has_other_ids(file: Path) -> None:
    file.write_text('prices = ["9:00 A 1", "halt A"]')
    ids = {read_scenario(file).rows[1].change.event.id for _ in range(2)}  # type: ignore[union-attr]
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("start", "begins"), [("", 20 * HOUR_MS - 60_000), ('start = "19:00"\n', 19 * HOUR_MS)]
)
def test_when_it_starts(file: Path, start: str, begins: int) -> None:
    file.write_text(start + 'prices = ["20:30 A 1"]\n' + MATCH + "timeline = []")
    scenario = read_scenario(file)
    assert scenario.speed == 1
    assert scenario.rows[0].at_ms == begins
    assert [row.at_ms for row in scenario.rows[1:]] == [20 * HOUR_MS, 20.5 * HOUR_MS]


def faults(file: Path, text: str) -> list[str]:
    file.write_text(text)
    with pytest.raises(BadInput) as raised:
        read_scenario(file)
    return str(raised.value).replace(f"{file}: ", "").splitlines()


def test_every_entry_that_is_wrong_is_named(file: Path) -> None:
    text = (
        MATCH
        + """timeline = [
  "12 goal home",
  "HT", "HT",
  "93' goal home",
]
prices_of = 1
"""
    )
    assert faults(file, text) == ["Object contains unknown field `prices_of` - at `$.match[0]`"]
    lines = faults(
        file, 'prices = ["9:00 A 1",\n"9:00 A 1", "halt B"]\n' + text.replace("prices_of = 1", "")
    )
    assert [line.partition(": expected")[0] for line in lines] == [
        'line 2: prices[2]: "halt B"',
        'line 10: match[0].timeline[0]: "12 goal home"',
        'line 11: match[0].timeline[2]: "HT"',
        'line 12: match[0].timeline[3]: "93\' goal home"',
    ]
    assert lines[2].endswith("expected FT or ET at the end of 2H")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'expected a [[match]], or prices = ["09:30 BTC-USD 100"]'),
        ("prices", "Expected '=' after a key in a key/value pair (at end of document)"),
        ("\udcff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        ("speed = 0", "speed: expected more than 0 and at most 1000000"),
        ('speed = "fast"', "Expected `float`, got `str` - at `$.speed`"),
        ("tickers = [{}]", 'tickers[0]: expected topic = "BTC-USD"'),
        ('tickers = [{topic="score:A"}]', "tickers[0].topic: expected the topic of a price"),
        ('tickers = [{topic="A",open="x"}]', 'tickers[0].open: expected a decimal'),
        (MATCH.replace("20:00", "8 pm") + EMPTY, "match[0].kick_off: expected a time"),
        (MATCH.replace("CUP", "C U P") + EMPTY, "match[0]: expected a league and abbrs of 1"),
        (MATCH + EMPTY + "break_min = 90", "match[0].break_min: expected 0 to 60"),
        (2 * (MATCH + EMPTY), "match[1]: expected one match of score:CUP.RED-BLU"),
        (MATCH + "timeline = [1]", "Expected `str`, got `int` - at `$.match[0].timeline[0]`"),
        (MATCH, "Object missing required field `timeline` - at `$.match[0]`"),
        ('start = "21:00"\n' + MATCH + EMPTY, "start: expected a time that is not after"),
    ],
)  # fmt: skip
def test_what_is_expected_is_said(file: Path, text: str, message: str) -> None:
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BadInput) as raised:
        read_scenario(file)
    assert str(raised.value).startswith(f"{file}: {message}")


def test_a_number_of_a_ticker_keeps_its_digits(file: Path) -> None:
    file.write_text('tickers = [{topic="A", open=1.10}]\nprices = ["9:00 A 1"]')
    assert (read_scenario(file).rows[0].change.data or {})["open"] == "1.10"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"speed": 0}, "speed: expected more than 0"),
        ({"every_s": 0}, "every_s: "),
        ({"path": "nowhere.toml"}, "path: .*No such file"),
        ({}, "path: .*line 1: prices.0.: .*and 1 more"),
    ],
)
def test_a_bad_setting_is_one_line(file: Path, settings: dict[str, Any], message: str) -> None:
    file.write_text('prices = ["A 1", "B 1"]')
    with pytest.raises(SettingsError, match=rf"^\[source\.drill\]\.{message}") as raised:
        rehearsal(**({"path": file} | settings))
    assert "\n" not in str(raised.value)
