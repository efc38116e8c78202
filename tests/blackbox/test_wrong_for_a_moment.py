"""A score that flickers, and prices of before: they are well-formed, and must not be believed."""

import asyncio
import json
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.blackbox.conftest import Serve
from tests.support.sources_upstream import Upstream

MATCH = {"topic": "score:X.A-B", "phase": "live"}
SCORES: list[dict[str, object]] = [
    MATCH | {"home": {"score": 1}, "away": {"score": 0}},
    MATCH | {"phase": "pre", "home": {"score": 0}, "away": {"score": 0}},  # for one poll
    MATCH | {"home": {"score": 1}, "away": {"score": 0}},
    MATCH | {"home": {"score": 2}, "away": {"score": 0}},
]
PRICES: list[dict[str, object]] = [
    {"topic": "price:X", "price": "101", "ts": 1_790_000_001_000},
    {"topic": "price:X", "price": "100", "ts": 1_790_000_000_000},  # of a second before
    {"topic": "price:X", "price": "102", "ts": 1_790_000_002_000},
]


class Story:
    """The first answer until it `goes_on`, then one after the other, and the last for ever."""

    def __init__(self, answers: list[dict[str, object]]) -> None:
        self.goes_on = False
        self._answers = list(answers)

    def __call__(self) -> web.StreamResponse:
        if self.goes_on and len(self._answers) > 1:
            del self._answers[0]
        return web.Response(body=json.dumps(self._answers[0]).encode())


async def test_old_data_and_a_score_that_flickers_do_not_reach_the_log(
    serve: Serve, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    upstream = Upstream()
    await upstream.start()
    stories = Story(SCORES), Story(PRICES)
    upstream.answers = dict(zip(("/score", "/price"), stories, strict=True))
    config = tmp_path / "feed.toml"
    config.write_text(
        "\n".join(
            f'[[source]]\ntype = "http_json"\nname = "{kind}"\nkind = "{kind}"\nevery_s = 0.1\n'
            f'url = "{upstream.url(f"/{kind}")}"\nitems = "@"'
            for kind in ("score", "price")
        )
    )
    server = await asyncio.to_thread(
        serve, FEED_CONFIG=str(config), FEED_SOURCES="on", FEED_ALLOW_PRIVATE_SOURCES="on"
    )
    scores: list[int] = []
    phases: list[str] = []
    prices: list[str] = []
    async with asyncio.timeout(20), http.ws_connect(f"{server.url}/ws?topics=*") as socket:
        while not (scores[-1:] == [2] and prices[-1:] == ["102"]):
            for item in json.loads((await socket.receive()).data).get("items", ()):
                said = item.get("data") or item.get("set") or {}
                scores += [said["home"]["score"]] if "score" in said.get("home", {}) else []
                phases += [said["phase"]] if "phase" in said else []
                prices += [said["price"]] if "price" in said else []
            for story in stories:  # from when on nothing of it is missed
                story.goes_on = bool(scores and prices)
    await upstream.stop()
    assert scores == [1, 2]
    assert phases == ["live"]
    assert prices == ["101", "102"]
