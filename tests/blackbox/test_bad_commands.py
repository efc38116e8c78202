"""Wrong messages on `/ws`: answered, and the connection goes on unless the protocol closes it."""

import asyncio
import contextlib
import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.blackbox.bad_input import BAD_CURSORS
from tests.blackbox.conftest import SOAK
from tests.support.admin import Admin
from tests.support.doors import Socket, websocket
from tests.support.server import Server
from tests.support.traffic import beats

NO_COMMANDS = {
    "nothing": "",
    "a word": "hello",
    "half": '{"type":"ping"',
    "a number": "3",
    "null": "null",
    "an array": '[{"type":"ping"}]',
    "no type": '{"topics":["A"]}',
    "type null": '{"type":null}',
    "type a number": '{"type":3}',
    "type unknown": '{"type":"publish","topic":"A"}',
    "type of the server": '{"type":"update"}',
    "type in capitals": '{"type":"PING"}',
    "NaN": '{"type":"ping","at":NaN}',
    "a lone surrogate": '{"type":"subscribe","topics":["\\ud800"]}',
    "10,000 deep": '{"type":"ping","at":' + "[" * 10_000 + "]" * 10_000 + "}",
    "10,000 open brackets": "[" * 10_000,
    "5,000 digits": '{"type":"ping","at":' + "9" * 5000 + "}",
    "1e400": '{"type":"set","conflate_ms":1e400}',
    "topics a string": '{"type":"subscribe","topics":"A"}',
    "topics of numbers": '{"type":"subscribe","topics":[1]}',
    "conflate too long": '{"type":"set","conflate_ms":60001}',
    "conflate negative": '{"type":"set","conflate_ms":-1}',
    "conflate a string": '{"type":"set","conflate_ms":"250"}',
    "conflate true": '{"type":"set","conflate_ms":true}',
    "conflate a fraction": '{"type":"set","conflate_ms":1.5}',
    "window too long": '{"type":"set","window_ms":1001}',
    "delay too long": '{"type":"set","delay_ms":600001}',
    "fields a number": '{"type":"set","fields":3}',
}


async def _alive(socket: Socket) -> None:
    await socket.send(type="ping", id="alive", at=1)
    pong = await socket.until("pong")
    assert (pong["id"], pong["at"]) == ("alive", 1)


async def _flood(socket: Socket) -> None:
    """Malformed messages, five times as many as a connection may send."""
    with contextlib.suppress(ConnectionClosed):
        async for _ in beats(100):
            await socket.raw.send("no command at all")


@pytest.mark.parametrize("case", NO_COMMANDS)
async def test_what_is_no_command_is_an_error_and_does_not_close(server: Server, case: str) -> None:
    async with websocket(server.url) as socket:
        await socket.raw.send(NO_COMMANDS[case])
        frame = await socket.receive()
        assert frame["type"] == "welcome"
        error = await socket.receive()
        assert error["type"] == "error", error
        assert error["code"]
        assert error["message"]
        assert error["retry"] is False
        await _alive(socket)


async def test_an_error_names_the_command_that_it_answers(server: Server) -> None:
    async with websocket(server.url) as socket:
        await socket.send(type="publish", id=77)
        assert (await socket.until("error"))["id"] == 77


async def test_a_bad_topic_is_rejected_and_the_others_are_served(server: Server) -> None:
    async with websocket(server.url) as socket:
        await socket.send(type="subscribe", id=1, topics=["A", "B C", "stock:X", "price:*"])
        subscribed = await socket.until("subscribed")
        assert subscribed["topics"] == ["price:*", "price:A"]
        assert [entry["topic"] for entry in subscribed["rejected"]] == ["B C", "stock:X"]
        await _alive(socket)


async def test_more_topics_than_allowed_are_rejected(server: Server) -> None:
    async with websocket(server.url) as socket:
        limits = (await socket.until("welcome"))["limits"]
        assert limits == {
            "topics": 1000,
            "wildcards": 16,
            "commands_per_s": 20,
            "message_bytes": 65536,
        }
        await socket.send(type="subscribe", topics=[f"T{number}" for number in range(1001)])
        subscribed = await socket.until("subscribed")
        assert (len(subscribed["topics"]), len(subscribed["rejected"])) == (1000, 1)
        await socket.send(type="unsubscribe", topics=subscribed["topics"])
        await socket.until("subscribed")
        await socket.send(type="subscribe", topics=[f"W{number}*" for number in range(17)])
        subscribed = await socket.until("subscribed")
        assert (len(subscribed["topics"]), len(subscribed["rejected"])) == (16, 1)


async def test_a_binary_message_closes_with_1003(server: Server) -> None:
    async with websocket(server.url, {"topics": "A"}) as socket:
        await socket.raw.send(b'{"type":"ping"}')
        assert await socket.closed() == 1003


async def test_the_longest_message_is_read(server: Server) -> None:
    async with websocket(server.url) as socket:
        head, tail = '{"type":"ping","id":"', '"}'
        text = head + "x" * (65_536 - len(head) - len(tail)) + tail
        assert len(text) == 65_536
        await socket.raw.send(text)
        answer = [await socket.receive() for _ in range(2)][1]
        assert answer["type"] in {"pong", "error"}
        await _alive(socket)


async def test_one_byte_more_closes_with_1009(server: Server) -> None:
    async with websocket(server.url) as socket:
        await socket.raw.send("x" * 65_537)
        assert await socket.closed() == 1009


async def test_a_long_message_in_fragments_closes_with_1009(server: Server) -> None:
    async with websocket(server.url) as socket:
        await socket.raw.send(["x" * 40_000, "x" * 40_000])
        assert await socket.closed() == 1009


async def test_a_compressed_bomb_closes_with_1009(server: Server) -> None:
    async with websocket(server.url, compression="deflate") as socket:
        with contextlib.suppress(ConnectionClosed):  # it may close before it has read all
            await socket.raw.send(" " * 2**22)
        assert await socket.closed() == 1009


@pytest.mark.parametrize("cursor", [*BAD_CURSORS.values(), 5, True, ["a-1"], {"a": 1}])
async def test_a_malformed_cursor_in_a_frame_closes_with_4400(
    server: Server, cursor: object
) -> None:
    async with websocket(server.url) as socket:
        await socket.send(type="subscribe", topics=["A"], cursor=cursor)
        error = await socket.until("error")
        assert error["code"] == "bad_cursor"
        assert await socket.closed() == 4400


@pytest.mark.parametrize(
    "cursor", [cursor for cursor in BAD_CURSORS.values() if "\0" not in cursor]
)
async def test_a_malformed_cursor_in_the_url_closes_with_4400(server: Server, cursor: str) -> None:
    async with websocket(server.url, {"topics": "A", "cursor": cursor}) as socket:
        error = await socket.until("error")
        assert error["code"] == "bad_cursor"
        assert await socket.closed() == 4400


async def test_too_many_commands_are_limited_and_at_last_close_with_4429(server: Server) -> None:
    async with websocket(server.url) as socket:
        for number in range(110):
            await socket.send(type="ping", id=number)
        await socket.until("pong", id=99)
        error = await socket.until("error")
        assert error["code"] == "rate_limited"
        assert error["retry"] is True
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            flood = group.create_task(_flood(socket))
            assert await socket.closed() == 4429
            flood.cancel()


async def test_a_burst_of_a_hundred_is_served(server: Server) -> None:
    async with websocket(server.url) as socket:
        for number in range(100):
            await socket.raw.send(json.dumps({"type": "ping", "id": number}))
        await socket.until("welcome")
        ids = [(await socket.until("pong"))["id"] for _ in range(100)]
        assert ids == list(range(100))


@pytest.mark.skipif(not SOAK, reason="takes the 30 s that the protocol gives; FEED_SOAK=1 runs it")
async def test_who_subscribes_to_nothing_is_closed_with_4408(server: Server) -> None:
    async with websocket(server.url) as idle, websocket(server.url, {"topics": "A"}) as other:
        with contextlib.suppress(ConnectionClosed):
            async for _ in beats(1):
                await _alive(idle)  # a ping is no subscription
        assert idle.raw.close_code == 4408
        await _alive(other)


async def test_commands_are_read_before_and_after_subscribing(
    admin: Admin, server: Server, name: str
) -> None:
    topic = f"score:{name}.A"
    async with websocket(server.url) as socket:
        await _alive(socket)
        await socket.send(type="subscribe", topics=[topic])
        await socket.until("snapshot")
        await _alive(socket)
        await admin.inject({"topic": topic, "set": {"a": 1}})
        await socket.until("update")
