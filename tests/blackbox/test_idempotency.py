"""`Idempotency-Key`: the same again changes nothing and gets the first answer."""

import asyncio
import json

import aiohttp

from tests.blackbox.conftest import Serve
from tests.blackbox.problems import check_problem
from tests.support.admin import Admin


async def test_the_same_key_and_bytes_answer_the_first_answer(admin: Admin, name: str) -> None:
    body = json.dumps({"topic": f"score:{name}.A", "set": {"n": 1}, "event": {"kind": "goal"}})
    first = await admin.post("inject", body, key=name)
    assert first.status == 200
    assert first.body["duplicate"] is False
    await admin.inject({"topic": f"score:{name}.A", "set": {"n": 2}})
    again = await admin.post("inject", body, key=name)
    assert again.status == 200
    assert again.body == first.body | {"duplicate": True}
    item = (await admin.snapshot(f"score:{name}.A"))[f"score:{name}.A"]
    assert (item["v"], item["data"]) == (2, {"n": 2})


async def test_another_body_under_the_key_is_422(admin: Admin, name: str) -> None:
    body = json.dumps({"topic": f"score:{name}.A", "set": {"n": 1}})
    assert (await admin.post("inject", body, key=name)).status == 200
    check_problem(await admin.post("inject", body + " ", key=name), 422)
    check_problem(await admin.post("inject", body.replace("1", "2"), key=name), 422)
    assert (await admin.post("inject", body, key=name + "'!~")).body["duplicate"] is False


async def test_only_answers_of_200_are_kept(admin: Admin, name: str) -> None:
    body = json.dumps({"topic": f"score:{name}.A", "set": {"n": 1}, "if_v": 1})
    assert (await admin.post("inject", body, key=name)).status == 409
    await admin.inject({"topic": f"score:{name}.A", "set": {"n": 0}})
    answer = await admin.post("inject", body, key=name)
    assert (answer.status, answer.body["duplicate"]) == (200, False)
    again = await admin.post("inject", body, key=name)
    assert (again.status, again.body["duplicate"]) == (200, True)


async def test_of_many_at_once_one_is_done(admin: Admin, name: str) -> None:
    body = json.dumps({"topic": f"score:{name}.A", "event": {"kind": "goal"}})
    answers = await asyncio.gather(*(admin.post("inject", body, key=name) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert sorted(answer.body["duplicate"] for answer in answers) == [False] + [True] * 9
    assert len({json.dumps(answer.body["results"]) for answer in answers}) == 1
    assert len({answer.body["cursor"] for answer in answers}) == 1


async def test_of_two_bodies_at_once_under_one_key_one_is_done(admin: Admin, name: str) -> None:
    bodies = [json.dumps({"topic": f"score:{name}.A", "set": {"n": n}}) for n in range(5)]
    answers = await asyncio.gather(*(admin.post("inject", body, key=name) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200, 422, 422, 422, 422]
    assert (await admin.snapshot(f"score:{name}.A"))[f"score:{name}.A"]["v"] == 1


async def test_a_key_survives_a_restart(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await asyncio.to_thread(serve)
    admin = Admin(http, server.url)
    body = json.dumps([{"topic": "score:A", "event": {"kind": "goal"}}, {"topic": "B", "set": {}}])
    first = await admin.post("inject", body, key="k" * 128)
    assert first.status == 200
    assert await asyncio.to_thread(server.stop) == 0
    await asyncio.to_thread(server.start)
    again = await admin.post("inject", body, key="k" * 128)
    assert again.body == first.body | {"duplicate": True}
    check_problem(await admin.post("inject", body + "\n", key="k" * 128), 422)
    assert (await admin.snapshot("score:A"))["score:A"]["v"] == 1
