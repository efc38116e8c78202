"""`feed.client` against the program: cut in mid-frame, killed, restarted, and read slowly."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import aiohttp
import pytest

from feed.client import Change, EventChange, Feed, Item, ItemChange, Reset
from tests.blackbox.conftest import SOAK, Serve
from tests.support.admin import Admin
from tests.support.client_feed import BLOCKED, FUSE_S, QUICK, goals, short
from tests.support.gate import Gate
from tests.support.proxy import CuttingProxy
from tests.support.server import Server

GOALS = 2000 if SOAK else 100
TRADES = 800
MOST = 6 if SOAK else 5
"""Digits of the bytes before a cut: an answer to a poll with all goals comes through at times."""


async def told(gate: Gate, chance: random.Random) -> AsyncGenerator[Change, None]:
    """What a program is told that ends now and then, and stores its place with what it did.

    Each time it begins something else comes through.
    """
    cursor: str | None = None
    while True:
        left = chance.randrange(1, 2 * GOALS)  # mostly beyond the frame that tells all of them
        gate.rules = chance.choice([*BLOCKED.values()])
        async with (
            Feed(gate.url, cursor=cursor, pace=QUICK) as feed,
            aclosing(feed.changes()) as loop,
        ):
            done: list[Change] = []
            async for change in loop:
                done.append(change)
                left -= 1
                if change.cursor is not None:
                    cursor = change.cursor
                    for each in done:
                        yield each
                    done = []
                if left <= 0:
                    break


async def happen(admin: Admin, server: Server) -> None:
    """Goals one after another, each with a score; half way the server is killed."""
    for number in range(1, GOALS + 1):
        event = {"kind": "goal", "id": f"g-{number}"}
        change = {"topic": "score:B", "set": {"home": {"score": number}}, "event": event}
        await admin.inject(change)
        if number == GOALS // 2:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)


async def test_every_event_once_whatever_is_cut_and_whoever_is_killed(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve)
    admin = Admin(http, server.url)
    await admin.inject({"topic": "score:B", "data": {}})
    cuts = random.Random(1)
    events: list[Change] = []
    state: Item | None = None
    async with (
        asyncio.timeout(FUSE_S * (20 if SOAK else 2)),
        CuttingProxy(server.port, lambda: int(10 ** cuts.uniform(2.8, MOST))) as proxy,
        Gate(int(proxy.url.rpartition(":")[2])) as gate,
        aclosing(told(gate, random.Random(2))) as changes,
    ):
        assert isinstance(await anext(changes), ItemChange)
        happening = asyncio.create_task(happen(admin, server))
        async for change in changes:
            match change:
                case EventChange():
                    events.append(change)
                case ItemChange():
                    state = Item(change.v, 0, change.data)
                case Reset():
                    raise AssertionError(change)
            if len(events) == GOALS:
                break
        await happening
    assert short(events) == goals(1, GOALS)
    assert state is not None
    assert state.data["home"] == {"score": GOALS}
    assert proxy.cuts > 0
    assert {"ws", "sse", "poll"} <= set(gate.asked)


def trade(number: int) -> dict[str, Any]:
    """A large change of an item, with an event."""
    text = f"{number:04d}" * 2000
    event = {"kind": "trade", "id": f"t-{number}"}
    return {"topic": "A", "set": {"name": text, "size": str(number)}, "event": event}


@pytest.mark.parametrize("door", ["WebSocket", "SSE"])
async def test_a_loop_that_takes_its_time_is_told_less_and_every_event(
    serve: Serve, http: aiohttp.ClientSession, door: str
) -> None:
    server = await asyncio.to_thread(serve)
    admin = Admin(http, server.url)
    await admin.inject({"topic": "A", "data": {}})
    events = versions = 0
    async with (
        asyncio.timeout(FUSE_S),
        Gate(server.port, **BLOCKED[door]) as gate,
        Feed(gate.url, pace=QUICK) as feed,
        aclosing(feed.changes("A")) as changes,
    ):
        await anext(changes)
        for batch in range(0, TRADES, 50):  # the loop is busy meanwhile
            await admin.inject([trade(batch + number) for number in range(1, 51)])
        async for change in changes:
            if isinstance(change, EventChange):
                events += 1
                assert change.id == f"t-{events}"
            else:
                versions += 1
            if events == TRADES:
                break
        assert feed.items["price:A"].data["size"] == str(TRADES)
        assert feed.status.merged + versions == TRADES
        assert feed.status.merged > 0
        assert feed.status.connections == 1
