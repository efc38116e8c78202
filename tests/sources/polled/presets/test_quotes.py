"""Prices of Coinbase, Kraken and Binance, from their samples."""

import json
from typing import Any

import pytest
from aiohttp import web

from feed.errors import SettingsError
from feed.sources.base import PartlyFailed, SourceFailed
from tests.support.sources import T0
from tests.support.sources_presets import Presets, items, sample

BINANCE = "/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22,%22LUNAUSDT%22%5D"
KRAKEN = "/0/public/Ticker?pair=XBTUSD,SOLUSD"
HALTED = {"state": "halted", "why": "nobody bids and nobody asks", "bid": None, "ask": None}
LIVE = {"state": "live", "why": None}


async def test_coinbase_is_asked_for_each_product(presets: Presets) -> None:
    presets.upstream.answers = {
        "/products/BTC-USD/ticker": sample("coinbase_BTC-USD"),
        "/products/GST-USD/ticker": sample("coinbase_halted"),
    }
    source = presets.open("coinbase", tickers=["BTC-USD", "GST-USD"])
    changes = await source.poll(T0)
    assert items([*changes]) == {
        "price:BTC-USD": LIVE | {
            "price": "73367.8", "size": "0.00728", "bid": "73360.34", "ask": "73369.19",
            "volume": "12075.50871622", "currency": "USD",
        },
        "price:GST-USD": HALTED | {
            "price": "0.4411", "size": "120", "volume": "0", "currency": "USD",
        },
    }  # fmt: skip
    assert changes[0].ts == 1_710_328_241_270


async def test_kraken_is_asked_once_and_knows_its_old_names(presets: Presets) -> None:
    presets.upstream.answers[KRAKEN] = sample("kraken")
    changes = await presets.open("kraken", tickers=["BTC-USD", "SOL-USD"]).poll(T0)
    assert items([*changes]) == {
        "price:BTC-USD": LIVE | {
            "price": "30303.20000", "size": "0.00067643", "bid": "30300.00000",
            "ask": "30300.10000", "volume": "4412.73601799", "high": "31631.00000",
            "low": "29868.30000", "open": "30502.80000", "currency": "USD",
        },
        "price:SOL-USD": HALTED | {
            "price": "172.51000", "size": "3.10000000", "volume": "812.40000000",
            "high": "174.80000", "low": "169.02000", "open": "171.20000", "currency": "USD",
        },
    }  # fmt: skip


async def test_binance_is_asked_for_twenty_symbols_at_once(presets: Presets) -> None:
    presets.upstream.answers[BINANCE] = sample("binance")
    changes = await presets.open("binance", tickers=["BTC-USDT", "LUNA-USDT"]).poll(T0)
    assert items([*changes]) == {
        "price:BTC-USDT": LIVE | {
            "price": "67005.10000200", "size": "0.00200000", "bid": "67005.00000000",
            "ask": "67005.10000000", "volume": "8913.30000000", "high": "67990.00000000",
            "low": "66010.00000000", "open": "67100.10000000", "currency": "USDT",
        },
        "price:LUNA-USDT": HALTED | {
            "price": "0.00005000", "size": "10.00000000", "volume": "0.00000000",
            "high": "0.00005000", "low": "0.00005000", "open": "0.00005000", "currency": "USDT",
        },
    }  # fmt: skip


async def test_binance_splits_many_symbols(presets: Presets) -> None:
    tickers = [f"C{number}-USDT" for number in range(41)]
    source = presets.open("binance", tickers=tickers)
    for first in (0, 20, 40):
        symbols = [ticker.replace("-", "") for ticker in tickers[first : first + 20]]
        query = f"%5B%22{'%22,%22'.join(symbols)}%22%5D"
        rows = [{"symbol": symbol, "lastPrice": "1.5"} for symbol in symbols]
        presets.upstream.answers[f"/api/v3/ticker/24hr?symbols={query}"] = json.dumps(rows).encode()
    assert len(await source.poll(T0)) == 41
    assert len(presets.upstream.requests) == 3


@pytest.mark.parametrize(
    ("name", "message", "retry_after_s"),
    [
        ("kraken_error", "Kraken says 'EService:Unavailable'", None),
        ("kraken_unknown_pair", "Kraken says 'EQuery:Unknown asset pair'", None),
        ("kraken_limited", "Kraken says 'EAPI:Rate limit exceeded'", 60.0),
    ],
)
async def test_what_kraken_says_with_status_200_is_wrong(
    presets: Presets, name: str, message: str, retry_after_s: float | None
) -> None:
    presets.upstream.answers[KRAKEN] = sample(name)
    with pytest.raises(SourceFailed) as raised:
        await presets.open("kraken", tickers=["BTC-USD", "SOL-USD"]).poll(T0)
    assert (str(raised.value), raised.value.retry_after_s) == (message, retry_after_s)


async def test_a_warning_of_kraken_is_nothing_wrong(presets: Presets) -> None:
    warned = sample("kraken").replace(b'"error":[]', b'"error":["WDatabase:slow"]')
    presets.upstream.answers[KRAKEN] = warned
    assert len(await presets.open("kraken", tickers=["BTC-USD", "SOL-USD"]).poll(T0)) == 2


@pytest.mark.parametrize(
    ("retry_after", "waited"), [("120", 120.0), ("172800", 172_800.0), ("9999999", 259_200.0)]
)
async def test_a_ban_of_binance_is_waited_for(
    presets: Presets, retry_after: str, waited: float
) -> None:
    presets.upstream.answers[BINANCE] = web.Response(
        status=418, body=sample("binance_banned"), headers={"Retry-After": retry_after}
    )
    with pytest.raises(SourceFailed, match="answered 418") as raised:
        await presets.open("binance", tickers=["BTC-USDT", "LUNA-USDT"]).poll(T0)
    assert raised.value.retry_after_s == waited


async def test_a_product_that_is_not_there_leaves_the_others(presets: Presets) -> None:
    missing = web.Response(status=404, body=sample("coinbase_not_found"))
    presets.upstream.answers = {
        "/products/BTC-USD/ticker": sample("coinbase_BTC-USD"),
        "/products/NO-USD/ticker": missing,
    }
    source = presets.open("coinbase", tickers=["NO-USD", "BTC-USD"])
    with pytest.raises(PartlyFailed, match="answered 404") as raised:
        await source.poll(T0)
    assert [change.topic for change in raised.value.changes] == ["price:BTC-USD"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"c": ["abc"]}, "items[37]: $.price: expected a decimal, such as \"191.05\" ('C37USD')"),
        ({"c": [[1]]}, "items[37]: $.price: expected a decimal, such as \"191.05\" ('C37USD')"),
        ({"c": [True]}, "items[37]: $.price: expected a decimal, such as \"191.05\" ('C37USD')"),
        ({"c": ["1e999999"]}, "items[37]: $.price: expected a decimal"),
        ({"c": [None]}, "C37USD: no price"),
        ({"c": 7}, "C37USD: no price"),
        ({}, "C37USD: no price"),
        ({"c": ["0.00"]}, "C37USD: price 0.00 is not above zero"),
        ({"c": ["-1"]}, "C37USD: price -1 is not above zero"),
        ({"c": ["1"], "b": ["-0.5"]}, "C37USD: bid -0.5 is not above zero"),
        ("C37USD", "C37USD: no price"),
        (None, "C37USD: no price"),
    ],
)
async def test_one_bad_element_of_a_hundred_is_named_and_the_others_are_told(
    presets: Presets, row: Any, fault: str
) -> None:
    tickers = [f"C{number}-USD" for number in range(100)]
    rows = {f"C{number}USD": {"c": [f"{number + 1}.25", "1"]} for number in range(100)}
    rows["C37USD"] = row
    answer = json.dumps({"error": [], "result": rows}).encode()
    names = ",".join(ticker.replace("-", "") for ticker in tickers)
    presets.upstream.answers[f"/0/public/Ticker?pair={names}"] = answer
    with pytest.raises(PartlyFailed) as raised:
        await presets.open("kraken", tickers=tickers).poll(T0)
    assert fault in str(raised.value)
    assert raised.value.faults == 1
    told = items([*raised.value.changes])
    assert len(told) == 99
    assert told["price:C99-USD"]["price"] == "100.25"
    assert "price:C37-USD" not in told


async def test_what_was_asked_for_and_is_missing_is_named(presets: Presets) -> None:
    presets.upstream.answers[BINANCE] = b'[{"symbol":"BTCUSDT","lastPrice":"1.5"}]'
    with pytest.raises(PartlyFailed, match="price:LUNA-USDT: is not in the answer") as raised:
        await presets.open("binance", tickers=["BTC-USDT", "LUNA-USDT"]).poll(T0)
    assert [*items([*raised.value.changes])] == ["price:BTC-USDT"]


async def test_what_was_not_asked_for_is_not_told(presets: Presets) -> None:
    rows = [{"symbol": name, "lastPrice": "1.5"} for name in ("BTCUSDT", "EVIL", "LUNAUSDT")]
    presets.upstream.answers[BINANCE] = json.dumps(rows).encode()
    with pytest.raises(PartlyFailed, match="EVIL: was not asked for") as raised:
        await presets.open("binance", tickers=["BTC-USDT", "LUNA-USDT"]).poll(T0)
    assert [*items([*raised.value.changes])] == ["price:BTC-USDT", "price:LUNA-USDT"]


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"null", b'"x"', b"7", b'{"result":[]}'])
@pytest.mark.parametrize("kind", ["kraken", "binance", "coinbase"])
async def test_an_answer_of_another_shape_fails(presets: Presets, kind: str, answer: bytes) -> None:
    presets.upstream.answers = {
        KRAKEN: answer,
        BINANCE: answer,
        "/products/BTC-USD/ticker": answer,
    }
    tickers = {"kraken": ["BTC-USD", "SOL-USD"], "binance": ["BTC-USDT", "LUNA-USDT"]}
    with pytest.raises(SourceFailed) as raised:
        await presets.open(kind, tickers=tickers.get(kind, ["BTC-USD"])).poll(T0)
    assert not isinstance(raised.value, PartlyFailed)
    assert raised.value.changes == ()


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"tickers": []}, "tickers"),
        ({"tickers": ["BTC-USD", "BTC-USD"]}, "tickers"),
        ({"tickers": ["BTC-USD", "BTCUSD"]}, "tickers[1]"),
        ({"tickers": ["btc-usd"]}, "tickers[0]"),
        ({"tickers": ["../-x"]}, "tickers[0]"),
        ({"base_url": "ftp://example.org"}, "base_url"),
        ({"idle_every_s": 0.5}, "idle_every_s"),
        ({"unwatched_every_s": 86_401}, "unwatched_every_s"),
        ({"per_minute": 0}, "per_minute"),
        ({"per_day": -1}, "per_day"),
    ],
)
@pytest.mark.parametrize("kind", ["coinbase", "kraken", "binance"])
async def test_a_bad_value_is_named(
    presets: Presets, kind: str, settings: dict[str, Any], field: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        presets.open(kind, **({"tickers": ["BTC-USD"]} | settings))
    assert f"[source.{kind}].{field}: " in str(raised.value)
