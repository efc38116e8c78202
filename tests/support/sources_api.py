"""Every preset's API on one port, as its samples have it."""

import asyncio
from typing import TypeAlias

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.sources_presets import sample

Asked: TypeAlias = tuple[str, str]

_ANSWERS = {
    "/products/BTC-USD/ticker": "coinbase_BTC-USD",
    "/0/public/Ticker": "kraken",
    "/api/v3/ticker/24hr": "binance",
    "/apis/site/v2/sports/basketball/nba/scoreboard": "espn_nba",
    "/apis/site/v2/sports/soccer/eng.1/scoreboard": "espn_soccer",
    "/api/v1/json/123/eventsday.php": "thesportsdb",
    "/v4/matches": "football_data",
}


class Apis:
    """Answers by path, and notes each path that was asked, with the token that came along."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[Asked] = asyncio.Queue()

    async def __aenter__(self) -> "Apis":
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._server = TestServer(app)
        await self._server.start_server()
        self.url = str(self._server.make_url("")).rstrip("/")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.put_nowait((request.path, request.headers.get("X-Auth-Token", "")))
        name = _ANSWERS.get(request.path)
        if name is None:
            return web.Response(status=404)
        return web.Response(body=sample(name), content_type="application/json")
