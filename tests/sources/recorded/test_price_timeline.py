import pytest

from feed.errors import BadInput
from feed.model.change import Change, EventChange
from feed.model.codec import JsonObject
from feed.sources.recorded.price_timeline import PriceTimeline, price_topic, time_ms

AAPL: JsonObject = {"name": "Apple", "prev_close": "226.80"}
AT = 9 * 3_600_000 + 30 * 60_000


def changes(*entries: str) -> list[Change]:
    timeline = PriceTimeline({"price:AAPL": AAPL}, "r")
    for entry in entries:
        timeline.add(entry)
    assert [row.at_ms for row in timeline.rows] == [row.change.ts for row in timeline.rows]
    return [row.change for row in timeline.rows]


def test_prices() -> None:
    assert changes(
        "09:30 BTC-USD 100.00", "AAPL 228.40", "09:30:15 AAPL 1e2", "10:00 gone AAPL", "AAPL 1"
    ) == [
        Change(topic="price:BTC-USD", data={"price": "100.00", "state": "live"}, ts=AT),
        Change(topic="price:AAPL", data=AAPL | {"price": "228.40", "state": "live"}, ts=AT),
        Change(topic="price:AAPL", patch={"price": "1e2", "state": "live"}, ts=AT + 15_000),
        Change(topic="price:AAPL", gone=True, ts=AT + 1_800_000),
        Change(topic="price:AAPL", data=AAPL | {"price": "1", "state": "live"}, ts=AT + 1_800_000),
    ]


def test_halts() -> None:
    _, halt, resume, _, close = changes(
        "09:30 A 1", "halt A news pending", "resume A", "A 2", "close price:A"
    )
    assert halt.patch == {"state": "halted", "why": "news pending"}
    assert halt.event == EventChange(kind="halt", id="r-1", ts=AT, data={"why": "news pending"})
    assert resume.patch == {"state": "live", "why": None}
    assert resume.event == EventChange(kind="resume", id="r-2", ts=AT)
    assert close.patch == {"state": "closed", "why": None}
    assert close.event is None


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([""], "expected a time first"),
        (["BTC-USD 1"], "expected a time first"),
        (["9.30 BTC-USD 1"], "expected a time first"),
        (["9:75 BTC-USD 1"], "expected a time such as 09:30"),
        (["48:00 BTC-USD 1"], "expected a time such as 09:30"),
        (["09:30"], "expected .HH:MM. TICKER PRICE"),
        (["09:30 BTC-USD"], "TICKER PRICE"),
        (["09:30 BTC-USD 1 2"], "TICKER PRICE"),
        (["09:30 BTC-USD much"], "expected a price such as 191.05"),
        (["09:30 BTC-USD NaN"], "expected a price such as 191.05"),
        (["09:30 score:A 1"], "expected the topic of a price"),
        (["09:30 foo:A 1"], "the kind must be one of"),
        (["09:30 A 1", "09:29 A 2"], "not before that of the entry above"),
        (["09:30 halt A"], "expected a price of A before it"),
        (["09:30 A 1", "resume A"], "expected a halt before it"),
        (["09:30 A 1", "halt A", "A 2"], "expected resume A before its next price"),
        (["09:30 A 1", "gone A", "halt A"], "expected a price of A before it"),
    ],
)
def test_what_is_expected_instead(entries: list[str], expected: str) -> None:
    with pytest.raises(BadInput, match=expected):
        changes(*entries)


def test_times() -> None:
    assert time_ms("0:00") == 0
    assert time_ms("09:30:01") == AT + 1000
    assert time_ms("24:10") == 86_400_000 + 600_000


def test_topics() -> None:
    assert price_topic("AAPL") == price_topic("price:AAPL") == "price:AAPL"
