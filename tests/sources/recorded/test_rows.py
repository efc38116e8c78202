from pathlib import Path
from zipfile import ZipFile

import pytest

from feed.errors import BadInput
from feed.model.change import Change
from feed.sources.recorded.rows import BadRow, CsvLayout, Row, csv_columns, read_csv

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


RATES = """Date,USD,JPY,BGN,
2026-10-30,1.1172,175.68,N/A,
2026-10-29,1.113,many,1.9558,
2026-10-28,1.11,,N/A,
"""
RATES_LAYOUT = LAYOUT._replace(
    columns=None,
    time="Date",
    unit="iso",
    base_ms=0,
    fields={},
    topics={"USD": "price:EUR-USD", "JPY": "price:EUR-JPY", "BGN": "price:EUR-BGN"},
    missing="N/A",
    newest_first=True,
)
DAY_MS = 86_400_000
OCT_28 = 1_793_145_600_000


def told(path: Path, layout: CsvLayout = RATES_LAYOUT) -> list[tuple[int, str, object]]:
    rows = [row for row in read_csv(path, layout) if isinstance(row, Row)]
    return [(row.at_ms, row.change.topic, (row.change.patch or {})["price"]) for row in rows]


def test_a_column_for_each_topic_and_the_newest_row_first(csv_file: Path) -> None:
    csv_file.write_text(RATES)
    assert told(csv_file) == [
        (OCT_28, "price:EUR-USD", "1.11"),
        (OCT_28 + DAY_MS, "price:EUR-USD", "1.113"),
        (OCT_28 + DAY_MS, "price:EUR-BGN", "1.9558"),
        (OCT_28 + 2 * DAY_MS, "price:EUR-USD", "1.1172"),
        (OCT_28 + 2 * DAY_MS, "price:EUR-JPY", "175.68"),
    ]
    [bad] = [row for row in read_csv(csv_file, RATES_LAYOUT) if isinstance(row, BadRow)]
    assert bad.place == "line 3"
    assert bad.why.startswith("JPY: ")


def test_only_some_days(csv_file: Path) -> None:
    csv_file.write_text(RATES)
    layout = RATES_LAYOUT._replace(first_ms=OCT_28 + 1, end_ms=OCT_28 + 2 * DAY_MS)
    assert {at_ms for at_ms, _, _ in told(csv_file, layout)} == {OCT_28 + DAY_MS}


def test_a_zip_is_as_the_file_in_it(csv_file: Path) -> None:
    csv_file.write_text(RATES)
    zipped = csv_file.with_suffix(".zip")
    with ZipFile(zipped, "w") as files:
        files.write(csv_file, "rates.csv")
    assert csv_columns(zipped) == ("Date", "USD", "JPY", "BGN", "")
    assert list(read_csv(zipped, RATES_LAYOUT)) == list(read_csv(csv_file, RATES_LAYOUT))


def test_a_zip_must_hold_one_file(csv_file: Path) -> None:
    csv_file.write_text(RATES)
    zipped = csv_file.with_suffix(".zip")
    with ZipFile(zipped, "w") as files:
        files.write(csv_file, "one.csv")
        files.write(csv_file, "two.csv")
    with pytest.raises(BadInput, match="holds 2 files"):
        csv_columns(zipped)
    zipped.write_text("no zip")
    with pytest.raises(BadInput, match="not a zip"):
        csv_columns(zipped)
