import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import SettingsError
from feed.model.change import Change
from feed.model.codec import Json
from feed.sources.recorded.replay import Replay, ReplayConfig
from tests.support.sources import T0, shared_data

CSV: dict[str, Any] = {
    "format": "csv",
    "topic": "BTC-USD",
    "columns": ("ms", "price"),
    "time": "ms",
    "fields": {"price": "price"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def trades(folder: Path, *at_ms: int) -> str:
    """A file with a trade at each of these moments, at the prices 1, 2, 3."""
    path = folder / "trades.csv"
    path.write_text("".join(f"{ms},{n}\n" for n, ms in enumerate(at_ms, start=1)))
    return str(path)


def replay(path: str, **settings: Any) -> Replay:
    return Replay(ReplayConfig(**({"name": "tape", "path": path} | CSV | settings)))


async def prices(source: Replay, after_ms: int) -> list[Json]:
    return [(change.patch or {})["price"] for change in await source.poll(T0 + after_ms)]


async def test_rows_come_at_the_pace_that_they_had(folder: Path) -> None:
    source = replay(trades(folder, 60_000, 60_400, 61_000, 61_000, 63_000), every_s=1)
    assert await prices(source, 0) == ["1"]
    assert await prices(source, 399) == []
    assert await prices(source, 400) == ["2"]
    assert await prices(source, 1000) == ["3", "4"]
    assert await prices(source, 2999) == []
    ended = source.ended
    assert not ended
    assert await prices(source, 3000) == ["5"]
    ended = source.ended
    assert ended
    assert await prices(source, 4000) == []
    await source.aclose()


async def test_ten_times_faster(folder: Path) -> None:
    source = replay(trades(folder, 0, 1000, 10_000), speed=10, every_s=1)
    assert await prices(source, 0) == ["1"]
    assert await prices(source, 100) == ["2"]
    assert await prices(source, 999) == []
    assert await prices(source, 1000) == ["3"]


async def test_as_fast_as_possible_is_a_thousand_a_poll(folder: Path) -> None:
    source = replay(trades(folder, *range(0, 2_500_000, 1000)), speed=0)
    told = [await prices(source, 0) for _ in range(3)]
    assert [len(batch) for batch in told] == [1000, 1000, 500]
    assert [price for batch in told for price in batch] == [str(n) for n in range(1, 2501)]
    assert source.ended


def test_as_fast_as_possible_is_asked_often(folder: Path) -> None:
    path = trades(folder, 0)
    assert replay(path, speed=0).every_s == 0.01
    assert replay(path, speed=0, every_s=0.001).every_s == 0.001
    assert replay(path, speed=1000).every_s == 0.5


async def test_a_row_keeps_its_own_time(folder: Path) -> None:
    source = replay(trades(folder, 4000), day="2016-10-07")
    assert await source.poll(T0) == [
        Change(
            topic="price:BTC-USD",
            patch={"state": "live", "price": "1"},
            ts=1_475_798_404_000,
            recorded=True,
        )
    ]


async def test_a_pause_is_not_hurried_after(folder: Path) -> None:
    source = replay(trades(folder, *range(0, 100_000, 1000)), every_s=1)
    assert await prices(source, 0) == ["1"]
    assert await prices(source, 60_000) == ["2"]
    assert await prices(source, 61_000) == ["3"]


@given(
    gaps=st.lists(st.integers(0, 3000), min_size=1, max_size=40),
    steps=st.lists(st.integers(0, 4000), max_size=30),
    speed=st.sampled_from([0.5, 1, 3, 120]),
)
async def test_none_is_left_out_and_none_comes_twice(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], steps: list[int], speed: float
) -> None:
    at_ms = [sum(gaps[:n]) for n in range(len(gaps))]
    path = trades(tmp_path_factory.mktemp("tape"), *at_ms)
    source = replay(path, speed=speed, every_s=1)
    now_ms = 0
    told = await prices(source, 0)
    for step_ms in steps:
        now_ms += step_ms
        told += await prices(source, now_ms)
        assert len(told) == sum(ms <= now_ms * speed for ms in at_ms)
    assert told == [str(n) for n in range(1, len(told) + 1)]
    await source.aclose()


async def test_a_loop_begins_again_with_other_ids(folder: Path) -> None:
    path = folder / "day.jsonl"
    lines = [
        {"topic": "score:A", "event": {"kind": "goal", "id": "g-1"}, "at": 1000},
        {"topic": "score:A", "event": {"kind": "goal"}, "at": 1001},
        {"topic": "score:A", "event": {"op": "void", "id": "g-1"}, "at": 1002},
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    config = ReplayConfig(name="tape", path=str(path), format="jsonl", speed=0, loop=True)

    async def ids(source: Replay) -> list[str | None]:
        return [change.event.id for change in await source.poll(T0) if change.event is not None]

    source = Replay(config)
    assert await ids(source) == ["g-1", "day-2", "g-1"]
    assert await ids(source) == ["g-1.1", "day-2.1", "g-1.1"]
    assert await ids(source) == ["g-1.2", "day-2.2", "g-1.2"]
    assert not source.ended
    await source.aclose()
    again = Replay(config)
    assert await ids(again) == ["g-1", "day-2", "g-1"]
    await again.aclose()


async def test_bad_rows_are_one_warning_a_poll(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder / "trades.csv"
    path.write_text("1,1\n2,much\n3\n" + "x,1\n" * 7 + "4,4\n")
    source = replay(str(path), speed=0)
    with caplog.at_level(logging.WARNING):
        assert await prices(source, 0) == ["1", "4"]
    [message] = caplog.messages
    assert message.startswith(f"source tape: {path}: line 2: ")
    assert "line 3: " in message
    assert message.endswith("; and 4 more")
    assert source.bad_rows == 9
    assert source.ended


async def test_a_loop_of_nothing_ends(folder: Path) -> None:
    path = folder / "trades.csv"
    path.write_text("x,y\n")
    source = replay(str(path), loop=True, speed=0)
    assert await prices(source, 0) == []
    assert source.ended


@pytest.mark.parametrize(
    ("speed", "clock"), [(1, {"at": T0 - 400}), (2, {"at": T0 - 200, "rate": 2}), (0, {"at": T0})]
)
async def test_a_clock_ticks_from_now_on(
    folder: Path, speed: float, clock: dict[str, Json]
) -> None:
    path = folder / "day.jsonl"
    anchor = {"ms": 7, "at": 1600, "running": True}
    path.write_text(json.dumps({"topic": "score:A", "set": {"clock": anchor}, "at": 2000}))
    source = Replay(ReplayConfig(name="tape", path=str(path), format="jsonl", speed=speed))
    [change] = await source.poll(T0)
    assert change.patch == {"clock": {"ms": 7, "running": True} | clock}
    assert change.ts == 2000


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"path": "nowhere.csv"}, "path"),
        ({"every_s": 0}, "every_s"),
        ({"speed": -1}, "speed"),
        ({"topic": None}, "topic"),
        ({"topic": "b b"}, "topic"),
        ({"time": None}, "time"),
        ({"time": "when"}, "time"),
        ({"fields": {}}, "fields"),
        ({"fields": {"close": "price"}}, "fields"),
        ({"columns": None}, "columns"),
        ({"header": True}, "columns"),
        ({"header": True, "columns": None}, "time"),
        ({"day": "07.10.2016"}, "date"),
        ({"day": "2016-10-07", "unit": "iso"}, "date"),
        ({"league": "WC"}, "league"),
        ({"since": "soon"}, "from"),
        ({"until": "soon"}, "until"),
        ({"topics": {"price": "A"}}, "topics"),
        ({"topics": {"price": "score:A"}, "topic": None, "fields": None}, "topics"),
        ({"topics": {"open": "A"}, "topic": None, "fields": None}, "topics"),
        ({"format": "openfootball", "missing": "N/A"}, "topic"),
        ({"format": "jsonl"}, "topic"),
        ({"format": "openfootball"}, "topic"),
    ],
)
def test_a_bad_value_is_named(folder: Path, settings: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsError) as raised:
        replay(**({"path": trades(folder, 1)} | settings))
    assert f"[source.tape].{field}: " in str(raised.value)


def test_what_is_of_another_format_is_named(folder: Path) -> None:
    path = trades(folder, 1)
    for only in ({"missing": "-"}, {"newest_first": True}, {"until": "2026-06-11"}):
        with pytest.raises(SettingsError, match=f"{next(iter(only))}: means nothing for jsonl"):
            Replay(ReplayConfig(name="tape", path=path, format="jsonl", **only))


async def test_how_long_there_is_nothing_to_tell(folder: Path) -> None:
    source = replay(trades(folder, 0, 10_000), speed=2)
    assert await prices(source, 0) == ["1"]
    assert source.next_s == 5
    assert await prices(source, 1000) == []
    assert source.next_s == 4
    await source.aclose()


async def test_the_seconds_of_a_real_day() -> None:
    path = shared_data("market", "coinbase_btcusd_20161007_second_trade.csv")
    source = replay(
        str(path), speed=0, day="2016-10-07",
        columns=("ms", "open", "high", "low", "close", "volume"),
        fields={"close": "price", "volume": "size"},
    )  # fmt: skip
    changes: list[Change] = []
    while not source.ended:
        changes += await source.poll(T0)
    assert source.bad_rows == 0
    assert len(changes) == 4063
    assert changes[0].patch == {"state": "live", "price": "611.87", "size": "0.60046"}
    assert changes[0].ts == 1_475_798_404_000
    assert changes[-1].patch == {"state": "live", "price": "617.98", "size": "0.2"}
    assert changes[-1].ts == 1_475_798_400_000 + 86_398_000
