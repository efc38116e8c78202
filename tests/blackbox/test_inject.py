"""`/admin/inject`: what is accepted, what it does, and what the state does not allow."""

import asyncio
import json

import aiohttp
import pytest

from tests.blackbox.problems import check_problem, fetch
from tests.support.admin import Admin, Answer
from tests.support.client import Frame, offset
from tests.support.doors import websocket
from tests.support.server import Server


async def _refused(admin: Admin, body: object, status: int) -> Answer:
    answer = await admin.post("inject", json.dumps(body))
    check_problem(answer, status)
    return answer


async def _item(admin: Admin, topic: str) -> Frame | None:
    return (await admin.snapshot(topic)).get(topic)


async def test_set_merges_and_data_replaces(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    first = await admin.inject({"topic": topic, "set": {"a": {"b": 1, "c": None}, "d": 2}})
    assert first["results"] == [{"topic": topic, "v": 1}]
    assert first["duplicate"] is False
    await admin.inject({"topic": topic, "set": {"a": {"b": None, "e": [None, 1]}, "d": None}})
    item = await _item(admin, topic)
    assert item is not None
    assert (item["v"], item["data"]) == (2, {"a": {"e": [None, 1]}})
    await admin.inject({"topic": topic, "data": {"f": 3, "g": None, "h": {"i": None}}})
    item = await _item(admin, topic)
    assert item is not None
    assert (item["v"], item["data"]) == (3, {"f": 3, "h": {}})


async def test_a_ticker_without_kind_is_a_price(admin: Admin, name: str) -> None:
    answer = await admin.inject({"topic": f"{name}.A", "set": {"price": "1"}})
    assert answer["results"][0]["topic"] == f"price:{name}.A"


async def test_gone_ends_a_topic_and_versions_go_on(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    await _refused(admin, {"topic": topic, "gone": True}, 409)
    await admin.inject({"topic": topic, "set": {"a": 1}})
    gone = await admin.inject({"topic": topic, "gone": True})
    assert gone["results"][0]["v"] == 2
    assert await _item(admin, topic) is None
    await _refused(admin, {"topic": topic, "gone": True}, 409)
    await admin.inject({"topic": topic, "set": {"b": 2}})
    item = await _item(admin, topic)
    assert item is not None
    assert (item["v"], item["data"]) == (3, {"b": 2})


async def test_an_event_alone_makes_a_topic_and_then_leaves_its_version(
    admin: Admin, name: str
) -> None:
    topic = f"score:{name}.A"
    first = await admin.inject({"topic": topic, "event": {"kind": "goal", "id": "g-1"}})
    assert first["results"] == [{"topic": topic, "v": 1, "event": "g-1"}]
    item = await _item(admin, topic)
    assert item is not None
    assert (item["v"], item["data"]) == (1, {})
    second = await admin.inject({"topic": topic, "event": {"kind": "goal"}})
    assert second["results"][0]["v"] == 1
    assert second["results"][0]["event"]
    item = await _item(admin, topic)
    assert item is not None
    assert item["v"] == 1


async def test_events_are_added_amended_and_voided_by_id(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    goal = {"kind": "goal", "id": "g-1"}
    for op in ("amend", "void"):
        await _refused(admin, {"topic": topic, "event": goal | {"op": op}}, 404)
    await admin.inject({"topic": topic, "event": goal})
    await _refused(admin, {"topic": topic, "event": goal}, 409)
    await _refused(admin, {"topic": topic, "event": goal | {"op": "add"}}, 409)
    await _refused(admin, {"topic": topic, "event": goal | {"op": "void", "id": "g-2"}}, 404)
    await admin.inject({"topic": topic, "event": goal | {"op": "amend", "data": {"who": "x"}}})
    await admin.inject({"topic": topic, "event": goal | {"op": "void"}})
    await admin.inject({"topic": f"score:{name}.B", "event": goal})  # unique within a topic


async def test_if_v_lets_only_the_expected_version_change(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    refused = await _refused(admin, {"topic": topic, "set": {"a": 1}, "if_v": 1}, 409)
    assert refused.body["v"] == 0
    await admin.inject({"topic": topic, "set": {"a": 1}, "if_v": 0})
    refused = await _refused(admin, {"topic": topic, "set": {"a": 2}, "if_v": 0}, 409)
    assert refused.body["v"] == 1
    await admin.inject({"topic": topic, "set": {"a": 2}, "if_v": 1})
    answers = await asyncio.gather(
        *(
            admin.post("inject", json.dumps({"topic": topic, "set": {"a": 3 + i}, "if_v": 2}))
            for i in range(8)
        )
    )
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        ({"set": {"a": float("nan")}}, 400),
        ({"set": {"a": 1}, "colour": 1}, 422),
        ({"set": {"a": 1}, "if_v": 7}, 409),
        ({"gone": True}, 409),
        ({"event": {"kind": "goal", "op": "void", "id": "none"}}, 404),
    ],
)
async def test_a_batch_is_all_or_nothing(admin: Admin, name: str, bad: Frame, status: int) -> None:
    good = [{"topic": f"score:{name}.{key}", "set": {"a": 1}} for key in "ABC"]
    answer = await admin.post("inject", json.dumps([*good, {"topic": f"score:{name}.D"} | bad]))
    check_problem(answer, status)
    assert await admin.snapshot(f"score:{name}.*") == {}


async def test_a_batch_sees_its_own_earlier_changes(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    goal = {"kind": "goal", "id": "g-1"}
    answer = await admin.inject(
        [
            {"topic": topic, "set": {"a": 1}, "if_v": 0},
            {"topic": topic, "set": {"b": 2}, "if_v": 1, "event": goal},
            {"topic": topic, "gone": True},
            {"topic": topic, "data": {"c": 3}},
            {"topic": topic, "event": goal | {"op": "void"}},
        ]
    )
    assert [result["v"] for result in answer["results"]] == [1, 2, 3, 4, 4]
    item = await _item(admin, topic)
    assert item is not None
    assert item["data"] == {"c": 3}
    twice = [{"topic": topic, "event": {"kind": "goal", "id": "g-2"}}] * 2
    await _refused(admin, twice, 409)


async def test_a_thousand_in_one_call(admin: Admin, name: str) -> None:
    batch = [{"topic": f"score:{name}.{number}", "set": {"n": number}} for number in range(1000)]
    answer = await admin.inject(batch)
    assert [result["v"] for result in answer["results"]] == [1] * 1000
    assert len(await admin.snapshot(f"score:{name}.*")) == 1000


async def test_an_item_may_be_16_deep_and_16_kib_and_no_more(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    deep = '{"a":' * 15 + "{}" + "}" * 15
    answer = await admin.post("inject", f'{{"topic":"{topic}","set":{deep}}}')
    assert answer.status == 200, answer
    await admin.inject({"topic": f"score:{name}.B", "data": {"a": "x" * (16_384 - 8)}})
    check = {"topic": f"score:{name}.C", "data": {"a": "x" * (16_384 - 7)}}
    await _refused(admin, check, 422)


async def test_an_item_must_not_grow_over_16_kib_by_merging(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"a": "x" * 10_000}})
    await _refused(admin, {"topic": topic, "set": {"b": "x" * 10_000}}, 422)
    await admin.inject({"topic": topic, "set": {"b": "x" * 10_000, "a": None}})


async def test_an_item_must_not_grow_deeper_than_16_by_merging(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    deep = '{"a":' * 15 + "{}" + "}" * 15
    assert (await admin.post("inject", f'{{"topic":"{topic}","set":{deep}}}')).status == 200
    deeper = '{"a":' * 16 + "1" + "}" * 16
    assert (await admin.post("inject", f'{{"topic":"{topic}","set":{deeper}}}')).status == 200
    deepest = '{"a":' * 16 + "{}" + "}" * 16
    answer = await admin.post("inject", f'{{"topic":"{topic}","set":{deepest}}}')
    check_problem(answer, 422)


async def test_a_decimal_given_as_a_number_is_taken_by_its_text(admin: Admin, name: str) -> None:
    topic = f"price:{name}.A"
    body = '{"topic":"%s","set":{"price":70000.00,"size":0.10000000000000000001,"bid":1e2,"n":3}}'
    answer = await admin.post("inject", body % topic)
    assert answer.status == 200
    item = await _item(admin, topic)
    assert item is not None
    assert item["data"]["price"] == "70000.00"
    assert item["data"]["size"] == "0.10000000000000000001"
    assert str(item["data"]["bid"]) in {"1e2", "1E2", "1E+2", "100"}


async def test_ts_is_the_sources_or_the_servers(admin: Admin, server: Server, name: str) -> None:
    topic = f"score:{name}.A"
    async with websocket(server.url, {"topics": topic}) as socket:
        now = (await socket.until("welcome"))["now"]
        await admin.inject(
            {"topic": topic, "set": {"a": 1}, "ts": 1000, "event": {"kind": "goal", "ts": 900}}
        )
        update = await socket.until("update")
        assert update["items"][0]["ts"] == 1000
        assert update["events"][0]["ts"] == 900
        await admin.inject({"topic": topic, "set": {"a": 2}, "event": {"kind": "goal"}})
        update = await socket.until("update")
        assert now <= update["items"][0]["ts"] <= update["pt"]
        assert now <= update["events"][0]["ts"] <= update["pt"]


async def test_what_was_answered_is_there_and_cursors_grow(admin: Admin, name: str) -> None:
    places: list[int] = []

    async def one(number: int) -> None:
        topic = f"score:{name}.{number}"
        for n in range(10):
            answer = await admin.inject({"topic": topic, "set": {"n": n}})
            places.append(offset(answer["cursor"]))
            item = await _item(admin, topic)
            assert item is not None
            assert item["data"] == {"n": n}
            assert item["v"] == n + 1

    await asyncio.gather(*(one(number) for number in range(5)))
    assert len(set(places)) == 50
    last = 0
    for n in range(5):
        answer = await admin.inject({"topic": f"score:{name}.{n}", "set": {"n": "last"}})
        assert offset(answer["cursor"]) > max(last, *places)
        last = offset(answer["cursor"])


async def test_dry_run_says_what_would_happen_and_changes_nothing(
    admin: Admin, server: Server, http: aiohttp.ClientSession, name: str
) -> None:
    topic, ready = f"score:{name}.A", f"{server.url}/health/ready"
    body = json.dumps({"topic": topic, "set": {"a": 1}, "event": {"kind": "goal", "id": "g"}})
    async with websocket(server.url, {"topics": topic}) as socket:
        await socket.until("snapshot")
        before = (await fetch(http, ready)).body["head"]
        answer = await admin.post("inject?dry_run=1", body, key=f"{name}-dry")
        assert answer.status == 200
        assert answer.body["dry_run"] is True
        assert answer.body["subscribers"] == 1
        assert answer.body["results"] == [{"topic": topic, "v": 1, "event": "g"}]
        [frame] = answer.body["frames"]
        assert frame["items"][0]["data"] == {"a": 1}
        assert (await fetch(http, ready)).body["head"] == before
        assert await _item(admin, topic) is None
        real = await admin.post("inject", body, key=f"{name}-dry")
        assert real.body["duplicate"] is False
        update = await socket.until("update")
        assert update["items"][0]["v"] == 1
    bad = await admin.post("inject?dry_run=1", json.dumps({"topic": topic, "gone": 1}))
    check_problem(bad, 422)
