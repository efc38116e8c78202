import pytest

from feed.model.codec import JsonObject, encode
from feed.model.entry import Item
from feed.web.order import is_found, sorted_prices, sorted_scores


def item(topic: str, data: JsonObject) -> Item:
    return Item(topic, 1, 0, encode(data))


def test_prices_are_in_the_order_of_their_names() -> None:
    items = [
        item("price:B", {}),
        item("price:C", {"name": "alpha"}),
        item("price:A", {"name": "Z"}),
    ]
    rising = [i.topic for i in sorted_prices(items, "name", ())]
    assert rising == ["price:C", "price:B", "price:A"]
    assert [i.topic for i in sorted_prices(items, "-name", ())] == rising[::-1]


@pytest.mark.parametrize(
    ("sort", "keys"),
    [
        ("price", "EBADCF"),
        ("-price", "CDABEF"),
        ("change", "BADCEF"),
        ("state", "CAFBDE"),
        ("-state", "BFACDE"),
    ],
)
def test_a_column_is_sorted_by_its_exact_values_and_what_has_none_comes_last(
    sort: str, keys: str
) -> None:
    items = [
        item("price:A", {"price": "10.00000000000000000001", "change_pct": "0", "state": "halted"}),
        item("price:B", {"price": "9", "change_pct": "-1.5", "state": "live"}),
        item("price:C", {"price": "100", "change_pct": "9.5", "state": "down"}),
        item("price:D", {"price": "10.00000000000000000002", "change_pct": "9.4", "state": "?"}),
        item("price:E", {"price": "-1000"}),
        item("price:F", {"price": "1e9", "state": "closed"}),
    ]
    assert "".join(i.topic[-1] for i in sorted_prices(items, sort, ())) == keys


def test_pinned_ones_come_first_in_the_same_order() -> None:
    items = [
        item(f"price:{name}", {"price": price}) for name, price in zip("ABC", "312", strict=True)
    ]
    pins = {"price:A", "price:C", "price:gone"}
    assert "".join(i.topic[-1] for i in sorted_prices(items, "price", pins)) == "CAB"


def test_matches_in_play_come_first_and_then_the_next_to_start() -> None:
    items = [
        item("score:over", {"phase": "post", "start": 1}),
        item("score:later", {"phase": "pre", "start": 9}),
        item("score:soon", {"phase": "pre", "start": 5}),
        item("score:half", {"phase": "break", "start": 4}),
        item("score:on", {"phase": "live", "start": 3}),
    ]
    topics = [i.topic for i in sorted_scores(items, ())]
    assert topics == ["score:on", "score:half", "score:soon", "score:later", "score:over"]
    assert sorted_scores(items, {"score:over"})[0].topic == "score:over"


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", True),
        (" ", True),
        ("ars", True),
        ("CHELSEA epl", True),
        ("arsenal usd", False),
        ("bitcoin", False),
    ],
)
def test_a_match_is_found_by_its_league_and_teams(q: str, found: bool) -> None:  # noqa: FBT001
    data: JsonObject = {
        "league": "EPL",
        "home": {"name": "Arsenal", "abbr": "ARS"},
        "away": {"name": "Chelsea", "abbr": "CHE"},
    }
    assert is_found(item("score:X", data), q) is found


@pytest.mark.parametrize(("q", "found"), [("btc", True), ("usd coin", True), ("ether", False)])
def test_a_price_is_found_by_its_names_and_currency(q: str, found: bool) -> None:  # noqa: FBT001
    data: JsonObject = {"name": "Bitcoin", "currency": "USD", "home": {"name": "Ether"}}
    assert is_found(item("price:BTC-EUR", data), q) is found
