"""What an operator may look at besides: pins, events as they stand, what an action changed."""

from tests.blackbox.problems import check_problem
from tests.support.admin import Admin
from tests.support.doors import websocket
from tests.support.server import Server


async def test_pins_are_listed_until_they_are_released(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"home": {"score": 1, "name": "Reds"}}})
    await admin.inject({"topic": topic, "set": {"home": {"score": 2}}, "pin_s": 60})
    [pin] = [pin for pin in (await admin.get("pins"))["pins"] if pin["topic"] == topic]
    until = pin.pop("until")
    now = (await admin.get("state"))["now"]
    assert now < until <= now + 60_000
    expected = {"field": "/home/score", "value": 2, "source": None, "gone": False}
    assert pin == {"topic": topic} | expected
    await admin.post("unpin", f'{{"topic":"{topic}"}}')
    assert topic not in [pin["topic"] for pin in (await admin.get("pins"))["pins"]]


async def test_the_events_of_a_topic_as_they_stand(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    goal = {"kind": "goal", "ts": 1_790_000_000_000, "data": {"side": "home"}}
    await admin.inject(
        [
            {"topic": topic, "event": goal | {"id": "g-1"}},
            {"topic": topic, "event": goal | {"id": "g-2"}},
            {"topic": f"score:{name}.B", "event": goal | {"id": "g-3"}},
            {"topic": topic, "event": {"op": "void", "id": "g-1", "data": {"why": "offside"}}},
        ]
    )
    events = (await admin.get(f"events?topic={topic}"))["events"]
    common = {"kind": "goal", "ts": 1_790_000_000_000, "data": {"side": "home"}}
    assert events == [
        common | {"id": "g-2", "op": "add", "why": None},
        common | {"id": "g-1", "op": "void", "why": "offside"},
    ]
    assert (await admin.get(f"events?topic=score:{name}.C"))["events"] == []


async def test_events_are_of_one_topic(admin: Admin) -> None:
    for query in ("", "?topic=", "?topic=price:*", "?topic=a%20b"):
        check_problem(await admin.call("GET", f"events{query}"), 400)


async def test_what_an_action_changed_and_what_was_there(admin: Admin, name: str) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "data": {"n": 1}})
    goal = {"kind": "goal", "id": "g-1", "ts": 1_790_000_000_000}
    await admin.inject({"topic": topic, "set": {"n": 2}, "ts": 1_790_000_000_000, "event": goal})
    [entry] = (await admin.get("audit?limit=1"))["entries"]
    assert entry["count"] == 1
    action = await admin.get(f"audit/{entry['id']}")
    [change] = action.pop("changes")
    assert action == entry
    assert change == {
        "topic": topic,
        "v": 2,
        "item": {"topic": topic, "v": 2, "ts": 1_790_000_000_000, "set": {"n": 2}},
        "was": {"n": 1},
        "event": {"topic": topic, "op": "add", "data": {}} | goal,
    }
    check_problem(await admin.call("GET", "audit/0"), 404)


async def test_of_a_thousand_changes_the_first_are_told(admin: Admin, name: str) -> None:
    await admin.inject([{"topic": f"score:{name}.{n}", "set": {"n": n}} for n in range(30)])
    [entry] = (await admin.get("audit?limit=1"))["entries"]
    changes = (await admin.get(f"audit/{entry['id']}"))["changes"]
    assert entry["count"] == 30
    assert [change["topic"] for change in changes] == [f"score:{name}.{n}" for n in range(20)]


async def test_a_connection_tells_what_it_asked_for_and_how_far_it_is(
    admin: Admin, server: Server, name: str
) -> None:
    query = {"topics": f"score:{name}.A", "conflate_ms": "60000"}
    async with websocket(server.url, query) as socket:
        number = (await socket.until("welcome"))["connection"]
        await socket.until("snapshot")
        await admin.inject({"topic": f"score:{name}.A", "set": {"n": 1}})
        await socket.until("update")
        await admin.inject({"topic": f"score:{name}.A", "set": {"n": 2}})
        told = await admin.get("connections")
    [mine] = [each for each in told["connections"] if each["id"] == number]
    assert told["instance"] == (await admin.get("state"))["instance"]
    asked = (mine["topics"], mine["conflate_ms"], mine["delay_ms"])
    assert asked == ([f"score:{name}.A"], 60_000, 0)
    assert (mine["lag"], mine["behind"]) == (1, False)


async def test_of_many_connections_those_are_told_that_lag_most(
    admin: Admin, server: Server, name: str
) -> None:
    query = {"topics": f"score:{name}.A"}
    async with (
        websocket(server.url, query) as prompt,
        websocket(server.url, query | {"conflate_ms": "60000"}) as late,
    ):
        number = (await late.until("welcome"))["connection"]
        for socket in (prompt, late):
            await socket.until("snapshot")
        await admin.inject({"topic": f"score:{name}.A", "set": {"n": 1}})
        await admin.inject({"topic": f"score:{name}.A", "set": {"n": 2}})
        told = await admin.get("connections?limit=1")
        assert [each["id"] for each in told["connections"]] == [number]
        assert told["count"] == len((await admin.get("connections"))["connections"]) >= 2
    for limit in ("0", "-1", "1.5", "x", "9999999999"):
        check_problem(await admin.call("GET", f"connections?limit={limit}"), 400)
