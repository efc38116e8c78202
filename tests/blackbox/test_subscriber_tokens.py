"""A feed that is not for everybody: each door shows what a token names, for as long as it says."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from feed.client import Ended, Feed
from feed.clock import SystemClock
from tests.blackbox.problems import check_problem, fetch
from tests.support.admin import Admin
from tests.support.doors import websocket
from tests.support.server import TOKEN, Server
from tests.support.token import SECRET, token

DOORS = ("sse", "poll", "snapshot", "history")


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a secret."""
    directory: Path = tmp_path_factory.mktemp("private")
    with Server(directory, {"FEED_SUBSCRIBER_SECRET": SECRET, "FEED_HEARTBEAT_S": "1"}) as server:
        yield server
        assert "Traceback" not in server.output
        assert "eyJ" not in server.output, "no token is logged"


def now_s() -> float:
    return SystemClock().now_ms() / 1000


def lasting(*topics: str) -> str:
    return token(*topics, exp_s=now_s() + 3600)


@pytest.mark.parametrize("door", DOORS)
async def test_each_door_needs_one(private: Server, http: aiohttp.ClientSession, door: str) -> None:
    url, bearer = f"{private.url}/{door}", {"Authorization": f"Bearer {lasting('A')}"}
    none = await fetch(http, url, {"topics": "A"})
    bad = await fetch(http, url, {"topics": "A", "token": "x.y.z"})
    for answer in (none, bad):
        check_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert none.body == bad.body
    outside = await fetch(http, url, {"topics": "A,B,score:*"}, headers=bearer)
    check_problem(outside, 403)
    assert outside.body["code"] == "forbidden"
    assert [each["path"] for each in outside.body["errors"]] == [
        "topics=price:B",
        "topics=score:*",
    ]
    good = await fetch(http, url, {"topics": "A", "wait": "0"}, headers=bearer)
    assert good.status == 200
    if door != "sse":
        assert good.headers["Cache-Control"] == "private, no-store"
    named = await fetch(http, url, {"topics": "A", "wait": "0", "token": lasting("A")})
    assert named.status == 200


async def test_the_page_shows_what_is_ours(private: Server, http: aiohttp.ClientSession) -> None:
    admin = Admin(http, private.url)
    await admin.inject({"topic": "OURS", "set": {"price": "1"}})
    await admin.inject({"topic": "THEIRS", "set": {"price": "2"}})
    assert (await fetch(http, private.url)).status == 401
    async with http.get(f"{private.url}/?token={lasting('OURS')}") as answer:
        page = await answer.text()
    assert "OURS" in page
    assert "THEIRS" not in page


async def test_a_websocket_takes_it_in_the_url_and_in_a_frame(private: Server) -> None:
    async with websocket(private.url, {"topics": "A", "token": lasting("A")}) as socket:
        await socket.until("snapshot")
    async with websocket(private.url, {"topics": "A,B"}) as socket:
        await socket.until("welcome")
        await socket.send(type="auth", id=1, token=lasting("A"))
        told = await socket.until("subscribed")
        assert told["topics"] == ["price:A"]
        assert [each["code"] for each in told["rejected"]] == ["forbidden"]
    async with websocket(private.url, {"topics": "A", "token": "x"}) as socket:
        assert await socket.closed() == 4401


async def test_who_resumes_with_another_token_is_shown_no_more(
    private: Server, http: aiohttp.ClientSession
) -> None:
    admin = Admin(http, private.url)
    begin = await admin.inject({"topic": "WIDE", "set": {"price": "1"}})
    await admin.inject({"topic": "WIDE", "set": {"price": "2"}})
    await admin.inject({"topic": "NARROW", "set": {"price": "3"}})
    query = {"topics": "WIDE,NARROW", "cursor": begin["cursor"], "token": lasting("NARROW")}
    check_problem(await fetch(http, f"{private.url}/poll", query), 403)
    async with websocket(private.url, query) as socket:
        frame = await socket.until("update")
        assert [item["topic"] for item in frame["items"]] == ["price:NARROW"]


async def test_a_connection_ends_with_its_token(private: Server) -> None:
    brief = token("A", exp_s=now_s() + 1.5)
    async with websocket(private.url, {"topics": "A", "token": brief}) as socket:
        await socket.until("snapshot")
        assert await socket.closed() == 4401


async def test_the_python_client_brings_it_and_ends_with_it(
    private: Server, http: aiohttp.ClientSession
) -> None:
    await Admin(http, private.url).inject({"topic": "A", "set": {"price": "1"}})
    brief = token("A", exp_s=now_s() + 2)
    async with Feed(private.url, token=brief) as feed, asyncio.timeout(20):
        changes = feed.changes("A")
        assert (await anext(changes)).topic == "price:A"
        with pytest.raises(Ended):
            await anext(changes)
        cursor = feed.cursor
    async with Feed(private.url, token=lasting("A"), cursor=cursor) as feed:
        assert (await anext(feed.changes("A"))).topic == "price:A"


async def test_an_admin_who_is_signed_in_sees_all(
    private: Server, http: aiohttp.ClientSession
) -> None:
    form = {"token": TOKEN}
    async with http.post(
        f"{private.url}/admin/sign-in", data=form, allow_redirects=False
    ) as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    for door in ("poll", "snapshot", "history"):
        seen = await fetch(
            http, f"{private.url}/{door}", {"topics": "*"}, headers={"Cookie": cookie}
        )
        assert seen.status == 200, door
    wrong = {"Cookie": f"{cookie[:-1]}{'A' if cookie[-1] != 'A' else 'B'}"}
    check_problem(await fetch(http, f"{private.url}/poll", {"topics": "*"}, headers=wrong), 401)


async def test_a_public_feed_reads_none(server: Server, http: aiohttp.ClientSession) -> None:
    answer = await fetch(http, f"{server.url}/snapshot", {"topics": "A", "token": "x"})
    assert answer.status == 200
