"""`/ws`: the order of frames, and what subscribe, unsubscribe and set do."""

from tests.support.admin import Admin
from tests.support.client import Reader, epoch, offset
from tests.support.doors import websocket
from tests.support.server import Server


async def test_welcome_then_subscribed_then_the_snapshot(
    admin: Admin, server: Server, name: str
) -> None:
    await admin.inject([{"topic": f"score:{name}.{key}", "set": {"k": key}} for key in "AB"])
    async with websocket(server.url, {"topics": f"score:{name}.*,{name}.C"}) as socket:
        frames = [await socket.receive() for _ in range(3)]
        assert [frame["type"] for frame in frames] == ["welcome", "subscribed", "snapshot"]
        welcome, subscribed, snapshot = frames
        assert welcome["protocol"] == 1
        assert welcome["heartbeat_ms"] == 500
        assert subscribed["topics"] == sorted([f"price:{name}.C", f"score:{name}.*"])
        assert subscribed["resumed"] is False
        assert subscribed["rejected"] == []
        options = ("conflate_ms", "window_ms", "delay_ms")
        assert [subscribed[option] for option in options] == [0, 0, 0]
        items = {item["topic"]: item["data"] for item in snapshot["items"]}
        assert items == {f"score:{name}.A": {"k": "A"}, f"score:{name}.B": {"k": "B"}}
        assert snapshot["more"] is False
        assert offset(snapshot["cursor"]) >= offset(welcome["head"])


async def test_without_topics_it_only_says_welcome(server: Server) -> None:
    async with websocket(server.url) as socket:
        assert (await socket.receive())["type"] == "welcome"
        await socket.send(type="ping", id="p", at=17)
        pong = await socket.receive()
        assert (pong["type"], pong["id"], pong["at"]) == ("pong", "p", 17)


async def test_a_large_snapshot_comes_in_parts_and_only_the_last_has_a_cursor(
    admin: Admin, server: Server, name: str
) -> None:
    topics = [f"score:{name}.{number:04}" for number in range(1200)]
    for start in (0, 600):
        batch = [{"topic": topic, "set": {"n": 1}} for topic in topics[start : start + 600]]
        await admin.inject(batch)
    reader = Reader()
    async with websocket(server.url, {"topics": f"score:{name}.*"}, reader=reader) as socket:
        parts = [await socket.until("snapshot")]
        while parts[-1]["more"]:
            parts.append(await socket.receive())
        assert len(parts) >= 3
        assert all("cursor" not in part for part in parts[:-1])
    assert sorted(reader.items) == topics


async def test_subscribe_adds_and_repeating_changes_nothing(
    admin: Admin, server: Server, name: str
) -> None:
    first, second = f"score:{name}.A", f"score:{name}.B"
    await admin.inject([{"topic": first, "set": {"n": 1}}, {"topic": second, "set": {"n": 1}}])
    reader = Reader()
    async with websocket(server.url, {"topics": first}, reader=reader) as socket:
        await socket.until("snapshot")
        await socket.send(type="subscribe", id=1, topics=[second])
        subscribed = await socket.until("subscribed")
        assert (subscribed["id"], subscribed["topics"]) == (1, [first, second])
        snapshot = await socket.until("snapshot")
        assert [item["topic"] for item in snapshot["items"]] == [second]
        await socket.send(type="subscribe", id=2, topics=[first, second])
        subscribed = await socket.until("subscribed")
        assert (subscribed["id"], subscribed["topics"]) == (2, [first, second])
        await admin.inject([{"topic": first, "set": {"n": 2}}, {"topic": second, "set": {"n": 2}}])
        while reader.versions != {first: 2, second: 2}:
            await socket.receive()


async def test_what_is_older_of_the_other_topics_comes_before_the_new_snapshot(
    admin: Admin, server: Server, name: str
) -> None:
    reader = Reader()
    async with websocket(server.url, {"topics": f"score:{name}.A"}, reader=reader) as socket:
        await socket.until("snapshot")
        for number in range(1, 30):
            await admin.inject({"topic": f"score:{name}.A", "set": {"n": number}})
            topic = f"score:{name}.{number}"
            await admin.inject({"topic": topic, "set": {"n": number}})
            await socket.send(type="subscribe", topics=[topic])
        while reader.versions.get(f"score:{name}.29") != 1:
            await socket.receive()
        assert reader.versions[f"score:{name}.A"] == 29


async def test_what_several_filters_match_comes_once(
    admin: Admin, server: Server, name: str
) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    filters = f"{topic},score:{name}.*,score:{name}*"
    async with websocket(server.url, {"topics": filters}) as socket:
        assert len((await socket.until("subscribed"))["topics"]) == 3
        assert len((await socket.until("snapshot"))["items"]) == 1
        await admin.inject({"topic": topic, "set": {"n": 2}, "event": {"kind": "goal"}})
        update = await socket.until("update")
        assert (len(update["items"]), len(update["events"])) == (1, 1)
        await socket.send(type="unsubscribe", topics=[topic])
        await admin.inject({"topic": topic, "set": {"n": 3}})
        update = await socket.until("update")
        assert [item["v"] for item in update["items"]] == [3]


async def test_further_fields_come_whole(admin: Admin, server: Server, name: str) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "data": {"a": 1, "b": {"c": 1}}})
    async with websocket(server.url, {"topics": topic, "fields": "a"}) as socket:
        assert (await socket.until("snapshot"))["items"][0]["data"] == {"a": 1}
        await socket.send(type="subscribe", topics=[topic], fields=["a", "b"])
        assert (await socket.until("subscribed"))["fields"] == ["a", "b"]
        whole = (await socket.until("snapshot"))["items"][0]
        assert whole["data"] == {"a": 1, "b": {"c": 1}}
        await admin.inject({"topic": topic, "set": {"b": {"c": 2}}})
        [item] = (await socket.until("update"))["items"]
        assert (item["v"], item["set"]) == (2, {"b": {"c": 2}})


async def test_unsubscribe_ends_a_topic_and_leaves_the_rest(
    admin: Admin, server: Server, name: str
) -> None:
    first, second = f"score:{name}.A", f"score:{name}.B"
    async with websocket(server.url, {"topics": f"{first},{second}"}) as socket:
        await socket.until("snapshot")
        await socket.send(type="unsubscribe", id="u", topics=[first, "never asked for"])
        subscribed = await socket.until("subscribed", id="u")
        assert subscribed["topics"] == [second]
        await admin.inject([{"topic": first, "set": {"n": 1}}, {"topic": second, "set": {"n": 1}}])
        update = await socket.until("update")
        assert [item["topic"] for item in update["items"]] == [second]


async def test_set_changes_the_options_of_the_connection(
    admin: Admin, server: Server, name: str
) -> None:
    topic = f"score:{name}.A"
    reader = Reader(fields=["a"])
    async with websocket(server.url, {"topics": topic}, reader=reader) as socket:
        await socket.until("snapshot")
        await socket.send(type="set", id=3, conflate_ms=200, window_ms=20, fields=["a"])
        subscribed = await socket.until("subscribed", id=3)
        assert (subscribed["conflate_ms"], subscribed["window_ms"]) == (200, 20)
        assert subscribed["fields"] == ["a"]
        assert subscribed["delay_ms"] == 0
        assert subscribed["topics"] == [topic]
        await admin.inject({"topic": topic, "set": {"a": 1, "b": 1}})
        while reader.items.get(topic) != {"a": 1}:
            await socket.receive()


async def test_tickers_is_another_name_of_topics(admin: Admin, server: Server, name: str) -> None:
    async with websocket(server.url) as socket:
        await socket.send(type="subscribe", tickers=[f"{name}.A"])
        assert (await socket.until("subscribed"))["topics"] == [f"price:{name}.A"]
        await admin.inject({"topic": f"{name}.A", "set": {"price": "1"}})
        update = await socket.until("update")
        assert update["items"][0]["data"]["price"] == "1"


async def test_a_topic_that_comes_to_match_joins_with_its_whole_data(
    admin: Admin, server: Server, name: str
) -> None:
    topic = f"score:{name}.NEW"
    reader = Reader()
    async with websocket(server.url, {"topics": f"score:{name}.*"}, reader=reader) as socket:
        await socket.until("snapshot")
        await admin.inject({"topic": topic, "set": {"a": {"b": 1, "c": None}}})
        update = await socket.until("update")
        assert [(item["v"], item["data"]) for item in update["items"]] == [(1, {"a": {"b": 1}})]
        await admin.inject({"topic": topic, "gone": True})
        update = await socket.until("update")
        assert [(item["v"], item["gone"]) for item in update["items"]] == [(2, True)]
        await admin.inject({"topic": topic, "set": {"d": 1}})
        update = await socket.until("update")
        assert [(item["v"], item["data"]) for item in update["items"]] == [(3, {"d": 1})]


async def test_the_first_subscribe_of_a_connection_may_bring_a_cursor(
    admin: Admin, server: Server, name: str
) -> None:
    topic = f"score:{name}.A"
    place = (await admin.inject({"topic": topic, "set": {"n": 1}}))["cursor"]
    await admin.inject({"topic": topic, "set": {"n": 2}, "event": {"kind": "goal", "id": "g"}})
    async with websocket(server.url) as socket:
        await socket.send(type="subscribe", topics=[topic], cursor=place)
        subscribed = await socket.until("subscribed")
        assert subscribed["resumed"] is True
        update = await socket.receive()
        assert update["type"] == "update"
        assert [event["id"] for event in update["events"]] == ["g"]
        assert [(item["v"], item["set"]) for item in update["items"]] == [(2, {"n": 2})]


async def test_an_event_alone_comes_without_an_item(
    admin: Admin, server: Server, name: str
) -> None:
    topic = f"score:{name}.A"
    await admin.inject({"topic": topic, "set": {"n": 1}})
    async with websocket(server.url, {"topics": topic}) as socket:
        await socket.until("snapshot")
        await admin.inject({"topic": topic, "event": {"kind": "goal", "data": {"x": [1]}}})
        update = await socket.until("update")
        assert not update.get("items")
        [event] = update["events"]
        assert (event["topic"], event["op"], event["kind"]) == (topic, "add", "goal")
        assert event["data"] == {"x": [1]}


async def test_heartbeats_move_the_cursor_on_quiet_topics(
    admin: Admin, server: Server, name: str
) -> None:
    reader = Reader()
    async with websocket(server.url, {"topics": f"score:{name}.A"}, reader=reader) as socket:
        await socket.until("snapshot")
        answer = await admin.inject({"topic": f"score:{name}.OTHER", "set": {"n": 1}})
        heartbeat = await socket.until("heartbeat")
        assert offset(heartbeat["cursor"]) >= offset(answer["cursor"])
        assert epoch(heartbeat["cursor"]) == epoch(answer["cursor"])
        assert reader.versions == {}
