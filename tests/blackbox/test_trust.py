"""A source that flickers, fails and falls silent, as clients and the admin see it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.blackbox.conftest import Serve
from tests.blackbox.problems import check_problem
from tests.support.admin import Admin
from tests.support.client import Frame, Reader
from tests.support.doors import visit
from tests.support.server import Server
from tests.support.sources_upstream import Upstream

PRICES = """
[[source]]
type = "http_json"
name = "{name}"
url = "{url}"
every_s = 0.1
items = "[].{{topic: topic, price: price}}"
"""

SCORES = """
[[source]]
type = "http_json"
name = "{name}"
url = "{url}"
every_s = 0.1
kind = "score"
items = "{{topic: topic, phase: 'live', home: {{score: home}}, away: {{score: away}}}}"
events = "goals[].{{topic: 'M', id: @, kind: 'goal', data: {{side: 'home'}}}}"
"""


PRESET = """
[[source]]
type = "{name}"
name = "{name}"
base_url = "{base}"
every_s = 0.1
per_minute = 6000
tickers = ["BTC-USD"]
"""


def ticker(price: str, bid: str) -> bytes:
    """As Coinbase has it."""
    return json.dumps({"price": price, "bid": bid, "ask": price, "size": "1"}).encode()


def quote(price: str, opened: str) -> bytes:
    """As Kraken has it."""
    both = {name: [price, "1", "1"] for name in "abchlv"}
    return json.dumps({"error": [], "result": {"XXBTZUSD": both | {"o": opened}}}).encode()


def prices(**prices: str) -> bytes:
    return json.dumps([{"topic": key, "price": price} for key, price in prices.items()]).encode()


def score(home: int, *goals: str) -> bytes:
    return json.dumps({"topic": "M", "home": home, "away": 0, "goals": goals}).encode()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    await upstream.start()
    yield upstream
    await upstream.stop()


async def begin(serve: Serve, upstream: Upstream, path: Path, **configs: str) -> Server:
    config = path / "feed.toml"
    texts = [
        text.format(name=name, url=upstream.url(f"/{name}"), base=upstream.url(""))
        for name, text in configs.items()
    ]
    config.write_text("".join(texts))
    settings = {"FEED_CONFIG": str(config), "FEED_ALLOW_PRIVATE_SOURCES": "on"}
    return await asyncio.to_thread(serve, FEED_SOURCES="on", FEED_LOG="memory:", **settings)


async def shows(
    http: aiohttp.ClientSession, server: Server, topic: str, topics: str = "", **fields: str
) -> Reader:
    """Wait until the item has these fields; who has read the topics until then."""
    reader = Reader("poll")

    def enough() -> bool:
        return fields.items() <= (reader.items.get(topic) or {}).items()

    async with asyncio.timeout(10):
        while not enough():
            await visit(http, "poll", server.url, {"topics": topics or topic}, reader, enough)
    return reader


async def fails(admin: Admin, name: str) -> None:
    """Have a source asked until it has failed twice, which it would be in seconds by itself."""
    errors = before = source(await admin.get("sources"), name)["errors"]
    async with asyncio.timeout(10):
        while errors < before + 2:
            answer = await admin.post(f"sources/{name}/run")
            errors = source(answer.body, name)["errors"]


def source(body: Frame, name: str) -> Frame:
    [found] = [each for each in body["sources"] if each["name"] == name]
    return found  # type: ignore[no-any-return]


async def test_what_is_in_doubt_is_believed_after_three_polls(
    serve: Serve, http: aiohttp.ClientSession, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.answers = {"/api": prices(X="100", Y="1")}
    server = await begin(serve, upstream, tmp_path, api=PRICES)
    await shows(http, server, "price:X", price="100", source="api", state="live")
    upstream.answers["/api"] = prices(X="900", Y="1.1")
    reader = await shows(http, server, "price:X", "price:*", price="900")
    changed = [step.topic for step in reader.steps if (step.state or {}).get("price") != "100"]
    assert changed[-1] == "price:X", "though the answer names it first"


async def test_an_admin_decides_about_what_is_held(
    serve: Serve, http: aiohttp.ClientSession, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.answers = {"/api": score(0)}
    server = await begin(serve, upstream, tmp_path, api=SCORES)
    admin = Admin(http, server.url)
    topic = json.dumps({"topic": "score:M"})
    await shows(http, server, "score:M", phase="live", source="api")
    for name in ("api", "nobody"):
        for action in ("accept", "reject"):
            check_problem(await admin.post(f"sources/{name}/{action}", topic), 404)
    check_problem(await admin.post("sources/api/accept", "{"), 400)
    check_problem(await admin.post("sources/api/accept", "{}"), 422)
    check_problem(await admin.post("sources/api/reject", '{"topic": "odd:M"}'), 422)
    plain = {"Content-Type": "text/plain"}
    check_problem(await admin.post("sources/api/accept", topic, headers=plain), 415)

    async def held(goal: str) -> Frame:
        async with asyncio.timeout(10):
            while True:
                for each in source(await admin.get("sources"), "api")["held"]:
                    if each["value"]["id"] == goal:
                        return each  # type: ignore[no-any-return]

    upstream.answers["/api"] = score(0, "g-1")
    found = await held("g-1")
    assert (found["topic"], found["field"], found["polls_left"]) == ("score:M", "event", None)
    assert found["why"] == "the score does not bear it out"
    rejected = await admin.post("sources/api/reject", topic)
    assert source(rejected.body, "api")["held"] == []
    upstream.answers["/api"] = score(0, "g-1", "g-2")
    await held("g-2")
    accepted = await admin.post("sources/api/accept", topic)
    assert source(accepted.body, "api")["held"] == []
    [item] = (await admin.snapshot("score:M")).values()
    assert item["data"]["home"] == {"score": 1}


async def test_another_preset_steps_in_and_the_first_one_returns(
    serve: Serve, http: aiohttp.ClientSession, upstream: Upstream, tmp_path: Path
) -> None:
    first, second = "/products/BTC-USD/ticker", "/0/public/Ticker?pair=XBTUSD"
    upstream.answers = {first: ticker("100", bid="99"), second: quote("101", opened="90")}
    server = await begin(serve, upstream, tmp_path, coinbase=PRESET, kraken=PRESET)
    admin, topic = Admin(http, server.url), "price:BTC-USD"
    await shows(http, server, topic, price="100", bid="99", source="coinbase", state="live")
    upstream.answers[first] = b"oops"
    await fails(admin, "coinbase")
    await shows(http, server, topic, price="101", open="90", source="kraken", state="live")
    topics = source(await admin.get("sources"), "kraken")["topics"]
    assert [(each["topic"], each["in_force"]) for each in topics] == [(topic, True)]
    upstream.answers[second] = b"oops"
    await fails(admin, "kraken")
    why = "kraken: 127.0.0.1 answered with what is not JSON"
    await shows(http, server, topic, price="101", source="kraken", state="down", why=why)
    upstream.answers[first] = ticker("102", bid="101")
    await admin.post("sources/coinbase/run")
    reader = await shows(http, server, topic, price="102", source="coinbase", state="live")
    item = reader.items[topic] or {}
    assert (item["bid"], item.get("open"), item.get("why")) == ("101", None, None)
