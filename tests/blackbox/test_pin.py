"""A pin from outside: the admin's value stays, the source's is kept, and comes back in the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.blackbox.conftest import Serve
from tests.support.admin import Admin
from tests.support.client import Frame
from tests.support.doors import websocket
from tests.support.traffic import beats

LOOKS_PER_S = 20
WALK = """
[[source]]
type = "random_walk"
name = "walk"
every_s = 0.05
moving = 1.0
tickers = [ { topic = "W", name = "Walks", price = "100" } ]
"""


async def test_a_source_goes_on_beside_a_pin_and_takes_over_after_it(
    serve: Serve, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "feed.toml").write_text(WALK)
    config = {"FEED_CONFIG": str(tmp_path / "feed.toml"), "FEED_SOURCES": "on"}
    server = await asyncio.to_thread(serve, **config)
    admin = Admin(http, server.url)
    async with asyncio.timeout(60), websocket(server.url, {"topics": "W"}) as socket:
        await socket.until("update")
        await admin.inject({"topic": "W", "set": {"price": "777.00"}, "pin_s": 1.5, "why": "desk"})
        told = set[str | None]()
        async for state in looks(admin):
            if "pinned" not in state:
                assert 90 < float(state["price"]) < 110
                break
            assert state["price"] == "777.00"
            told.add(state["pinned"]["/price"].get("source"))
        assert any(told), "the source told nothing meanwhile"
        assert all(90 < float(price) < 110 for price in told if price)

        await admin.inject({"topic": "W", "set": {"price": "888.00"}, "pin_s": 3600})
        bids = set[str]()
        async for state in looks(admin):
            assert state["price"] == "888.00"
            bids.add(state["bid"])
            if len(bids) > 1:  # what is not pinned goes on
                break
        answer = await admin.post("unpin", '{"topic":"W"}')
        assert (answer.status, len(answer.body["results"])) == (200, 1)
        async for state in looks(admin):
            if float(state["price"]) < 110:
                break


async def looks(admin: Admin) -> AsyncIterator[Frame]:
    """The state of the item, as it is at each look."""
    async for _ in beats(LOOKS_PER_S):
        yield (await admin.snapshot("W"))["price:W"]["data"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"topic":"nobody"}', 404),
        ('{"topic":"a b"}', 422),
        ('{"topic":1}', 422),
        ("{}", 422),
        ('{"topic":"A","x":1}', 422),
        ("[]", 422),
        ("{", 400),
    ],
)
async def test_what_cannot_be_unpinned(admin: Admin, body: str, status: int) -> None:
    assert (await admin.post("unpin", body)).status == status


async def test_a_pin_goes_with_a_set(admin: Admin, name: str) -> None:
    for member in ({"data": {"n": 1}}, {"gone": True}, {"event": {"kind": "goal"}}):
        answer = await admin.post("inject", json.dumps({"topic": name, "pin_s": 5} | member))
        assert answer.status == 422
        assert answer.body["errors"][0]["path"] == "$[0].pin_s"
