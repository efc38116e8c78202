"""Every preset, from what its API says to the page, with tickers or a league in the settings."""

import asyncio
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.blackbox.conftest import Serve
from tests.blackbox.problems import fetch
from tests.support.admin import Admin
from tests.support.sources_api import Apis

KEY = "a-key-of-nobody-00000001"

PRESETS: dict[str, tuple[str, list[str], dict[str, dict[str, Any]], list[str]]] = {
    "coinbase": (
        'tickers = ["BTC-USD"]',
        ["/products/BTC-USD/ticker"],
        {"price:BTC-USD": {"price": "73367.8", "bid": "73360.34", "state": "live"}},
        ["BTC-USD", "73,367.8", "73,360.34"],
    ),
    "kraken": (
        'tickers = ["BTC-USD", "SOL-USD"]',
        ["/0/public/Ticker"],
        {
            "price:BTC-USD": {"price": "30303.20000", "change": "-199.60000", "state": "live"},
            "price:SOL-USD": {"price": "172.51000", "state": "halted"},
        },
        ["30,303.20000", "172.51000", "nobody bids and nobody asks"],
    ),
    "binance": (
        'tickers = ["BTC-USDT", "LUNA-USDT"]',
        ["/api/v3/ticker/24hr"],
        {
            "price:BTC-USDT": {"price": "67005.10000200", "change": "-94.99999800"},
            "price:LUNA-USDT": {"price": "0.00005000", "state": "halted"},
        },
        ["BTC-USDT", "67,005.10000200", "nobody bids and nobody asks"],
    ),
    "espn": (
        'league = "eng.1"\nlabel = "EPL"',
        ["/apis/site/v2/sports/soccer/eng.1/scoreboard"],
        {"score:EPL.ARS-CHE": {"phase": "live", "period": "2H"}},
        ["ARS", "Chelsea", "2H", "EPL"],
    ),
    "thesportsdb": (
        'league = "4481"\nlabel = "UEL"',
        ["/api/v1/json/123/eventsday.php"],
        {
            "score:UEL.Roma-AthleticClub": {"phase": "post", "state": "closed"},
            "score:UEL.RealSociedad-Ajax": {"phase": "pre"},
        },
        ["Roma", "Athletic Club", "Manchester City"],
    ),
    "football-data": (
        'league = "PL"\ntoken_env = "A_KEY"',
        ["/v4/matches"],
        {
            "score:PL.ARS-CHE": {"phase": "live", "period": "2H"},
            "score:PL.AVL-EVE": {"phase": "post", "penalties": [4, 2]},
        },
        ["Arsenal", "CHE", "Aston Villa"],
    ),
}


@pytest.mark.parametrize("kind", PRESETS)
async def test_from_the_api_to_the_page(
    serve: Serve, http: aiohttp.ClientSession, tmp_path: Path, kind: str
) -> None:
    settings, paths, items, words = PRESETS[kind]
    async with Apis() as apis, asyncio.timeout(30):
        config = tmp_path / "feed.toml"
        config.write_text(
            f'[[source]]\ntype = "{kind}"\nname = "one"\nbase_url = "{apis.url}"\n{settings}\n'
        )
        server = await asyncio.to_thread(
            serve,
            FEED_CONFIG=str(config),
            FEED_SOURCES="on",
            FEED_ALLOW_PRIVATE_SOURCES="on",
            FEED_DRAIN_S="0",
            A_KEY=KEY,
        )
        path, token = await apis.asked.get()
        admin = Admin(http, server.url)
        while len(found := await admin.snapshot("*")) < len(items):
            await fetch(http, f"{server.url}/poll", "topics=*&wait=5")
        for topic, expected in items.items():
            data = found[topic]["data"]
            assert {name: data.get(name) for name in expected} == expected
        page = await fetch(http, f"{server.url}/")
        [status] = (await admin.get("sources"))["sources"]
        assert await asyncio.to_thread(server.stop) == 0
    assert path in paths
    assert token == (KEY if kind == "football-data" else "")
    shown = re.sub(r"\s+", " ", page.text)
    assert [word for word in words if word not in shown] == []
    assert (status["kind"], status["state"], status["last_error"]) == (kind, "running", None)
    assert status["quota_left"] < {"coinbase": 300, "binance": 300, "football-data": 10}.get(
        kind, 30
    )
    assert KEY not in server.output + page.text + str(status)
