"""How streams are taken leave of: at the end of their age, and when the program stops."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from feed.app import running
from feed.clock import SystemClock
from feed.hub.hub import Hub
from feed.hub.subscription import Subscription
from feed.log.memory import MemoryLog
from feed.model.frame import Frame
from feed.model.topic import Filters
from feed.settings import Settings
from feed.web import keys
from feed.web.connection import FULL_BYTES, Phase
from feed.web.connections import Connections
from tests.support.client_frame import closing
from tests.support.clock import LoopClock, run_virtual
from tests.support.guests import END_S, LATE_S, lines, status, sweeping
from tests.support.log import lent
from tests.support.transport import (
    PUBLIC,
    Client,
    fill,
    handshake,
    server_frames,
    serving,
    turns,
)

HERE = "192.0.2.1"
SWEEP_S = 0.25
RESTART = (0x88, b"\x03\xf4")
TOKEN = "a-token-of-at-least-32-characters"


def test_the_end_comes_in_the_last_fifth_of_the_age_and_is_told_before() -> None:
    async def scene() -> None:
        async with sweeping() as (_, guests):
            opened = [await guests.line() for _ in range(20)]
            ends_s = {client: stream.ends_s for stream, client in opened}
            clients = [*ends_s]
            assert {stream.opened_s for stream, _ in opened} == {0}
            told: dict[Client, float] = {}
            ended: dict[Client, float] = {}
            while len(ended) < 20:
                await asyncio.sleep(0.25)
                now_s = asyncio.get_running_loop().time()
                for client in clients:
                    data = client.take()
                    for bye in lines(data):
                        assert bye.pop("cursor").endswith("-0")
                        assert 0 <= bye.pop("after_ms") <= 2500
                        assert bye == {
                            "type": "bye",
                            "reason": "rotate",
                            "reconnect": True,
                            "grace_ms": 5000,
                        }
                        told[client] = now_s
                    if data.endswith(b"end 1012\n"):
                        ended[client] = now_s
            assert 0.8 * END_S <= min(ends_s.values()) < max(ends_s.values()) <= END_S
            for client in clients:
                assert 0 <= told[client] - (ends_s[client] - 5) <= 2 * SWEEP_S
                assert 0 <= ended[client] - ends_s[client] <= 4 * SWEEP_S

    run_virtual(scene())


def test_where_streams_do_not_live_long_a_tenth_of_the_age_is_the_grace() -> None:
    async def scene() -> None:
        async with sweeping(max_age_s=20) as (_, guests):
            _, client = await guests.line()
            await asyncio.sleep(0.8 * 20 - 2 - LATE_S)
            assert client.take() == b""
            await asyncio.sleep(0.2 * 20 + LATE_S + LATE_S)
            (bye,) = lines(client.take())
            assert bye["grace_ms"] == 2000

    run_virtual(scene())


def test_frames_go_on_between_bye_and_the_end() -> None:
    async def scene() -> None:
        async with sweeping(max_age_s=100) as (_, guests):
            stream, client = await guests.line()
            await until_told(client)
            assert stream.phase is Phase.LEAVING
            stream.write(Frame(b"one more"))
            assert client.take() == b"one more\n"

    run_virtual(scene())


def test_who_does_not_answer_a_close_is_cut_2_s_later() -> None:
    async def scene() -> None:
        async with sweeping() as (home, guests):
            (stream, deaf), (other, fair) = await guests.ws(), await guests.ws()
            await asyncio.sleep(0.6)
            stream.close(1012)
            other.close(1012)
            fair.write(closing(1012))
            await asyncio.sleep(1.9)
            assert (server_frames(fair.take()), fair.has_ended) == ([RESTART], True)
            assert (server_frames(deaf.take()), deaf.has_ended) == ([RESTART], False)
            assert list(home.open) == [stream]
            await asyncio.sleep(0.5)
            assert (deaf.take(), deaf.has_ended) == (b"", True)
            assert list(home.open) == []

    run_virtual(scene())


async def until_told(client: Client) -> dict[str, Any]:
    """Read the bye."""
    loop = asyncio.get_running_loop()
    (bye,) = lines(await loop.sock_recv(client.sock, 1000))
    return bye


async def answer_close(client: Client) -> float:
    """Read up to the close, and answer it; gives when it came."""
    while True:
        await asyncio.sleep(0.05)
        if client.take().endswith(RESTART[1]):
            client.write(closing(1012))
            return asyncio.get_running_loop().time()


def test_a_drain_takes_leave_of_everybody_and_waits_for_nobody_else() -> None:
    async def scene() -> None:
        async with sweeping() as (home, guests):
            brief, _ = await guests.line()
            brief.abort()
            await turns()
            clients = [(await guests.ws())[1] for _ in range(20)]
            answers = [asyncio.create_task(answer_close(client)) for client in clients]
            began_s = asyncio.get_running_loop().time()
            await home.drain()
            took_s = asyncio.get_running_loop().time() - began_s
            assert home.open == {}
            closed_s = [await answer - began_s for answer in answers]
            assert 0.5 <= min(closed_s) <= max(closed_s) <= 3 + LATE_S
            assert len({round(each, 2) for each in closed_s}) > 5, "not all at once"
            assert took_s <= max(closed_s) + 0.1
            await home.drain()
            assert asyncio.get_running_loop().time() - began_s == took_s

    run_virtual(scene())


def test_a_drain_ends_in_time_whatever_the_clients_do() -> None:
    async def scene() -> None:
        async with sweeping(max_age_s=100) as (home, guests):
            _, rotated = await guests.line()
            assert (await until_told(rotated))["reason"] == "rotate"
            (_, deaf), (stuck, _) = await guests.ws(), await guests.line()
            fill(stuck)
            stuck.send(b"x" * FULL_BYTES)
            busy, _ = await guests.line()
            busy.run(asyncio.sleep(3600))
            closing_now, _ = await guests.ws()
            closing_now.close(1012)
            began_s = asyncio.get_running_loop().time()
            await home.drain()
            assert asyncio.get_running_loop().time() - began_s <= 5.01
            assert home.open == {}
            assert lines(rotated.take()) == [], "it was told already"
            (text, bye), end = server_frames(deaf.take())
            assert text == 0x81
            assert end == RESTART
            told = json.loads(bye)
            assert (told["type"], told["reason"]) == ("bye", "shutdown")
            assert 500 <= told["grace_ms"] <= 3000

    run_virtual(scene())


def test_who_has_no_place_yet_is_closed_without_a_bye() -> None:
    async def scene() -> None:
        async with sweeping() as (home, guests):
            coming, newcomer = await guests.ws(has_subscribed=False)
            coming.run(asyncio.sleep(3600))  # with a place that is older than the log's end
            waiting, viewer = await guests.ws()
            waiting.member.subscription = Subscription(Filters.of("A"))
            waiting.member.owed = waiting.member.subscription.filters  # its snapshot
            answers = [asyncio.create_task(answer_close(each)) for each in (newcomer, viewer)]
            await home.drain()
            assert [await answer for answer in answers] == [pytest.approx(0, abs=0.1)] * 2

    run_virtual(scene())


def test_who_is_still_there_at_the_end_of_a_drain_is_told_the_end() -> None:
    async def scene() -> None:
        async with sweeping(drain_s=1, max_age_s=100) as (home, guests):
            leaving, client = await guests.line()
            assert (await until_told(client))["grace_ms"] == 5000
            began_s = leaving.now_s()
            await home.drain()
            assert leaving.now_s() == began_s + 1
            assert client.take() == b"end 1012\n"
            assert client.has_ended

    run_virtual(scene())


def test_a_drain_without_time_takes_leave_all_the_same() -> None:
    async def scene() -> None:
        async with sweeping(drain_s=0) as (home, guests):
            _, client = await guests.line()
            await home.drain()
            bye, end = client.take().splitlines()
            assert json.loads(bye)["grace_ms"] == 0
            assert end == b"end 1012"
            assert home.open == {}

    run_virtual(scene())


def test_nobody_is_let_in_while_it_drains() -> None:
    async def scene() -> None:
        async with sweeping() as (home, guests):
            await guests.line()
            draining = asyncio.create_task(home.drain())
            await turns()
            assert home.draining.is_set()
            assert status(home, HERE) == 503
            await draining
            assert status(home, HERE) == 503

    run_virtual(scene())


async def test_what_never_ran_can_be_drained() -> None:
    hub = Hub(lent(MemoryLog()), LoopClock(), heartbeat_s=15)
    home = Connections(hub, PUBLIC, max_age_s=END_S, drain_s=5)
    async with asyncio.timeout(5):
        await home.drain()
    assert status(home, HERE) == 503


async def test_the_operator_sees_none_that_is_ending() -> None:
    settings = Settings(log="memory:", sources=False, drain_s=0, admin_token=(TOKEN,))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        running(settings, SystemClock()) as app,
        serving(app) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}/admin/", headers=headers) as admin,
        asyncio.timeout(5),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(handshake("/ws?topics=BTC"))
        await reader.readuntil(b'"type":"snapshot"')
        async with admin.get("connections") as answer:
            (listed,) = (await answer.json())["connections"]
        assert listed["door"] == "ws"
        assert listed["topics"] == ["price:BTC"]
        async with admin.delete(f"connections/{listed['id']}") as answer:
            assert answer.status == 204
        assert [each.phase for each in app[keys.CONNECTIONS].open] == [Phase.CLOSING]
        async with admin.get("connections") as answer:
            assert (await answer.json())["connections"] == []
        async with admin.delete(f"connections/{listed['id']}") as answer:
            assert answer.status == 404
        await reader.readuntil(RESTART[1])
        writer.close()
