"""Viewers that hop between the doors, cut in mid-frame, miss nothing and see nothing twice."""

import asyncio
import random
from collections.abc import Callable

import aiohttp
import pytest

from tests.blackbox.conftest import SOAK, Serve
from tests.support.admin import Admin, Ledger
from tests.support.client import Reader, offset
from tests.support.doors import DOORS, Query, visit
from tests.support.proxy import CuttingProxy
from tests.support.traffic import Traffic, drive

BATCHES_PER_S = 60  # some 100 changes a second
SETTLED_S = 20
BATCHES = 4000 if SOAK else 180
VIEWERS = 3
"""So many want the very same: who joins a group that others are in must fit in."""

FIELDS = ("price", "home")
VARIANTS: dict[str, Query] = {
    "plain": {},
    "fields": {"fields": ",".join(FIELDS)},
    "conflated": {"conflate_ms": 100},
    "windowed": {"window_ms": 50},
    "delayed": {"delay_ms": 300},
    "all": {"fields": ",".join(FIELDS), "conflate_ms": 100, "delay_ms": 300},
}


class Hopper:
    """A viewer that leaves its door at random, and is cut at random by a proxy."""

    def __init__(self, name: str, query: Query, proxy: CuttingProxy) -> None:
        fields = FIELDS if "fields" in query else ()
        self.reader = Reader(name, fields)
        self.doors: set[str] = set()
        self._query = query
        self._proxy = proxy
        self._random = random.Random(name)

    async def watch(self, session: aiohttp.ClientSession, done: Callable[[Reader], bool]) -> None:
        """Go from door to door until it has seen all."""
        while not done(self.reader):
            door = self._random.choice(sorted(DOORS))
            left = self._random.randrange(2, 40)

            def leave() -> bool:
                nonlocal left
                left -= 1
                return left <= 0 or done(self.reader)

            await visit(session, door, self._proxy.url, self._query, self.reader, leave)
            self.doors.add(door)


@pytest.mark.parametrize("seed", range(5) if SOAK else [1])
async def test_hopping_viewers_see_every_change_as_promised(
    serve: Serve, http: aiohttp.ClientSession, seed: int
) -> None:
    server = await asyncio.to_thread(serve, FEED_HEARTBEAT_S="1")
    admin, ledger, traffic = Admin(http, server.url), Ledger(), Traffic(seed, "hop")
    watched = [*traffic.scores, *traffic.prices[:2]]
    topics = f"score:hop.*,{','.join(traffic.prices[:2])}"
    cuts = random.Random(seed)
    calls = 0
    finished = False

    def enough() -> bool:
        nonlocal calls
        calls += 1
        return calls > BATCHES

    def done(reader: Reader) -> bool:
        return finished and reader.cursor is not None and offset(reader.cursor) >= ledger.last

    def wanted(topic: str) -> bool:
        return topic in watched or topic.startswith("score:hop.")

    async with CuttingProxy(server.port, lambda: int(10 ** cuts.uniform(2.5, 4.5))) as proxy:
        hoppers = [
            Hopper(f"{name} {number}", {"topics": topics, **query}, proxy)
            for name, query in VARIANTS.items()
            for number in range(VIEWERS)
        ]
        for hopper in hoppers:  # a place before the first change, to see all from there
            await hopper.watch(http, lambda reader: reader.cursor is not None)
        steady, everything = Reader("steady"), {"topics": topics}
        await visit(http, "poll", server.url, everything, steady, lambda: bool(steady.cursor))
        async with asyncio.TaskGroup() as group:
            at_rest = visit(http, "ws", server.url, everything, steady, lambda: done(steady))
            tasks = [group.create_task(at_rest)]
            tasks += [group.create_task(hopper.watch(http, done)) for hopper in hoppers]
            await drive(admin, traffic, ledger, BATCHES_PER_S, enough)
            finished = True
            await asyncio.wait(tasks, timeout=SETTLED_S)
            late = [each for each in (steady, *(h.reader for h in hoppers)) if not done(each)]
            assert not late, [f"{each.name} at {each.cursor} of {ledger.last}" for each in late]

    assert proxy.cuts > len(hoppers)
    assert set().union(*(hopper.doors for hopper in hoppers)) == set(DOORS)
    now = await admin.snapshot(topics)
    for hopper in hoppers:
        reader = hopper.reader
        assert reader.resets == []
        ledger.check(reader, wanted)
    assert hoppers[0].reader.items == {topic: item["data"] for topic, item in now.items()}
    assert hoppers[0].reader.versions.items() >= {(t, item["v"]) for t, item in now.items()}
    ledger.check(steady, wanted)
    seen = [(step.topic, step.v) for step in steady.steps]
    assert sorted(seen) == sorted(key for key in ledger.states() if wanted(key[0]))
