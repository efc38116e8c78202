import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer

from feed.client.fault import Ended
from feed.client.message import Faulty, Heard, Live, Message, Stood, Waiting
from feed.client.reader import Reader
from feed.client.stream import Stream
from feed.client.wanted import Wanted
from tests.support.recordings import url_of
from tests.support.scripted import QUICK, WELCOME, ScriptedServer, snapshot, subscribed, update

A1 = {"topic": "price:A", "v": 1, "ts": 1, "data": {"price": "1"}}
A2 = {"topic": "price:A", "v": 2, "ts": 1, "set": {"price": "2"}}
A3 = {"topic": "price:A", "v": 3, "ts": 1, "set": {"price": "3"}}
A2_WHOLE = {**A1, "v": 6, "data": {"price": "2"}}
BEGIN = (WELCOME, subscribed(), snapshot("e-1", A1))
RESUMED = (WELCOME, subscribed(resumed=True))


def bye(*, reconnect: bool = True) -> dict[str, Any]:
    return {
        "type": "bye",
        "reason": "rotate",
        "reconnect": reconnect,
        "after_ms": 0,
        "grace_ms": 1000,
        "cursor": "e-1",
    }


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


def stream_of(session: ClientSession, server: BaseTestServer) -> Stream:
    return Stream(session, Wanted(url=url_of(server), topics=("*",)), pace=QUICK)


async def until_price(stream: Stream, price: str) -> list[Message]:
    """All that is heard until price:A is that."""
    heard = []
    async with asyncio.timeout(5):
        async for message in stream:
            heard.append(message)
            item = stream.reader.items.get("price:A")
            if item and item.data["price"] == price:
                break
    return heard


async def test_snapshot_then_updates(session: ClientSession) -> None:
    double = ScriptedServer([*BEGIN, update("e-2", A2)])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        heard = await until_price(stream, "2")
        assert [message for message in heard if isinstance(message, Live)] == [
            Live(resumed=False, transport="WebSocket")
        ]
        assert stream.reader.cursor == "e-2"
        assert await double.commands.get() == {"type": "subscribe", "id": 1, "topics": ["*"]}


@pytest.mark.parametrize("code", [1001, 1006, 1012, 1013, 4408])
async def test_comes_back_with_the_cursor(session: ClientSession, code: int) -> None:
    double = ScriptedServer([*BEGIN, 1000 if code == 1006 else code], [*RESUMED, update("e-2", A2)])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        heard = await until_price(stream, "2")
        assert Live(resumed=True, transport="WebSocket") in heard
        assert len([message for message in heard if isinstance(message, Waiting)]) == 1
        assert "cursor" not in await double.commands.get()
        assert (await double.commands.get())["cursor"] == "e-1"


@pytest.mark.parametrize("code", [4400, 4401, 4403, 4429])
async def test_close_that_is_final(session: ClientSession, code: int) -> None:
    error = {"type": "error", "code": "x", "message": "this is why", "retry": False}
    double = ScriptedServer([WELCOME, error, code])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        with pytest.raises(Ended, match="this is why"):
            await until_price(stream, "never")


async def test_handshake_that_is_refused_for_now(session: ClientSession) -> None:
    double = ScriptedServer([503], [429], [*BEGIN])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        heard = await until_price(stream, "1")
        whys = [message.why for message in heard if isinstance(message, Waiting)]
        assert whys == ["the server answers 503", "the server answers 429"]


async def test_rejected_topic(session: ClientSession) -> None:
    refused = {"topic": "x", "code": "bad_topic", "message": "no such kind"}
    double = ScriptedServer([WELCOME, subscribed(rejected=[refused])])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        with pytest.raises(Ended, match="no such kind"):
            await until_price(stream, "never")


async def test_command_that_is_refused_for_now(session: ClientSession) -> None:
    later = {"type": "error", "code": "unavailable", "message": "not now", "retry": True}
    double = ScriptedServer([WELCOME, later], [*BEGIN])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        heard = await until_price(stream, "1")
        assert [m.why for m in heard if isinstance(m, Waiting)] == ["not now"]


async def test_goodbye_opens_the_new_connection_before_it_leaves_the_old(
    session: ClientSession,
) -> None:
    double = ScriptedServer([*BEGIN, bye()], [*RESUMED, update("e-2", A2)])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        heard = await until_price(stream, "2")
        assert not [message for message in heard if isinstance(message, Waiting)]
        assert Live(resumed=True, transport="WebSocket") in heard
        assert await double.left.get() == 0  # the old one was open until the client left it


async def test_goodbye_for_good(session: ClientSession) -> None:
    double = ScriptedServer([*BEGIN, bye(reconnect=False), 1001])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        with pytest.raises(Ended, match="shutting down"):
            await until_price(stream, "never")


@pytest.mark.parametrize("wrong", [update("e-3", A3), "no JSON"])
async def test_fault_of_the_server_is_repaired_by_a_snapshot(
    session: ClientSession, wrong: dict[str, Any] | str
) -> None:
    whole = {**A1, "v": 3, "data": {"price": "3"}}
    double = ScriptedServer([*BEGIN, wrong], [WELCOME, subscribed(), snapshot("e-3", whole)])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        heard = await until_price(stream, "3")
        assert len([message for message in heard if isinstance(message, Faulty)]) == 1
        await double.commands.get()
        assert "cursor" not in await double.commands.get()


@pytest.mark.parametrize("begin", [(), BEGIN])
async def test_what_is_no_text_cuts_a_connection(
    session: ClientSession, begin: Sequence[dict[str, Any]]
) -> None:
    resumed = (*RESUMED, update("e-2", A2)) if begin else (*BEGIN, update("e-2", A2))
    double = ScriptedServer([*begin, b"bytes"], resumed)
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        heard = await until_price(stream, "2")
    assert [m.why for m in heard if isinstance(m, Waiting)] == ["a binary message"]
    assert not [message for message in heard if isinstance(message, Faulty)]


async def test_silence_of_two_and_a_half_heartbeats(session: ClientSession) -> None:
    quick = {**WELCOME, "heartbeat_ms": 20}
    double = ScriptedServer([quick, *BEGIN[1:]], [*RESUMED, update("e-2", A2)])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        heard = await until_price(stream, "2")
        whys = [message.why for message in heard if isinstance(message, Waiting)]
        assert whys[0] == "nothing was heard for too long"


async def test_server_that_is_not_there(session: ClientSession) -> None:
    wanted = Wanted(url="http://127.0.0.1:1", topics=("*",))
    async with Stream(session, wanted, pace=QUICK) as stream:
        whys = []
        async for message in stream:
            assert isinstance(message, Waiting)
            whys.append(message.why)
            if len(whys) == 3:
                break
        assert whys == ["Connection refused"] * 3


async def test_clock_is_the_servers(session: ClientSession) -> None:
    double = ScriptedServer([*BEGIN])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        await until_price(stream, "1")
        assert 0 <= stream.clock.now_ms() - 1_790_000_000_000 < 5000


async def test_unknown_frame_is_handed_on_and_changes_nothing(session: ClientSession) -> None:
    double = ScriptedServer([WELCOME, {"type": "news"}, *BEGIN[1:]])
    async with TestServer(double.app) as server, stream_of(session, server) as stream:
        heard = await until_price(stream, "1")
        texts = [message.text for message in heard if isinstance(message, Heard)]
        assert '{"type": "news"}' in texts


def stands(double: ScriptedServer, *items: dict[str, Any]) -> None:
    """Each time it is asked how things stand it tells the next item, and then nothing any more."""
    left = list(items)

    async def answer(_: web.Request) -> web.Response:
        if not left:
            return web.Response(status=503)
        return web.json_response({"cursor": "e-9", "items": [left.pop(0)]})

    double.app.router.add_get("/snapshot", answer)


async def test_items_stood_on_are_told_where_the_frame_turns_out_to_be_wrong(
    session: ClientSession,
) -> None:
    wrong = update("e-9", {**A2, "v": 6}, {"topic": "price:B", "v": 1, "ts": 1})
    double = ScriptedServer([*RESUMED, wrong], [WELCOME, subscribed(), snapshot("e-9", A2_WHOLE)])
    stands(double, {**A1, "v": 4}, {**A1, "v": 6})
    async with TestServer(double.app) as server:
        wanted = Wanted(url=url_of(server), topics=("*",))
        async with Stream(session, wanted, Reader("e-1"), QUICK) as stream:
            heard = await until_price(stream, "2")
    kinds = [type(message) for message in heard if isinstance(message, Stood | Faulty)]
    assert kinds == [Stood, Stood, Faulty]


async def test_items_stood_on_are_told_where_further_ones_cannot_be_had(
    session: ClientSession,
) -> None:
    double = ScriptedServer([*RESUMED, update("e-9", {**A2, "v": 7})], RESUMED)
    stands(double, A1, {**A1, "v": 5, "data": {"price": "2"}})
    async with TestServer(double.app) as server:
        wanted = Wanted(url=url_of(server), topics=("*",))
        async with Stream(session, wanted, Reader("e-1"), QUICK) as stream:
            heard = await until_price(stream, "2")
    stood = [message.news for message in heard if isinstance(message, Stood)]
    assert [step.v for news in stood for step in news.steps] == [1, 5]
