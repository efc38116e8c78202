"""Polls through a real nginx, set up as the operations' page says: many clients, few requests."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.blackbox.conftest import SOAK, Serve
from tests.blackbox.problems import fetch
from tests.support.admin import Admin
from tests.support.client import Reader
from tests.support.doors import Query, visit
from tests.support.nginx import Nginx, nginx
from tests.support.server import Server

pytestmark = pytest.mark.skipif(nginx() is None, reason="nginx is not installed")

POLLERS = 200
CHANGES = 6
AT_ONCE = 3
"""So many requests for one answer may reach the server: the key changes every ten seconds."""

ORIGINS = ("https://one.example", "https://two.example")


@pytest.fixture
def cache(server: Server, tmp_path: Path) -> Iterator[Nginx]:
    """One before the shared server."""
    with Nginx(tmp_path, server.address) as cache:
        yield cache


@pytest.fixture
async def crowd() -> AsyncIterator[aiohttp.ClientSession]:
    """Any number of clients, which keep their connections."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        yield session


class Audience:
    """Pollers of the same, each at its own pace, and how many of them have seen what."""

    def __init__(self, session: aiohttp.ClientSession, url: str, query: Query) -> None:
        self.readers = [Reader(f"poller {number}") for number in range(POLLERS)]
        self._session = session
        self._url = url
        self._query = query
        self._seen: Counter[int] = Counter()
        self._more_seen = asyncio.Event()

    async def watch(self, reader: Reader, events: int) -> None:
        """Poll until so many events were seen."""
        while reader.cursor is None or len(reader.events) < events:
            before = len(reader.events) if reader.cursor else -1
            await visit(self._session, "poll", self._url, self._query, reader, lambda: False)
            self._seen.update(range(before + 1, len(reader.events) + 1))
            self._more_seen.set()

    async def all_have_seen(self, events: int) -> None:
        """Wait until everybody has seen so many; 0: has its first snapshot."""
        while self._seen[events] < POLLERS:
            self._more_seen.clear()
            await self._more_seen.wait()


async def test_every_poller_sees_every_event_for_a_few_requests_of_the_server(
    cache: Nginx, crowd: aiohttp.ClientSession, admin: Admin, name: str
) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"n": 0}})
    audience = Audience(crowd, cache.url, {"topics": topic, "wait": 25})
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for reader in audience.readers:
            group.create_task(audience.watch(reader, CHANGES))
        for n in range(CHANGES):
            await audience.all_have_seen(n)
            goal = {"kind": "goal", "id": f"g-{n}"}
            await admin.inject({"topic": topic, "set": {"n": n + 1}, "event": goal})
    for reader in audience.readers:
        assert [event["id"] for event in reader.events] == [f"g-{n}" for n in range(CHANGES)]
        assert reader.resets == []
        assert reader.items == {topic: {"n": CHANGES}}
    served = cache.finish()
    assert len(served) >= POLLERS * (CHANGES + 1)
    reached = [each for each in served if each.reached_the_origin]
    assert len(reached) <= AT_ONCE * (CHANGES + 1), reached


async def test_an_empty_answer_is_for_all_too_where_it_moves_the_cursor(
    cache: Nginx, crowd: aiohttp.ClientSession, admin: Admin, name: str
) -> None:
    await admin.inject({"topic": f"score:{name}.A", "set": {"n": 0}})
    query: Query = {"topics": f"score:{name}.A", "wait": 1}
    start = (await fetch(crowd, f"{cache.url}/poll", query)).body["cursor"]
    await admin.inject({"topic": f"score:{name}.B", "set": {"n": 0}})
    polls = [fetch(crowd, f"{cache.url}/poll", {**query, "cursor": start}) for _ in range(POLLERS)]
    answers = await asyncio.gather(*polls)
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].body["frames"] == []
    assert answers[0].body["cursor"] != start
    reached = [each for each in cache.finish() if each.reached_the_origin]
    assert len(reached) <= 1 + AT_ONCE, reached


async def test_a_poller_that_goes_takes_nobody_with_it(
    cache: Nginx, crowd: aiohttp.ClientSession, admin: Admin, name: str
) -> None:
    topic = f"score:{name}.A"
    change = {"topic": topic, "set": {"n": 0}}
    await admin.inject(change)
    query: Query = {"topics": topic}
    start = (await fetch(crowd, f"{cache.url}/poll", query)).body["cursor"]

    async def watch() -> str:
        return (await fetch(crowd, f"{cache.url}/poll", {**query, "cursor": start})).text

    async with asyncio.timeout(10):
        first = asyncio.create_task(watch())
        waiting = 0
        while not waiting:
            previewed = await admin.post("inject?dry_run=1", f'{{"topic":"{topic}","set":{{}}}}')
            waiting = previewed.body["subscribers"]
        others = [asyncio.create_task(watch()) for _ in range(10)]
        first.cancel()
        await asyncio.wait([first])
        await admin.inject({"topic": topic, "set": {"n": 1}})
        answers = await asyncio.gather(*others)
    assert all('"set":{"n":1}' in answer for answer in answers)


async def test_snapshots_are_for_all_and_who_has_one_is_told_so(
    cache: Nginx, crowd: aiohttp.ClientSession, admin: Admin, name: str
) -> None:
    await admin.inject({"topic": f"score:{name}.A", "set": {"n": 1}})
    url, query = f"{cache.url}/snapshot", {"topics": f"score:{name}.A"}
    answers = await asyncio.gather(*[fetch(crowd, url, query) for _ in range(POLLERS)])
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].body["items"][0]["data"] == {"n": 1}
    known = {"If-None-Match": answers[0].headers["ETag"]}
    assert (await fetch(crowd, url, query, headers=known)).status == 304
    reached = [each for each in cache.finish() if each.reached_the_origin]
    assert len(reached) <= AT_ONCE, reached


async def test_what_is_asked_for_with_credentials_goes_past_the_cache(
    cache: Nginx, crowd: aiohttp.ClientSession, name: str
) -> None:
    url = f"{cache.url}/snapshot"
    for query, headers in (
        ({"topics": name}, {"Authorization": "Bearer x"}),
        ({"topics": name, "token": "x"}, {}),
    ):
        for _ in range(2):
            answer = await fetch(crowd, url, query, headers=headers)
            assert answer.headers["Cache-Control"] == "private, no-store"
    assert [each.cache for each in cache.finish()] == ["BYPASS"] * 4


async def test_each_origin_gets_its_own_answer(
    serve: Serve, crowd: aiohttp.ClientSession, tmp_path: Path
) -> None:
    server = await asyncio.to_thread(serve, FEED_ALLOWED_ORIGINS=",".join(ORIGINS))
    (tmp_path / "cache").mkdir()
    with Nginx(tmp_path / "cache", server.address) as cache:
        for origin in (*ORIGINS, None, *ORIGINS, None):
            headers = {"Origin": origin} if origin else {}
            answer = await fetch(crowd, f"{cache.url}/poll", {"topics": "A"}, headers=headers)
            assert answer.status == 200
            assert answer.headers.get("Access-Control-Allow-Origin") == origin
            assert answer.headers["Vary"] == "Origin"
        for _ in range(2):
            foreign = {"Origin": "https://three.example"}
            answer = await fetch(crowd, f"{cache.url}/poll", {"topics": "A"}, headers=foreign)
            assert answer.status == 403
        kinds = Counter(each.cache for each in cache.finish())
    assert kinds["HIT"] >= 1, kinds
    assert kinds["MISS"] >= 5, kinds


@pytest.mark.skipif(not SOAK, reason="it waits half a minute: FEED_SOAK=1")
async def test_in_silence_nobody_spins_and_few_requests_reach_the_server(
    cache: Nginx, crowd: aiohttp.ClientSession, name: str
) -> None:
    rounds, query = 3, {"topics": f"score:{name}.A", "wait": 10}

    async def watch() -> None:
        cursor = (await fetch(crowd, f"{cache.url}/poll", query)).body["cursor"]
        for _ in range(rounds):
            answer = await fetch(crowd, f"{cache.url}/poll", {**query, "cursor": cursor})
            assert answer.body == {"cursor": cursor, "frames": [], "more": False}

    began_s = asyncio.get_running_loop().time()
    await asyncio.gather(*[watch() for _ in range(POLLERS)])
    assert asyncio.get_running_loop().time() - began_s > 10 * (rounds - 1)
    reached = [each for each in cache.finish() if each.reached_the_origin]
    assert len(reached) <= AT_ONCE + rounds * 2, reached
