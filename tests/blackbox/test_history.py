"""What was, from outside: over a kill, beyond the log, of a replay, and through a cache."""

import asyncio
import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from feed.clock import SystemClock
from feed.log.sqlite import SqliteLog
from feed.model.bar import Bar
from tests.blackbox.conftest import Serve
from tests.blackbox.problems import check_problem, fetch
from tests.support.admin import Admin
from tests.support.client import Frame
from tests.support.nginx import Nginx, nginx
from tests.support.records import fill
from tests.support.server import Server

MINUTE_MS = 60_000
READERS = 100


async def points(http: aiohttp.ClientSession, server: Server, query: str) -> list[Frame]:
    """The points that it answers."""
    answer = await fetch(http, f"{server.url}/history", query)
    assert answer.status == 200, answer
    found: list[Frame] = answer.body["points"]
    return found


async def test_prices_and_goals_that_were_injected(
    server: Server, http: aiohttp.ClientSession, admin: Admin, name: str
) -> None:
    match = f"score:{name}.A"
    for price in ("191.00", "192.50", "189.75", "190.25"):
        await admin.inject({"topic": name, "set": {"price": price}})
    goal = {"kind": "goal", "id": "g-1", "data": {"side": "home"}}
    await admin.inject({"topic": match, "set": {"home": {"score": 1}}, "event": goal})
    taken_back = {"op": "void", "id": "g-1", "data": {"why": "offside"}}
    done = await admin.inject({"topic": match, "event": taken_back})

    told = await points(http, server, f"topic={name}&points=60&span_s=300&fields=high,low,close")
    assert told[-1]["close"] == "190.25"
    assert max(Decimal(point["high"]) for point in told) == Decimal("192.50")
    assert min(Decimal(point["low"]) for point in told) == Decimal("189.75")
    answer = await fetch(http, f"{server.url}/history", f"topics={match},{name}&points=1")
    price, score = answer.body["history"]
    assert (price["topic"], score["topic"]) == (f"price:{name}", match)
    assert [(event["op"], event["data"]) for event in score["events"]] == [
        ("add", {"side": "home"}),
        ("void", {"why": "offside"}),
    ]
    assert answer.body["cursor"] == done["cursor"]


async def test_nothing_of_it_is_lost_by_a_kill(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await asyncio.to_thread(serve)
    admin = Admin(http, server.url)
    for price in range(20):
        await admin.inject({"topic": "A", "set": {"price": str(price)}})
    before = await points(http, server, "topic=A&points=60&span_s=300")
    server.kill()
    await asyncio.to_thread(server.start)
    after = await points(http, server, "topic=A&points=60&span_s=300")
    assert after[: len(before) - 1] == before[:-1]
    assert after[len(before) - 1]["close"] == "19"


async def test_minutes_are_there_that_the_log_has_let_go(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve)
    assert server.stop() == 0
    log = await SqliteLog.open(server.directory / "feed.db")
    minute = SystemClock().now_ms() // MINUTE_MS - 10
    for n in range(6):
        bar = Bar(None if n in (0, 3) else str(n), str(n), str(n + 1), str(n), str(n + 1))
        await log.keep(minute + n, {} if n in (2, 5) else {"price:A": bar}, 100)
    await fill(log, 5, at_ms=minute * MINUTE_MS)
    await log.trim(6)
    await log.aclose()

    await asyncio.to_thread(server.start)
    told = await points(http, server, "topic=A&points=60&fields=open,close")
    shown = {
        point["ts"] // MINUTE_MS - minute: f"{point['open']} {point['close']}" for point in told
    }
    late = {n: shown.pop(n) for n in list(shown) if n >= 10}
    assert shown == {0: "0 1", 1: "1 2", 3: "3 4", 4: "4 5", 5: "5 5"}, "2: no word before 3"
    assert set(late.values()) == {"5 5"}, "it stands; from 6 to 9 nobody was there"


async def test_what_is_replayed_is_a_chart_of_now(
    serve: Serve, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    prices = ["10", "12.5", "9.75", "11", "10.0"]
    rows = io.StringIO()
    csv.writer(rows).writerows([(second * 1000, price) for second, price in enumerate(prices)])
    (tmp_path / "trades.csv").write_text(rows.getvalue())
    (tmp_path / "feed.toml").write_text(
        f"""
[[source]]
type = "replay"
name = "trades"
format = "csv"
path = "{tmp_path}/trades.csv"
topic = "A"
columns = ["ms", "close"]
time = "ms"
date = "2016-10-07"
fields = {{ close = "price" }}
speed = 0
"""
    )
    settings = {"FEED_CONFIG": str(tmp_path / "feed.toml"), "FEED_SOURCES": "on"}
    server = await asyncio.to_thread(serve, **settings)
    async with asyncio.timeout(20):
        while True:
            told = await points(http, server, "topic=A&points=1000&span_s=600")
            if told and told[-1]["close"] == "10.0":
                break
    assert told[0]["open"] == "10"
    assert max(Decimal(point["high"]) for point in told) == Decimal("12.5")
    assert min(Decimal(point["low"]) for point in told) == Decimal("9.75")
    assert abs(told[-1]["ts"] - SystemClock().now_ms()) < 2 * MINUTE_MS


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "bad_topic"),
        ("topics=A%20B", "bad_topic"),
        ("topic=*", "bad_topic"),
        ("topic=A&topics=A", "bad_option"),
        ("topic=A&points=0", "bad_option"),
        ("topic=A&span_s=x", "bad_option"),
        ("topic=A&fields=volume", "bad_option"),
        ("topic=A&points=1000&span_s=99999999999999999999", "bad_option"),
        ("span_s=2678400&topics=A,B,C", "too_much"),
        ("topics=" + ",".join(f"T{n}" for n in range(101)), "too_many_topics"),
    ],
)
async def test_bad_questions(
    server: Server, http: aiohttp.ClientSession, query: str, code: str
) -> None:
    answer = await fetch(http, f"{server.url}/history", query)
    check_problem(answer, 400)
    assert answer.body["code"] == code


async def test_pages_of_others_may_not_read_it(server: Server, http: aiohttp.ClientSession) -> None:
    headers = {"Origin": "https://else.example"}
    answer = await fetch(http, f"{server.url}/history", "topic=A", headers=headers)
    check_problem(answer, 403)
    own = await fetch(http, f"{server.url}/history", "topic=A", headers={"Origin": server.url})
    assert own.status == 200
    assert own.headers["Vary"] == "Origin"


@pytest.mark.skipif(nginx() is None, reason="nginx is not installed")
async def test_through_a_cache_few_requests_reach_the_server(
    server: Server, http: aiohttp.ClientSession, admin: Admin, name: str, tmp_path: Path
) -> None:
    await admin.inject({"topic": name, "set": {"price": "1"}})
    query: dict[str, Any] = {"topics": f"price:{name}", "points": 60}
    with Nginx(tmp_path, server.address) as cache:
        url = f"{cache.url}/history"
        answers = await asyncio.gather(*[fetch(http, url, query) for _ in range(READERS)])
        assert {answer.status for answer in answers} == {200}
        known = {"If-None-Match": answers[0].headers["ETag"]}
        assert (await fetch(http, url, query, headers=known)).status in {200, 304}
        reached = [each for each in cache.finish() if each.reached_the_origin]
    assert len(reached) < READERS / 5, reached
