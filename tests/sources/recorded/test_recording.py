import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from feed.errors import BadInput
from feed.model.change import Change, EventChange
from feed.sources.recorded.recording import Played, files_of, read_jsonl
from feed.sources.recorded.rows import BadRow, Row
from tests.support.recordings import as_lines

BEGIN = {"at": 1000, "snapshot": "begin", "topics": ["*"]}
CONTINUED = {"at": 5000, "snapshot": "continued", "topics": ["*"]}
RESET = {"at": 6000, "reset": "expired", "topics": ["*"]}


@pytest.fixture
def jsonl_file(tmp_path: Path) -> Path:
    return tmp_path / "day.jsonl"


def item(at: int, topic: str, v: int, **fields: Any) -> dict[str, Any]:
    return {"at": at, "topic": topic, "v": v, "ts": at - 7, **fields}


def last(line: Mapping[str, Any]) -> dict[str, Any]:
    """The line that says a place."""
    return {**line, "cursor": "e-1"}


def played(path: Path, *lines: Mapping[str, Any]) -> list[Change]:
    path.write_bytes(as_lines(*lines))
    rows = list(read_jsonl([path], Played()))
    assert all(isinstance(row, Row) and row.is_exact for row in rows)
    return [row.change for row in rows if isinstance(row, Row)]


def change(at: int, topic: str, **fields: Any) -> Change:
    return Change(topic=topic, ts=at, recorded=True, **fields)


def test_a_line_of_json_is_what_the_admin_could_inject(jsonl_file: Path) -> None:
    jsonl_file.write_text(
        '{"topic":"BTC-USD","set":{"price":70000.00,"x":1.50},"ts":1000}\n'
        '{"topic":"score:A","data":{"period":"1H"},"at":2000,"ts":1900,"why":"desk"}\n'
        "\n"
        '{"topic":"score:A","event":{"kind":"goal"},"at":"1970-01-01T00:00:03Z"}\n'
        '{"topic":"score:A","event":{"kind":"goal","id":"g","op":"void","ts":4000}}\n'
        '{"topic":"score:A","gone":true,"ts":5000}\n'
    )
    rows = [row for row in read_jsonl([jsonl_file], Played()) if isinstance(row, Row)]
    assert [row.change for row in rows] == [
        Change(
            topic="price:BTC-USD",
            patch={"price": "70000.00", "x": Decimal("1.50")},
            ts=1000,
            recorded=True,
        ),
        Change(topic="score:A", data={"period": "1H"}, ts=1900, recorded=True),
        Change(
            topic="score:A",
            event=EventChange(kind="goal", id="day-4", ts=3000),
            ts=3000,
            recorded=True,
        ),
        Change(
            topic="score:A",
            event=EventChange(op="void", kind="goal", id="g", ts=4000),
            ts=4000,
            recorded=True,
        ),
        Change(topic="score:A", gone=True, ts=5000, recorded=True),
    ]
    assert [row.at_ms for row in rows] == [1000, 2000, 3000, 4000, 5000]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "[]",
        '{"set":{"price":"1"},"ts":1}',
        '{"topic":"b b","set":{"price":"1"},"ts":1}',
        '{"topic":"A","set":{"price":"1"}}',
        '{"topic":"A","set":{"price":"much"},"ts":1}',
        '{"topic":"A","set":{"price":"1"},"data":{},"ts":1}',
        '{"topic":"A","set":{"price":"1"},"gone":true,"ts":1}',
        '{"topic":"A","ts":1}',
        '{"topic":"A","set":{"price":"1"},"ts":1,"w":7}',
        '{"at":1,"cursor":"e-1"}',
        '{"topic":"A","set":{"price":"1"},"at":"soon"}',
        '{"topic":"A","set":{"price":"1"},"ts":-1}',
        '{"topic":"A","event":{"op":"undo"},"ts":1}',
        '{"topic":"A","set":' + '{"a":' * 2000 + "1" + "}" * 2000 + ',"ts":1}',
    ],
)
def test_a_bad_line_is_named_and_the_next_goes_on(jsonl_file: Path, line: str) -> None:
    good = '{"topic":"A","set":{"price":"1"},"ts":1}\n'
    jsonl_file.write_text(good + (line or "\xff") + "\n" + good, encoding="latin-1")
    first, bad, last = read_jsonl([jsonl_file], Played())
    assert isinstance(first, Row)
    assert isinstance(bad, BadRow)
    assert bad.place == "line 2"
    assert isinstance(last, Row)


def test_a_recording_is_told_as_it_was(jsonl_file: Path) -> None:
    event = {"id": "g", "op": "add", "kind": "goal", "ts": 9, "data": {"side": "home"}}
    told = played(
        jsonl_file,
        BEGIN,
        item(1000, "score:A", 7, data={"x": 1}),
        last(item(1000, "price:B", 1, data={"price": "1", "high": "2"})),
        item(2000, "score:A", 8, set={"x": None, "y": {"z": 1}}),
        last({"at": 2000, "topic": "score:A", "event": event}),
        last({"at": 2500, "topic": "score:A", "event": {**event, "op": "void", "data": {}}}),
        last({"at": 3000}),
        last(item(4000, "score:A", 9, gone=True)),
        last(item(4500, "score:A", 10, data={"x": 2})),
    )
    add = EventChange(kind="goal", id="g", ts=9, data={"side": "home"})
    void = EventChange(op="void", kind="goal", id="g", ts=9)
    rest = {"low": None, "change": None, "change_pct": None}
    assert told == [
        change(993, "score:A", data={"x": 1}),
        change(993, "price:B", data=rest | {"high": "2", "price": "1"}),
        change(1993, "score:A", patch={"x": None, "y": {"z": 1}}),
        change(2000, "score:A", event=add),
        change(2500, "score:A", event=void),
        change(3993, "score:A", gone=True),
        change(4493, "score:A", data={"x": 2}),
    ]


def test_a_further_file_goes_on(tmp_path: Path) -> None:
    first = [BEGIN, last(item(1000, "score:A", 1, data={"x": 1}))]
    second = [
        CONTINUED,
        last(item(5000, "score:A", 2, data={"x": 2})),
        last(item(5500, "score:A", 3, set={"x": 3})),
    ]
    (tmp_path / "1.jsonl").write_bytes(
        as_lines(*first, last(item(2000, "score:A", 2, set={"x": 2})))
    )
    (tmp_path / "2.jsonl").write_bytes(as_lines(*second))
    both = [row.change for row in read_jsonl(files_of(tmp_path), Played()) if isinstance(row, Row)]
    assert [change.patch or change.data for change in both] == [{"x": 1}, {"x": 2}, {"x": 3}]
    alone = played(tmp_path / "2.jsonl", *second)
    assert [change.data or change.patch for change in alone] == [{"x": 2}, {"x": 3}]


def test_after_a_reset_the_items_become_as_they_stood(jsonl_file: Path) -> None:
    told = played(
        jsonl_file,
        BEGIN,
        item(1000, "score:A", 1, data={"x": 1}),
        item(1000, "score:B", 1, data={"x": 1}),
        last(item(1000, "score:C", 1, data={"x": 1})),
        RESET,
        item(6000, "score:A", 1, data={"x": 1}),
        item(6000, "score:B", 9, data={"y": 1}),
        last(item(6000, "score:D", 1, data={})),
    )
    assert told[3:] == [
        change(6000, "score:C", gone=True),
        change(5993, "score:B", data={"y": 1}),
        change(5993, "score:D", data={}),
    ]


def test_a_reset_to_nothing_ends_every_topic(jsonl_file: Path) -> None:
    told = played(jsonl_file, BEGIN, last(item(1000, "score:A", 1, data={})), last(RESET))
    assert told[1:] == [change(6000, "score:A", gone=True)]


def test_the_next_lap_begins_with_the_items_of_the_beginning(jsonl_file: Path) -> None:
    begin = [BEGIN, last(item(1000, "score:A", 1, data={"x": 1}))]
    lines = [
        *begin,
        last(item(2000, "score:B", 1, data={})),
        last(item(3000, "score:A", 2, set={"x": 2})),
    ]
    jsonl_file.write_bytes(as_lines(*lines))
    state = Played()
    laps = [
        [row.change for row in read_jsonl([jsonl_file], state) if isinstance(row, Row)]
        for _ in range(2)
    ]
    assert laps[1] == [
        change(1000, "score:B", gone=True),
        change(993, "score:A", data={"x": 1}),
        *laps[0][1:],
    ]


def test_merged_versions_of_a_price_leave_nothing_to_be_derived(jsonl_file: Path) -> None:
    told = played(
        jsonl_file,
        BEGIN,
        last(item(1000, "price:A", 1, data={"price": "5", "open": "5", "change": "9"})),
        last(item(2000, "price:A", 4, set={"price": "6", "high": "7"}, merged=3)),
        last(item(3000, "price:A", 5, set={"price": "8", "high": "8"})),
    )
    assert told[1].patch == {
        "high": "7", "low": None, "change": "9", "change_pct": None, "price": "6",
    }  # fmt: skip
    assert told[2].patch == {"price": "8", "high": "8"}


def test_a_recording_that_was_cut_off(jsonl_file: Path) -> None:
    jsonl_file.write_bytes(as_lines(BEGIN, item(1000, "score:A", 1, data={})) + b'{"at":')
    bad = list(read_jsonl([jsonl_file], Played()))
    assert all(isinstance(row, BadRow) for row in bad)
    assert [row[0] for row in bad] == ["line 3", "at the end"]
    assert "cut off" in json.dumps(bad[0])


def test_an_empty_directory_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no \*\.jsonl"):
        files_of(tmp_path)
