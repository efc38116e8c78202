"""`/poll` and `/snapshot`: one answer at a time, and nothing kept between."""

import asyncio

import aiohttp
import pytest

from tests.blackbox.problems import fetch
from tests.support.admin import Admin
from tests.support.client import Frame, Reader, offset
from tests.support.doors import DOORS, Query, visit
from tests.support.server import Server


async def _poll(
    http: aiohttp.ClientSession, server: Server, query: Query, cursor: str | None = None
) -> Frame:
    place: Query = {} if cursor is None else {"cursor": cursor}
    answer = await fetch(http, f"{server.url}/poll", {**query, **place})
    assert answer.status == 200, answer
    assert answer.body.keys() >= {"cursor", "frames", "more"}
    return answer.body


async def test_without_a_cursor_a_snapshot_at_once(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    await admin.inject({"topic": f"score:{name}.A", "set": {"n": 1}})
    body = await _poll(http, server, {"topics": f"score:{name}.*", "wait": 55})
    assert [frame["type"] for frame in body["frames"]] == ["snapshot"]
    assert [item["data"] for item in body["frames"][0]["items"]] == [{"n": 1}]
    assert body["frames"][0]["cursor"] == body["cursor"]
    assert body["more"] is False


async def test_the_snapshot_is_whole_in_one_answer(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    for part in range(3):
        topics = [f"score:{name}.{part}.{number}" for number in range(1000)]
        await admin.inject([{"topic": topic, "set": {"n": 1}} for topic in topics])
    reader = Reader()
    query: Query = {"topics": f"score:{name}.*"}
    await visit(http, "poll", server.url, query, reader, lambda: False)
    assert len(reader.items) == 3000
    answer = await fetch(http, f"{server.url}/snapshot", query)
    assert len(answer.body["items"]) == 3000


async def test_nothing_new_within_wait_is_empty_and_the_cursor_may_move(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    query: Query = {"topics": f"score:{name}.A", "wait": 0}
    first = await _poll(http, server, query)
    again = await _poll(http, server, query, first["cursor"])
    assert (again["frames"], again["more"]) == ([], False)
    await admin.inject({"topic": f"score:{name}.B", "set": {"n": 1}})
    again = await _poll(http, server, {**query, "wait": 1}, first["cursor"])
    assert again["frames"] == []
    assert offset(again["cursor"]) >= offset(first["cursor"])


async def test_it_answers_as_soon_as_there_is_something(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic = f"score:{name}.A"
    query: Query = {"topics": topic, "wait": 55}
    first = await _poll(http, server, query)
    async with asyncio.timeout(5):
        waiting = asyncio.create_task(_poll(http, server, query, first["cursor"]))
        await admin.inject({"topic": f"score:{name}.B", "set": {"n": 1}})
        await admin.inject({"topic": topic, "set": {"n": 1}})
        body = await waiting
    [update] = body["frames"]
    assert [(item["v"], item["data"]) for item in update["items"]] == [(1, {"n": 1})]
    assert body["cursor"] == update["cursor"]


async def test_more_says_that_another_answer_is_ready(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    query: Query = {"topics": f"score:{name}.*", "wait": 55}
    cursor = (await _poll(http, server, query))["cursor"]
    for part in range(3):
        topics = [f"score:{name}.{part}.{number}" for number in range(900)]
        await admin.inject([{"topic": topic, "set": {"n": 1}} for topic in topics])
    seen: list[str] = []
    more = True
    answers = 0
    while more:
        body = await _poll(http, server, query, cursor)
        found = [frame.get("items", []) for frame in body["frames"]]
        assert 0 < sum(map(len, found)) <= 1000
        seen += [item["topic"] for items in found for item in items]
        cursor, more = body["cursor"], body["more"]
        answers += 1
    assert answers >= 3
    assert len(seen) == len(set(seen)) == 2700


async def test_an_answer_is_at_most_a_mebibyte(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    query: Query = {"topics": f"score:{name}.*", "wait": 55}
    cursor = (await _poll(http, server, query))["cursor"]
    event = {"kind": "x", "data": {"a": "x" * 16_000}}
    for _ in range(3):
        await admin.inject([{"topic": f"score:{name}.{n}", "event": event} for n in range(50)])
    events = 0
    more = True
    while more:
        answer = await fetch(http, f"{server.url}/poll", {**query, "cursor": cursor})
        assert len(answer.text.encode()) <= 2**20
        events += sum(len(frame.get("events", [])) for frame in answer.body["frames"])
        cursor, more = answer.body["cursor"], answer.body["more"]
    assert events == 150


@pytest.mark.parametrize("option", ["conflate_ms", "window_ms"])
async def test_it_gathers_for_as_long_as_asked_after_the_first_change(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str, option: str
) -> None:
    topic = f"score:{name}.A"
    query: Query = {"topics": topic, "wait": 55, option: 800}
    first = await _poll(http, server, query)
    async with asyncio.timeout(5):
        waiting = asyncio.create_task(_poll(http, server, query, first["cursor"]))
        for n in range(3):
            await admin.inject({"topic": topic, "set": {"n": n}, "event": {"kind": f"k{n}"}})
        body = await waiting
    updates = body["frames"]
    events = [event["kind"] for update in updates for event in update["events"]]
    assert events == ["k0", "k1", "k2"]
    assert max(item["v"] for update in updates for item in update["items"]) == 3


async def test_all_doors_give_the_same_items(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topics = [f"score:{name}.A", f"price:{name}.B"]
    for n in range(3):
        await admin.inject(
            [
                {"topic": topics[0], "set": {"n": n, "home": {"score": n}}},
                {"topic": topics[1], "set": {"price": f"1.{n}0", "open": "1.05"}},
            ]
        )
    query = {"topics": f"score:{name}.*,{name}.*"}
    plain = (await fetch(http, f"{server.url}/snapshot", query)).body["items"]
    whole = {item["topic"]: (item["v"], item["data"]) for item in plain}
    assert whole[topics[0]] == (3, {"n": 2, "home": {"score": 2}})
    assert whole[topics[1]] == (
        3,
        {
            "price": "1.20",
            "open": "1.05",
            "high": "1.20",
            "low": "1.00",
            "change": "0.15",
            "change_pct": "14.29",
        },
    )
    for door in DOORS:
        reader = Reader(door)

        def placed(reader: Reader = reader) -> bool:
            return reader.cursor is not None

        await visit(http, door, server.url, query, reader, placed)
        assert {t: (reader.versions[t], reader.items[t]) for t in reader.items} == whole


async def test_a_snapshot_has_an_etag_that_changes_with_its_items(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic, url = f"score:{name}.A", f"{server.url}/snapshot"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    first = await fetch(http, url, {"topics": topic})
    assert first.body.keys() >= {"cursor", "items"}
    tag = first.headers["ETag"]
    unchanged = await fetch(http, url, {"topics": topic}, headers={"If-None-Match": tag})
    assert (unchanged.status, unchanged.text) == (304, "")
    assert unchanged.headers["ETag"] == tag
    await admin.inject({"topic": topic, "set": {"n": 2}})
    second = await fetch(http, url, {"topics": topic}, headers={"If-None-Match": tag})
    assert second.status == 200
    assert second.headers["ETag"] != tag
    assert second.body["items"][0]["data"] == {"n": 2}


async def test_the_snapshots_cursor_is_a_place_to_go_on_from(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    snapshot = (await fetch(http, f"{server.url}/snapshot", {"topics": topic})).body
    await admin.inject({"topic": topic, "set": {"n": 2}})
    body = await _poll(http, server, {"topics": topic}, snapshot["cursor"])
    [update] = body["frames"]
    assert [(item["v"], item["set"]) for item in update["items"]] == [(2, {"n": 2})]


async def test_answers_say_who_else_may_have_them(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic, url = f"score:{name}.A", f"{server.url}/poll"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    first = await fetch(http, url, {"topics": topic})
    start = {"topics": topic, "cursor": first.body["cursor"]}
    still = await fetch(http, url, {**start, "wait": 1}, headers={"Feed-Key-Seconds": "1"})
    await admin.inject({"topic": topic, "set": {"n": 2}})
    news = await fetch(http, url, start)
    moved = await fetch(http, url, {**start, "topics": f"score:{name}.B", "wait": 0})
    caching = [answer.headers["Cache-Control"] for answer in (first, still, news)]
    assert caching == ["public, max-age=0, s-maxage=1", "no-store", "public, max-age=0, s-maxage=5"]
    assert still.headers["X-Accel-Expires"] == "1"
    assert moved.headers["Cache-Control"] == "public, max-age=0, s-maxage=5"
    assert {answer.headers["Vary"] for answer in (first, still, news, moved)} == {"Origin"}
    known = {"If-None-Match": news.headers["ETag"]}
    again = await fetch(http, url, start, headers=known)
    assert (again.status, again.text) == (304, "")
    known = {"If-None-Match": first.headers["ETag"]}
    assert (await fetch(http, url, {"topics": topic}, headers=known)).status == 200


async def test_many_who_wait_for_the_same_are_told_the_same_bytes(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic, url = f"score:{name}.A", f"{server.url}/poll"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    cursor = (await _poll(http, server, {"topics": topic}))["cursor"]
    queries: list[Query] = [
        {"topics": topic, "cursor": cursor},
        {"cursor": cursor, "wait": 55, "topics": f"{topic},{topic}"},
    ]
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        polls = [group.create_task(fetch(http, url, query)) for query in queries * 20]
        await admin.inject({"topic": topic, "set": {"n": 2}})
    assert len({poll.result().text for poll in polls}) == 1
