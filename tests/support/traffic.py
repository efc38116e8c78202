"""Seeded load: changes of every sort on a few topics, injected at a rate and kept in a ledger."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable

import aiohttp

from tests.support.admin import Admin, Ledger
from tests.support.client import Frame
from tests.support.doors import NOT_NOW

PAUSE_S = 0.05


class Traffic:
    """Changes that the server must accept, drawn from a seed.

    Sets with nested patches and nulls, whole data, events added, amended and voided, topics that
    go and come back, and topics that an event creates. All on `price:{name}.…` and
    `score:{name}.…`; the server must hold none of them yet, and nobody else may change them.
    """

    def __init__(self, seed: int, name: str) -> None:
        self.prices = [f"price:{name}.{key}" for key in "ABCD"]
        self.scores = [f"score:{name}.{key}" for key in "KLM"]
        self._name = name
        self._random = random.Random(seed)
        self._count = 0
        self._alive: set[str] = set()
        self._events: dict[str, list[str]] = {}

    def batch(self) -> list[Frame]:
        """Mostly one change, at times a handful for one call."""
        size = self._random.choice((1, 1, 1, 1, 1, 3, 5))
        return [self._change() for _ in range(size)]

    def _change(self) -> Frame:
        self._count += 1
        draw = self._random.random()
        topic = self._random.choice(self.prices + self.scores)
        if draw < 0.02:
            topic = f"score:{self._name}.E{self._count}"
            self._alive.add(topic)
            return {"topic": topic, "event": self._added(topic)}
        if draw < 0.08 or topic not in self._alive:
            self._alive.add(topic)
            return {"topic": topic, "data": self._state(topic)}
        if draw < 0.12:
            self._alive.discard(topic)
            return {"topic": topic, "gone": True}
        if draw < 0.32:
            return {"topic": topic, "event": self._event(topic)}
        if draw < 0.42:
            return {"topic": topic, "set": self._patch(topic), "event": self._event(topic)}
        return {"topic": topic, "set": self._patch(topic)}

    def _state(self, topic: str) -> Frame:
        depth = {"depth": {"bids": {"best": self._money()}, "n": self._count}}
        if topic.startswith("price:"):
            return {"price": self._money(), "bid": self._money(), "n": self._count} | depth
        sides = {side: {"name": side, "score": self._small()} for side in ("home", "away")}
        return {"phase": "live", "n": self._count} | sides | depth

    def _patch(self, topic: str) -> Frame:
        drawn = self._random.randrange(6)
        if drawn == 0:
            return {"n": self._count, "depth": None}
        if drawn == 1:
            return {"n": self._count, "depth": {"bids": None, "asks": {f"l{self._small()}": 1}}}
        if drawn == 2:
            return {"depth": {"bids": {f"l{self._small()}": self._count}}}
        if drawn == 3:
            return {"depth": {"asks": None, "n": self._count, "list": [1, None, {"x": None}]}}
        if topic.startswith("price:"):
            return {"price": self._money(), "n": self._count}
        return {"home": {"score": self._small(), "red": None}, "n": self._count}

    def _event(self, topic: str) -> Frame:
        ids = self._events.get(topic)
        if ids and self._random.random() < 0.3:
            op = self._random.choice(("amend", "void"))
            data = {"n": self._count}
            return {"op": op, "id": self._random.choice(ids), "kind": "goal", "data": data}
        return self._added(topic)

    def _added(self, topic: str) -> Frame:
        event: Frame = {"kind": "goal", "data": {"n": self._count}}
        if self._random.random() < 0.7:
            event["id"] = f"e-{self._count}"
            self._events.setdefault(topic, []).append(event["id"])
        return event

    def _money(self) -> str:
        return f"{self._random.randrange(1, 10**6) / 100:.2f}"

    def _small(self) -> int:
        return self._random.randrange(4)


async def beats(rate: float) -> AsyncIterator[int]:
    """0, 1, 2 … at so many a second; late ones follow at once. This paces load, nothing waits."""
    loop = asyncio.get_running_loop()
    start, count = loop.time(), 0
    while True:
        yield count
        count += 1
        await asyncio.sleep(max(0.0, start + count / rate - loop.time()))


async def drive(
    admin: Admin, traffic: Traffic, ledger: Ledger, rate: float, enough: Callable[[], bool]
) -> None:
    """Inject batches at a rate, each acknowledged before the next, until there are enough."""
    async for _ in beats(rate):
        if enough():
            return
        changes = traffic.batch()
        ledger.record(changes, await admin.inject(changes))


async def drive_through_crashes(
    admin: Admin, traffic: Traffic, ledger: Ledger, up: asyncio.Event, enough: Callable[[], bool]
) -> int:
    """As `drive`, with a key for each batch: what got no answer is sent again until it has one.

    Returns how many answers were those of an earlier try.
    """
    duplicates = 0
    async for count in beats(25):
        if enough():
            return duplicates
        changes = traffic.batch()
        body, key = json.dumps(changes), f"{traffic.prices[0]}-{count}"
        answer = None
        while answer is None or answer.status in NOT_NOW:
            await up.wait()
            try:
                answer = await admin.post("inject", body, key=key)
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(PAUSE_S if answer.status in NOT_NOW else 0)
        assert answer.status == 200, answer
        duplicates += answer.body["duplicate"]
        ledger.record(changes, answer.body)
    return duplicates
