from decimal import Decimal
from pathlib import Path

import pytest

from feed.model.change import Change, EventChange
from feed.sources.rows import BadRow, CsvLayout, Row, read_csv, read_jsonl

LAYOUT = CsvLayout(
    topic="price:BTC-USD",
    columns=("ms", "close", "volume"),
    time="ms",
    unit="ms",
    base_ms=1_475_798_400_000,
    fields={"close": "price", "volume": "size"},
)


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "trades.csv"


@pytest.fixture
def jsonl_file(tmp_path: Path) -> Path:
    return tmp_path / "day.jsonl"


def test_a_csv_row_is_a_change_at_its_own_time(csv_file: Path) -> None:
    csv_file.write_text("4000,611.870,0.60046\n30000, 611.9 ,\n\n")
    assert list(read_csv(csv_file, LAYOUT)) == [
        Row(
            1_475_798_404_000,
            Change(
                topic="price:BTC-USD",
                patch={"state": "live", "price": "611.870", "size": "0.60046"},
                ts=1_475_798_404_000,
                recorded=True,
            ),
        ),
        Row(
            1_475_798_430_000,
            Change(
                topic="price:BTC-USD",
                patch={"state": "live", "price": "611.9"},
                ts=1_475_798_430_000,
                recorded=True,
            ),
        ),
    ]


def test_columns_from_the_first_row(csv_file: Path) -> None:
    csv_file.write_text("\ufeffwhen,close,volume\n2016-10-07,1.5,2\n")
    layout = LAYOUT._replace(columns=None, time="when", unit="iso", base_ms=0)
    [row] = list(read_csv(csv_file, layout))
    assert isinstance(row, Row)
    assert row.at_ms == 1_475_798_400_000


def test_bad_csv_rows_are_named_and_the_others_go_on(csv_file: Path) -> None:
    lines = [
        b"1,1.0,1",
        b"2,1.1",
        b"3,1.2,1,1",
        b"noon,1.3,1",
        b"5,much,1",
        b"6,NaN,1",
        b"7,\xff,1",
        b'8,"' + b"9" * 200_000 + b'",1',
        b"9,1.9,1",
    ]
    csv_file.write_bytes(b"\n".join(lines) + b"\n")
    rows = list(read_csv(csv_file, LAYOUT))
    assert [row.place for row in rows if isinstance(row, BadRow)] == [
        f"line {number}" for number in range(2, 9)
    ]
    prices = [(row.change.patch or {})["price"] for row in rows if isinstance(row, Row)]
    assert prices == ["1.0", "1.9"]


def test_a_line_of_json_is_what_the_admin_could_inject(jsonl_file: Path) -> None:
    jsonl_file.write_text(
        '{"topic":"BTC-USD","set":{"price":70000.00,"x":1.50},"ts":1000}\n'
        '{"topic":"score:A","data":{"period":"1H"},"at":2000,"ts":1900,"why":"desk"}\n'
        "\n"
        '{"topic":"score:A","event":{"kind":"goal"},"at":"1970-01-01T00:00:03Z"}\n'
        '{"topic":"score:A","event":{"kind":"goal","id":"g","op":"void","ts":4000}}\n'
        '{"topic":"score:A","gone":true,"ts":5000}\n'
    )
    rows = [row for row in read_jsonl(jsonl_file) if isinstance(row, Row)]
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
        '{"topic":"A","set":{"price":"1"},"ts":1,"v":7}',
        '{"topic":"A","set":{"price":"1"},"at":"soon"}',
        '{"topic":"A","set":{"price":"1"},"ts":-1}',
        '{"topic":"A","event":{"op":"undo"},"ts":1}',
        '{"topic":"A","set":' + '{"a":' * 2000 + "1" + "}" * 2000 + ',"ts":1}',
    ],
)
def test_a_bad_line_is_named_and_the_next_goes_on(jsonl_file: Path, line: str) -> None:
    good = '{"topic":"A","set":{"price":"1"},"ts":1}\n'
    jsonl_file.write_text(good + (line or "\xff") + "\n" + good, encoding="latin-1")
    first, bad, last = read_jsonl(jsonl_file)
    assert isinstance(first, Row)
    assert isinstance(bad, BadRow)
    assert bad.place == "line 2"
    assert isinstance(last, Row)
