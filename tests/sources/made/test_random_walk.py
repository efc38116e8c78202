from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import SettingsError
from feed.model.change import Change
from feed.model.codec import JsonObject
from feed.model.field import check_fields
from feed.sources.made.random_walk import RandomWalk, RandomWalkConfig, Ticker
from tests.support.sources import T0, Table

BTC = Ticker(topic="BTC-USD", name="Bitcoin", price=Decimal("67250"), lot=Decimal("0.0001"))
JPY = Ticker(topic="price:USD-JPY", name="Yen", price=Decimal("151.32"), currency="JPY", decimals=3)


def walk(*tickers: Ticker, **settings: Any) -> RandomWalk:
    return RandomWalk(RandomWalkConfig(name="market", tickers=tickers, **settings))


async def polls(source: RandomWalk, count: int) -> list[Sequence[Change]]:
    return [await source.poll(T0 + number * 1000) for number in range(count)]


async def test_the_first_poll_tells_all_of_every_ticker() -> None:
    [btc, jpy] = await walk(BTC, JPY).poll(T0)
    assert btc.topic == "price:BTC-USD"
    assert btc.ts == T0
    assert btc.patch is not None
    assert btc.patch | {"size": "", "volume": ""} == {
        "price": "67250.00",
        "bid": "67243.28",
        "ask": "67256.72",
        "size": "",
        "volume": "",
        "open": "67250.00",
        "prev_close": "67250.00",
        "currency": "USD",
        "name": "Bitcoin",
        "state": "live",
    }
    assert jpy.topic == "price:USD-JPY"
    assert jpy.patch is not None
    assert jpy.patch["price"] == "151.320"
    assert jpy.patch["currency"] == "JPY"


async def test_a_seed_gives_the_same_prices_and_another_gives_others() -> None:
    first = await polls(walk(BTC, JPY, seed=7), 30)
    assert first == await polls(walk(BTC, JPY, seed=7), 30)
    assert first != await polls(walk(BTC, JPY, seed=8), 30)


async def test_each_tick_moves_some_and_never_none() -> None:
    tickers = [Ticker(topic=f"T{n}", name="T", price=Decimal(100)) for n in range(10)]
    ticks = (await polls(walk(*tickers, moving=0.05), 200))[1:]
    counts = {len(changes) for changes in ticks}
    assert min(counts) == 1
    assert 1 < max(counts) < 10
    assert {change.topic for changes in ticks for change in changes} == {
        f"price:T{n}" for n in range(10)
    }


async def test_volume_grows_by_the_size_of_each_trade() -> None:
    volumes = []
    for [change] in await polls(walk(BTC, moving=1.0), 20):
        patch = change.patch or {}
        volumes.append((Decimal(str(patch["volume"])), Decimal(str(patch["size"]))))
    for (before, _), (after, size) in pairwise(volumes):
        assert after == before + size
        assert size > 0
        assert size.as_tuple().exponent == -4


async def test_it_goes_on_from_the_log() -> None:
    source = walk(BTC)
    item: JsonObject = {
        "price": "70000.00",
        "open": "69000.00",
        "prev_close": "68000.00",
        "volume": "12.5000",
    }
    source.resume({"price:BTC-USD": item}.get)
    [change] = await source.poll(T0)
    patch = change.patch or {}
    assert patch["price"] == "70000.00"
    assert patch["open"] == "69000.00"
    assert patch["prev_close"] == "68000.00"
    assert Decimal(str(patch["volume"])) == Decimal("12.5") + Decimal(str(patch["size"]))


@pytest.mark.parametrize("item", [None, {}, {"price": "1e300"}, {"price": "-5"}, {"price": 5.0}])
async def test_an_item_that_says_no_usable_price_leaves_the_settings(
    item: JsonObject | None,
) -> None:
    source = walk(BTC)
    source.resume(lambda topic: item)
    [change] = await source.poll(T0)
    assert (change.patch or {})["price"] == "67250.00"


@given(
    price=st.decimals("0.01", "1000000", places=2),
    decimals=st.integers(0, 8),
    seed=st.integers(),
    steps=st.lists(st.integers(-1000, 10_000_000), max_size=20),
)
async def test_prices_are_exact_and_between_bid_and_ask(
    price: Decimal, decimals: int, seed: int, steps: list[int]
) -> None:
    ticker = Ticker(topic="X", name="X", price=price, decimals=decimals, volatility_pct=100.0)
    source = walk(ticker, seed=seed)
    table = Table()
    now_ms = T0
    for step_ms in [0, *steps]:
        now_ms += step_ms
        table.apply(await source.poll(now_ms))
        item = table.items["price:X"]
        assert check_fields("price", item, "$") == []
        numbers = {name: Decimal(str(item[name])) for name in ("bid", "price", "ask")}
        assert 0 < numbers["bid"] < numbers["price"] < numbers["ask"]
        assert {-number.as_tuple().exponent for number in numbers.values()} == {decimals}  # type: ignore[operator]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"every_s": 0}, "every_s"),
        ({"every_s": -1}, "every_s"),
        ({"every_s": float("nan")}, "every_s"),
        ({"moving": 0}, "moving"),
        ({"moving": 1.5}, "moving"),
        ({"tickers": ()}, "tickers"),
        ({"tickers": (BTC, BTC)}, "tickers"),
        ({"name": "a b"}, "name"),
        ({"tickers": (Ticker(topic="a b", name="", price=Decimal(1)),)}, "tickers[0].topic"),
        ({"tickers": (Ticker(topic="score:X", name="", price=Decimal(1)),)}, "tickers[0].topic"),
        ({"tickers": (Ticker(topic="X", name="", price=Decimal(0)),)}, "tickers[0].price"),
        ({"tickers": (Ticker(topic="X", name="", price=Decimal("NaN")),)}, "tickers[0].price"),
        (
            {"tickers": (Ticker(topic="X", name="", price=Decimal(1), lot=Decimal(0)),)},
            "tickers[0].lot",
        ),
        (
            {"tickers": (Ticker(topic="X", name="", price=Decimal(1), decimals=13),)},
            "tickers[0].decimals",
        ),
        (
            {"tickers": (Ticker(topic="X", name="", price=Decimal(1), volatility_pct=-1),)},
            "tickers[0].volatility_pct",
        ),
    ],
)
def test_a_bad_value_is_named(settings: dict[str, Any], field: str) -> None:
    given_settings = {"name": "market", "tickers": (BTC,)} | settings
    with pytest.raises(SettingsError) as raised:
        RandomWalk(RandomWalkConfig(**given_settings))
    assert f"].{field}: " in str(raised.value)
