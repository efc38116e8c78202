"""The door to what was: one topic or several, what of it, and who may keep the answer."""

import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from feed.errors import BadQuery
from feed.limits import DEFAULTS
from feed.log.memory import MemoryLog
from feed.web import keys
from feed.web.history import history
from tests.support.clock import run_virtual
from tests.support.past import B, Instance, M, running, until
from tests.support.request import Headers
from tests.support.transport import PUBLIC

START_MS = M * 60_000


async def ask(one: Instance, query: str, headers: Headers = ()) -> web.Response:
    """The answer to `/history?{query}`."""
    app = web.Application()
    app[keys.HUB], app[keys.HISTORY], app[keys.GRANTS] = one.hub, one.history, PUBLIC
    app[keys.LIMITS] = DEFAULTS
    return await history(make_mocked_request("GET", f"/history?{query}", dict(headers), app=app))


def told(answer: web.Response) -> dict[str, Any]:
    assert isinstance(answer.body, bytes)
    body: dict[str, Any] = json.loads(answer.body)
    return body


def test_the_points_of_one_price() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            await one.put({"price": "2"})
            await one.put({"price": "3.0"})
            await until(1)
            body = told(await ask(one, "topic=A"))
            assert body == {
                "cursor": one.hub.live.cursor(2),
                "step_ms": 60_000,
                "from": START_MS - 298 * 60_000,
                "to": START_MS + 120_000,
                "topic": "price:A",
                "points": [
                    {"ts": START_MS, "open": "2", "high": "3.0", "low": "2", "close": "3.0"},
                    {
                        "ts": START_MS + 60_000,
                        **dict.fromkeys(("open", "high", "low", "close"), "3.0"),
                    },
                ],
            }
            few = told(await ask(one, "topic=price:A&points=1&fields=low,close"))
            assert few["from"] == START_MS + 60_000
            assert few["points"] == [{"ts": START_MS + 60_000, "low": "3.0", "close": "3.0"}]
            fine = told(await ask(one, "topic=A&span_s=45&points=9&fields=close"))
            assert fine["step_ms"] == 5_000
            assert [point["close"] for point in fine["points"]] == ["3.0"] * 9
            assert fine["points"][0]["ts"] == fine["from"] == START_MS + 20_000

    run_virtual(scene())


def test_of_a_topic_that_nobody_has_heard_of_there_is_nothing() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            assert told(await ask(one, "topic=NONE"))["points"] == []
            assert told(await ask(one, "topic=score:NONE"))["events"] == []
            assert told(await ask(one, "topics=score:NO.*"))["history"] == []

    run_virtual(scene())


def test_several_topics_at_once() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            await one.put({"price": "1"})
            await one.put({"price": "2"}, B)
            await one.put({}, "score:L.A-B", "g-1")
            body = told(await ask(one, "topics=score:*,price:*,NONE,A&fields=close"))
            assert "topic" not in body
            assert [each["topic"] for each in body["history"]] == [
                "price:A",
                "price:B",
                "price:NONE",
                "score:L.A-B",
            ]
            assert body["history"][1] == {
                "topic": "price:B",
                "points": [{"ts": START_MS, "close": "2"}],
            }
            [event] = body["history"][3]["events"]
            assert (event["id"], event["op"], event["kind"]) == ("g-1", "add", "goal")
            alone = told(await ask(one, "topics=B"))
            assert [each["topic"] for each in alone["history"]] == ["price:B"]

    run_virtual(scene())


def test_who_sees_all_later_is_told_of_no_goal_before_its_time() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            await one.put({}, "score:A", "g-1")
            await one.put({"price": "1"})
            await until(0, 50)
            await one.put({}, "score:A", "g-2")
            now = told(await ask(one, "topic=score:A"))
            late = told(await ask(one, "topic=score:A&delay_ms=12000"))
            assert [event["id"] for event in now["events"]] == ["g-1", "g-2"]
            assert [event["id"] for event in late["events"]] == ["g-1"]
            assert late["cursor"] == one.hub.live.cursor(2)
            points = told(await ask(one, "topic=A&span_s=10&delay_ms=12000"))["points"]
            assert [point["ts"] - START_MS for point in points] == [25_000, 30_000]

    run_virtual(scene())


def test_who_has_it_is_told_so_while_only_the_cursor_moves() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            await one.put({"price": "1"})
            answer = await ask(one, "topic=A")
            tag = answer.headers["ETag"]
            assert tag.startswith('W/"')
            assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=1"
            await one.put({"price": "1"}, B)
            again = await ask(one, "topic=A", [("If-None-Match", tag)])
            assert (again.status, again.body) == (304, None)
            assert again.headers["ETag"] == tag
            await one.put({"price": "2"})
            changed = await ask(one, "topic=A", [("If-None-Match", tag)])
            assert changed.status == 200
            assert changed.headers["ETag"] != tag
            other = await ask(one, "topic=A&fields=low", [("If-None-Match", tag)])
            assert other.status == 200

    run_virtual(scene())


def test_what_is_asked_for_with_credentials_is_nobody_else_s() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            answer = await ask(one, "topic=A", [("Authorization", "Bearer x")])
            assert answer.headers["Cache-Control"] == "private, no-store"

    run_virtual(scene())


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("", "topics"),
        ("topics=", "topics"),
        ("topic=A&topics=B", "topic"),
        ("topic=A&topic=B", "topic"),
        ("topic=A&points=0", "points"),
        ("topic=A&points=1001", "points"),
        ("topic=A&points=-1", "points"),
        ("topic=A&points=1.5", "points"),
        ("topic=A&points=many", "points"),
        ("topic=A&points=" + "9" * 5000, "points"),
        ("topic=A&points=\N{ARABIC-INDIC DIGIT ONE}", "points"),
        ("topic=A&span_s=4", "span_s"),
        ("topic=A&span_s=2678401", "span_s"),
        ("topic=A&fields=close,volume", "fields"),
        ("topic=A&fields=,", "fields"),
        ("topic=A&delay_ms=600001", "delay_ms"),
        ("topics=" + ",".join(f"T{n}" for n in range(101)), "topics"),
        ("points=1000&topics=" + ",".join(f"T{n}" for n in range(11)), "topics"),
        ("span_s=2678400&topics=A,B", "topics"),
        ("topics=A,b%20c", "topics=b c"),
    ],
)
def test_what_cannot_be_answered(query: str, fault: str) -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            with pytest.raises(BadQuery) as refused:
                await ask(one, query)
            assert [found.path for found in refused.value.faults] == [fault]

    run_virtual(scene())


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("topic=A&points=0", "bad_option"),
        ("topics=" + ",".join(f"T{n}" for n in range(101)), "too_many_topics"),
        ("points=1000&topics=" + ",".join(f"T{n}" for n in range(11)), "too_much"),
    ],
)
def test_programs_are_told_what_is_wrong(query: str, code: str) -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            with pytest.raises(BadQuery) as refused:
                await ask(one, query)
            assert refused.value.code == code

    run_virtual(scene())


@pytest.mark.parametrize("topic", ["", "*", "price:*", "volume:A", "a b"])
def test_a_topic_is_one_topic(topic: str) -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            with pytest.raises(BadQuery) as refused:
                await ask(one, f"topic={topic.replace(' ', '%20')}")
            assert refused.value.code == "bad_topic"
            assert [fault.path for fault in refused.value.faults] == ["topic"]

    run_virtual(scene())


@pytest.mark.parametrize(
    "query",
    [
        "points=100&topics=" + ",".join(f"T{n}" for n in range(100)),
        "points=1000&topics=" + ",".join(f"T{n}" for n in range(10)),
        "points=1000&span_s=2678400&topic=A",
        "topic=A&points=&span_s=&fields=&delay_ms=",
        "points=1000&topics=" + ",".join(f"score:T{n}" for n in range(100)),
    ],
)
def test_as_much_can_be_answered(query: str) -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            assert (await ask(one, query)).status == 200

    run_virtual(scene())
