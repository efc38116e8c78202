import pytest

from feed.errors import BadInput
from feed.model.change import Change, EventChange
from feed.model.codec import decode
from feed.sources.base import SourceFailed
from feed.sources.polled.mapping import Kind, Mapping


def mapped(
    text: str, items: str, *, kind: Kind = "price", topic: str | None = None
) -> list[Change]:
    changes, faults = Mapping(kind, items).changes(decode(text), topic)
    assert faults == []
    return changes


@pytest.mark.parametrize(
    ("expression", "price"),
    [
        ("{price: p}", "70000.00"),  # a JSON number, by its text
        ("{price: s}", "73369.190"),
        ("{price: to_number(s)}", "73369.190"),
        ("{price: to_number(p)}", "70000.00"),
        ("{price: to_number(whole)}", "12"),
        ("{price: max(list)}", "2.50"),
        ("{price: min(list)}", "1.10"),
        ("{price: sum(list)}", "3.60"),
        ("{price: avg(list)}", "1.80"),
        ("{price: abs(minus)}", "0.10"),
        ("{price: max_by(rows, &x).x}", "0.30"),
        ("{price: sort_by(rows, &x)[0].x}", "0.20"),
        ("{price: rows[?x > `0.25`] | [0].x}", "0.30"),
        ("{price: to_string(p)}", "70000.00"),
        ("{price: p, name: type(p)}", "70000.00"),
        ("{price: to_number(list) || p}", "70000.00"),
        ("{price: to_number(text) || p}", "70000.00"),
        ("{price: to_number(nan) || p}", "70000.00"),
        ("{price: not_null(absent, p)}", "70000.00"),
    ],
)
def test_decimals_stay_exact_through_every_function(expression: str, price: str) -> None:
    text = """{"p": 70000.00, "s": "73369.190", "whole": "12", "minus": -0.10, "text": "1_0",
               "list": [1.10, 2.50], "rows": [{"x": 0.30}, {"x": 0.20}], "nan": "NaN"}"""
    [change] = mapped(text, expression, topic="price:X")
    assert change.patch is not None
    assert change.patch["price"] == price


def test_type_of_a_decimal_is_number() -> None:
    [change] = mapped('{"p": 1.5}', "{price: p, name: type(p)}", topic="price:X")
    assert change.patch == {"price": "1.5", "name": "number"}


@pytest.mark.parametrize(
    ("text", "items", "expected"),
    [
        (
            """{"ask":"73369.19","bid":"73360.34","price":"73367.8","size":"0.007",
                "time":"2024-03-13T11:10:41.270099Z"}""",
            "{price: price, bid: bid, ask: ask, size: size, ts: time, topic: 'BTC-USD'}",
            [
                Change(
                    topic="price:BTC-USD",
                    patch={
                        "price": "73367.8",
                        "bid": "73360.34",
                        "ask": "73369.19",
                        "size": "0.007",
                    },
                    ts=1_710_328_241_270,
                )
            ],
        ),
        (
            '{"error":[],"result":{"XXBTZUSD":{"a":["30300.1","1"],"c":["30303.2","0.0006"]}}}',
            "result.* | [0].{topic: 'BTC-USD', price: to_number(c[0]), ask: to_number(a[0])}",
            [Change(topic="price:BTC-USD", patch={"price": "30303.2", "ask": "30300.1"})],
        ),
        (
            '[{"symbol":"BTCUSDT","bidPrice":"4.0"},{"symbol":"ETHUSDT","bidPrice":"5.0"}]',
            "[].{topic: symbol, bid: bidPrice}",
            [
                Change(topic="price:BTCUSDT", patch={"bid": "4.0"}),
                Change(topic="price:ETHUSDT", patch={"bid": "5.0"}),
            ],
        ),
        ('{"other": 1}', "rows[].{topic: s}", []),
        ("[]", "[].{topic: s}", []),
    ],
)
def test_answers_of_known_shapes(text: str, items: str, expected: list[Change]) -> None:
    assert mapped(text, items) == expected


def test_scores_and_what_is_not_known_yet() -> None:
    text = """{"matches":[{"id":537327,"home":{"tla":"MEX"},"away":{"tla":"RSA"},
               "score":{"home":2,"away":null}}]}"""
    items = """matches[].{topic: join('-', [home.tla, away.tla]),
        home: {abbr: home.tla, score: score.home}, away: {abbr: away.tla, score: score.away}}"""
    assert mapped(text, items, kind="score") == [
        Change(
            topic="score:MEX-RSA",
            patch={"home": {"abbr": "MEX", "score": 2}, "away": {"abbr": "RSA"}},
        )
    ]


def test_events() -> None:
    mapping = Mapping(
        "score",
        "`[]`",
        "goals[].{topic: match, id: id, kind: 'goal', ts: at, data: {who: who, x: nothing}}",
    )
    answer = decode('{"goals":[{"match":"L.A-B","id":31,"at":1790000000000,"who":"Lund"}]}')
    assert mapping.changes(answer, None).changes == [
        Change(
            topic="score:L.A-B",
            ts=1_790_000_000_000,
            event=EventChange(id="31", kind="goal", ts=1_790_000_000_000, data={"who": "Lund"}),
        )
    ]


def test_what_is_wrong_is_named_and_the_rest_is_taken() -> None:
    mapping = Mapping("price", "[]", "[].{id: id, kind: kind}")
    answer = decode(
        '[{"topic":"A","price":1.5},{"price":"1"},{"topic":"b b"},{"topic":"C","price":"much"},7,'
        '{"topic":"D","ts":"soon"}]'
    )
    changes, faults = mapping.changes(answer, None)
    assert [change.topic for change in changes] == ["price:A"]
    assert [fault.split(":")[0] for fault in faults] == [
        *(f"items[{index}]" for index in range(1, 6)),
        *(f"events[{index}]" for index in range(6)),
    ]


@pytest.mark.parametrize("expression", ["{", "", "foo(", "a b"])
def test_what_is_not_jmespath_is_refused(expression: str) -> None:
    with pytest.raises(BadInput):
        Mapping("price", expression)


@pytest.mark.parametrize("expression", ["nosuch(@)", "abs(text)", "sum(@)"])
def test_an_expression_that_does_not_fit_fails_the_poll(expression: str) -> None:
    with pytest.raises(SourceFailed, match="`items`"):
        Mapping("price", expression).changes({"text": "x"}, None)
