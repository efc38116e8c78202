"""The audit of what was done by hand, and taking it back."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.blackbox.conftest import Serve
from tests.support.admin import Admin
from tests.support.client import Frame, Reader
from tests.support.doors import visit
from tests.support.server import Server
from tests.support.traffic import Traffic


async def last(admin: Admin) -> Frame:
    """The newest thing that was done."""
    entries: list[Frame] = (await admin.get("audit?limit=1"))["entries"]
    return entries[0]


async def undo(admin: Admin, action: Frame) -> int:
    return (await admin.post(f"undo/{action['id']}")).status


CASES: dict[str, tuple[list[Any], list[Any]]] = {
    "a patch": (
        [{"data": {"n": 1, "home": {"score": 1, "name": "H"}}}],
        [{"set": {"n": 2, "home": {"score": 2}, "new": 1}}],
    ),
    "a whole item": ([{"data": {"n": 1, "a": 1}}], [{"data": {"n": 2}}]),
    "the first item": ([], [{"set": {"n": 1}}]),
    "an end": ([{"data": {"n": 1, "a": {"b": 1}}}], [{"gone": True}]),
    "a return": ([{"data": {"n": 1}}, {"gone": True}], [{"data": {"n": 2}}]),
    "several of one topic": ([{"data": {"n": 1}}], [{"set": {"n": 2}}, {"set": {"n": 3, "a": 1}}]),
}


@pytest.mark.parametrize("case", CASES)
async def test_it_is_as_before(admin: Admin, name: str, case: str) -> None:
    topic = f"score:{name}"
    before, batch = CASES[case]
    for change in before:
        await admin.inject({"topic": topic, **change})
    there = await admin.snapshot(topic)
    answer = await admin.inject([{"topic": topic, "why": "desk", **change} for change in batch])
    action = await last(admin)
    assert action["action"] == "inject"
    assert action["cursor"] == answer["cursor"]
    assert (action["topics"], action["why"], action["undone"]) == ([topic], "desk", False)

    assert await undo(admin, action) == 200
    now = await admin.snapshot(topic)
    assert {t: item["data"] for t, item in now.items()} == {
        t: item["data"] for t, item in there.items()
    }
    undoing, undone = (await admin.get("audit?limit=2"))["entries"]
    assert (undoing["action"], undoing["undoes"]) == ("undo", action["id"])
    assert (undone["id"], undone["undone"]) == (action["id"], True)
    assert await undo(admin, action) == 409


async def test_an_undo_can_be_undone(admin: Admin, name: str) -> None:
    topic = f"score:{name}"
    await admin.inject({"topic": topic, "data": {"n": 1}})
    await admin.inject({"topic": topic, "set": {"n": 2}})
    assert await undo(admin, await last(admin)) == 200
    assert await undo(admin, await last(admin)) == 200
    assert (await admin.snapshot(topic))[topic]["data"] == {"n": 2}


async def test_what_was_changed_beside_it_stays(admin: Admin, name: str) -> None:
    topic = f"score:{name}"
    await admin.inject({"topic": topic, "data": {"home": {"score": 1}, "away": {"score": 1}}})
    await admin.inject({"topic": topic, "set": {"home": {"score": 2}}})
    action = await last(admin)
    await admin.inject({"topic": topic, "set": {"away": {"score": 2}, "home": {"red": 1}}})
    assert await undo(admin, action) == 200
    data = (await admin.snapshot(topic))[topic]["data"]
    assert data == {"home": {"score": 1, "red": 1}, "away": {"score": 2}}


NEWER: list[Frame] = [
    {"set": {"home": {"score": 3}}},
    {"set": {"home": None}},
    {"data": {"n": 1}},
    {"gone": True},
]


@pytest.mark.parametrize("newer", NEWER)
async def test_what_something_newer_changed_is_not_undone(
    admin: Admin, name: str, newer: Frame
) -> None:
    topic = f"score:{name}"
    await admin.inject({"topic": topic, "data": {"home": {"score": 1}}})
    await admin.inject({"topic": topic, "set": {"home": {"score": 2}}})
    action = await last(admin)
    await admin.inject({"topic": topic, **newer})
    before = await admin.snapshot(topic)
    assert await undo(admin, action) == 409
    assert await admin.snapshot(topic) == before


async def test_events(admin: Admin, name: str, server: Server, http: aiohttp.ClientSession) -> None:
    topic = f"score:{name}"
    add = {"kind": "goal", "id": "g", "data": {"by": "X"}}
    await admin.inject({"topic": topic, "set": {"n": 1}, "event": add})
    added = await last(admin)
    await admin.inject({"topic": topic, "event": {"op": "amend", "id": "g", "data": {"by": "Y"}}})
    amended = await last(admin)
    assert await undo(admin, added) == 409, "it was amended since"
    assert await undo(admin, amended) == 200
    await admin.inject({"topic": topic, "event": {"op": "void", "id": "g"}})
    assert await undo(admin, await last(admin)) == 200
    await admin.inject({"topic": topic, "event": {"kind": "goal", "id": "h"}})
    assert await undo(admin, await last(admin)) == 200

    reader = Reader()
    reader.cursor = added["cursor"]
    await visit(http, "poll", server.url, {"topics": topic}, reader, lambda: False)
    assert [(event["id"], event["op"], event["data"]) for event in reader.events] == [
        ("g", "amend", {"by": "Y"}),
        ("g", "amend", {"by": "X"}),
        ("g", "void", {}),
        ("g", "amend", {"by": "X"}),
        ("h", "add", {}),
        ("h", "void", {"why": "undone"}),
    ]


async def test_of_two_at_once_one_is_told_that_it_is_done(admin: Admin, name: str) -> None:
    await admin.inject({"topic": f"score:{name}", "data": {"n": 1}})
    await admin.inject({"topic": f"score:{name}", "set": {"n": 2}})
    action = await last(admin)
    assert sorted(await asyncio.gather(undo(admin, action), undo(admin, action))) == [200, 409]


async def test_a_whole_run_is_undone_step_by_step(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve)
    admin, traffic = Admin(http, server.url), Traffic(3, "u")
    states: list[Frame] = [{}]
    for _ in range(60):
        await admin.inject(traffic.batch())
        now = await admin.snapshot("*")
        states.append({topic: item["data"] for topic, item in now.items()})
    done = (await admin.get("audit"))["entries"]
    assert len(done) == 60
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    states.pop()
    for action in done:
        answer = await admin.post(f"undo/{action['id']}")
        assert answer.status == 200, answer
        now = await admin.snapshot("*")
        assert {topic: item["data"] for topic, item in now.items()} == states.pop()


@pytest.mark.parametrize("path", ["undo/nothing", "undo/999999999", "undo/-1"])
async def test_what_was_never_done(admin: Admin, path: str) -> None:
    assert (await admin.post(path)).status == 404


async def test_a_refused_or_dry_call_is_no_action(admin: Admin, name: str) -> None:
    await admin.inject({"topic": name, "set": {"price": "1"}})
    before = await last(admin)
    await admin.post("inject?dry_run=1", json.dumps({"topic": name, "set": {"price": "2"}}))
    await admin.post("inject", json.dumps({"topic": name, "set": {"price": "2"}, "if_v": 7}))
    assert await last(admin) == before
