import string
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.client.frame import Event
from feed.client.reader import Item
from feed.commands.grid import Line, Span
from feed.commands.table import Board, render
from feed.commands.text import width_of

NOW = 1_790_000_000_000
STATUS = (Span("● ", "live"), Span("live"))

PRICES = {
    "price:BTC-USD": Item(2, NOW - 400, {
        "price": "67285.50", "change": "35.50", "change_pct": "0.05", "bid": "67278.77",
        "ask": "67292.23", "low": "67246.24", "high": "67292.10", "volume": "4032.5",
        "name": "Bitcoin", "state": "live"}),
    "price:SAP.DE": Item(9, NOW - 125_000, {
        "price": "212.33", "change": "-0.30", "change_pct": "-0.14", "bid": "212.31",
        "ask": "212.35", "volume": "1294000", "name": "SAP", "state": "down",
        "why": "the source answers 503"}),
}  # fmt: skip
SCORES = {
    "score:EPL.ARS-CHE": Item(5, NOW - 30_000, {
        "league": "EPL", "start": NOW - 4_000_000, "phase": "live", "period": "2H",
        "clock": {"ms": 4_000_000, "at": NOW - 32_000, "running": True},
        "home": {"name": "Arsenal", "score": 2}, "away": {"name": "Chelsea", "score": 1}}),
    "score:NBA.NYK-CHI": Item(5, NOW - 30_000, {
        "league": "NBA", "start": NOW - 9_000_000, "phase": "post", "state": "closed",
        "home": {"abbr": "NYK", "score": 98}, "away": {"abbr": "CHI", "score": 112}}),
    "score:J1.KOB-URA": Item(1, NOW - 90_000_000, {
        "league": "J1", "start": NOW + 2_400_000, "phase": "pre",
        "home": {"name": "ヴィッセル神戸", "score": 0}, "away": {"name": "浦和", "score": 0}}),
}  # fmt: skip
EVENTS = (
    Event(topic="score:EPL.ARS-CHE", id="g-1", op="add", kind="goal", ts=NOW - 60_000,
          data={"side": "home", "clock": "66:40", "who": "No\x1b[31mvak", "score": [3, 1]}),
    Event(topic="score:EPL.ARS-CHE", id="g-1", op="void", kind="goal", ts=NOW - 30_000,
          data={"why": "offside", "score": [2, 1]}),
)  # fmt: skip


def shown(lines: Sequence[Line]) -> list[str]:
    return ["".join(span.text for span in line).rstrip() for line in lines]


def board(
    items: dict[str, Item] | None = None, events: Sequence[Event] = (), now_ms: int = NOW
) -> Board:
    return Board("http://127.0.0.1:8080  *", items or {}, events, now_ms, STATUS, UTC)


def test_all_at_80_columns() -> None:
    assert shown(render(board(PRICES | SCORES, EVENTS), 80, 18)) == [
        "feed  http://127.0.0.1:8080  *",
        "",
        "TOPIC        PRICE  CHANGE   CHG %        BID        ASK   VOLUME  AGE",
        "BTC-USD  67,285.50  +35.50  +0.05%  67,278.77  67,292.23  4,032.5  now",
        "SAP.DE      212.33   −0.30  −0.14%     212.31     212.35  1.294 M  down 2m: the…",
        "",
        "LEAGUE            HOME            AWAY     PERIOD  CLOCK  AGE",
        "EPL            Arsenal   2 – 1    Chelsea  2H      67:12  30s",
        "J1      ヴィッセル神戸   0 – 0    浦和     soon    14:53  1d",
        "NBA                NYK  98 – 112  CHI      final          closed 30s",
        "",
        "EVENT     ON           WHAT",
        "14:12:50  EPL.ARS-CHE  goal (void)  2–1 · why offside",
        "14:12:20  EPL.ARS-CHE  goal         home · 66:40 · No�[31mvak · 3–1",
        "",
        "",
        "",
        "● live",
    ]


def test_more_columns_where_there_is_room() -> None:
    lines = shown(render(board(PRICES), 140, 6))
    head, bitcoin, sap = lines[2:5]
    assert head.endswith("  BID        ASK        LOW       HIGH   VOLUME  AGE")
    assert bitcoin.endswith("67,278.77  67,292.23  67,246.24  67,292.10  4,032.5  now")
    assert sap == (
        "SAP.DE   SAP         212.33   −0.30  −0.14%     212.31     212.35"
        "                        1.294 M  down 2m: the source answers 503"
    )


def test_the_most_telling_columns_stay() -> None:
    lines = shown(render(board(PRICES), 30, 6))
    assert lines[2:5] == [
        "TOPIC        PRICE  AGE",
        "BTC-USD  67,285.50  now",
        "SAP.DE      212.33  down 2m: …",
    ]


def test_cut_where_nothing_more_can_go() -> None:
    assert shown(render(board(PRICES), 12, 6))[3:5] == ["BTC-U…  67,…", "SAP.DE     …"]


def test_what_does_not_fit_is_counted() -> None:
    lines = shown(render(board(PRICES | SCORES, EVENTS), 80, 12))
    assert lines[0] == "feed  http://127.0.0.1:8080  *"
    assert lines[3] == "… 2 more"
    assert lines[-1] == "● live"
    assert len(lines) == 12


def test_styles() -> None:
    rows = render(board(PRICES), 80, 6)
    assert {span.style: span.text.strip() for span in rows[3] if span.style} == {
        "bold": "67,285.50",
        "up": "+0.05%",
        "dim": "now",
    }
    assert {span.style: span.text for span in rows[4] if span.style} == {
        "down": "−0.14%",
        "warn": "down 2m: the…",
    }


@pytest.mark.parametrize(
    ("fields", "period"),
    [
        ({"phase": "live", "period": "PEN", "penalties": [3, 2]}, "PEN (3–2)"),
        ({"phase": "post", "period": "PEN", "penalties": [4, 2]}, "final (4–2)"),
        ({"phase": "live", "period": "PEN", "penalties": [3]}, "PEN"),
    ],
)
def test_a_shoot_out_stands_beside_the_period(fields: dict[str, Any], period: str) -> None:
    sides = {side: {"abbr": side[:3].upper(), "score": 1} for side in ("home", "away")}
    lines = shown(render(board({"score:CUP.A-B": Item(1, NOW, sides | fields)}), 80, 6))
    assert f"  {period}  " in lines[3]


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        ({"ms": 60_000, "at": NOW - 5000, "running": True}, "1:05"),
        ({"ms": 60_000, "at": NOW - 5000, "running": False}, "1:00"),
        ({"ms": 60_000, "at": NOW + 5000, "running": True}, "1:00"),
        ({"ms": 60_000, "at": NOW - 5000, "running": True, "rate": 60}, "6:00"),
        ({"ms": 60_000, "at": NOW - 5000, "running": True, "rate": "fast"}, "1:05"),
        ({"ms": 60_000, "at": NOW - 5000, "running": True, "rate": 10**30}, "1:05"),
    ],
)
def test_clock_ticks_from_its_anchor(clock: dict[str, Any], text: str) -> None:
    items = {"score:A": Item(1, NOW, {"league": "L", "phase": "live", "clock": clock})}
    assert shown(render(board(items), 80, 5))[3].split() == ["L", "live", text, "now"]


def test_nothing_yet() -> None:
    assert shown(render(board(), 40, 5)) == [
        "feed  http://127.0.0.1:8080  *",
        "",
        "nothing to show yet",
        "",
        "● live",
    ]


_text = st.text(st.sampled_from([*string.printable, "日", "\x9b", "\u202e", "\u0301"]), max_size=9)
_value = st.recursive(
    st.none() | st.booleans() | st.integers() | _text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_text, inner, max_size=2),
    max_leaves=4,
)
_names = st.sampled_from(
    ["price", "change", "volume", "state", "why", "home", "away", "clock", "phase", "start"]
)
_data = st.dictionaries(_names, _value)
_topics = st.sampled_from(["price:A", "price:B", "score:A", "score:B", "odd\x1b:x"])
_events = st.builds(
    Event,
    topic=_topics,
    id=st.just("i"),
    op=st.sampled_from(["add", "amend", "void"]),
    kind=_text,
    ts=st.integers(),
    data=_data,
)


@settings(deadline=None)
@given(
    st.dictionaries(_topics, st.builds(Item, v=st.just(1), ts=st.integers(), data=_data)),
    st.lists(_events, max_size=12),
    st.integers(1, 150),
    st.integers(1, 40),
)
def test_whatever_the_feed_says_it_fits_and_commands_nothing(
    items: dict[str, Item], events: list[Event], width: int, height: int
) -> None:
    lines = shown(render(board(items, events), width, height))
    assert len(lines) <= height
    assert all(width_of(line) <= width for line in lines)
    assert not any(ord(each) < 32 or 127 <= ord(each) < 160 for line in lines for each in line)
