"""What tests of a Feed share: an admin, what the feed said of itself, what its loop was told."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from secrets import token_hex
from typing import Any

from aiohttp import ClientSession

from feed.client import Change, EventChange, Feed, ItemChange, Pace, Reset, Status
from feed.client.admin import Admin
from feed.model.codec import encode
from tests.support.gate import Rule
from tests.support.server import TOKEN

FUSE_S = 20
QUICK = Pace(retry_s=0.01, longest_retry_s=0.01, connect_s=0.5)
BLOCKED: dict[str, dict[str, Rule]] = {
    "WebSocket": {},
    "SSE": {"ws": 403},
    "long poll": {"ws": 403, "sse": 404},
}
"""By transport, what must be blocked so that it is taken."""


class Desk:
    """An admin of the server."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._admin = Admin(session, url, TOKEN, lambda *_: None)

    async def say(self, *changes: dict[str, Any]) -> None:
        """Inject changes as one."""
        await self._admin.inject(encode(changes), token_hex(8))

    async def price(self, value: str, topic: str = "A") -> None:
        """A new price."""
        await self.say({"topic": topic, "set": {"price": value}})

    async def goal(self, number: int, op: str = "add") -> None:
        """An event by its number."""
        event = {"kind": "goal", "id": f"g-{number}", "op": op}
        await self.say({"topic": "score:B", "event": event})


class Said(list[Status]):
    """All that a feed said of itself."""

    def __init__(self) -> None:
        self.live = asyncio.Event()

    def __call__(self, status: Status) -> None:
        self.append(status)
        if status.state == "live":
            self.live.set()


async def until(feed: Feed, last: str, *topics: str) -> list[Change]:
    """All that is told until an item's price or an event's id is this."""
    told: list[Change] = []
    async with asyncio.timeout(FUSE_S), aclosing(feed.changes(*topics)) as changes:
        async for change in changes:
            told.append(change)
            if last in (change.data.get("price"), getattr(change, "id", None)):
                return told
    raise AssertionError("it ended")


def short(told: Iterable[Change]) -> list[tuple[Any, ...]]:
    """What was told, without times and places; the price of what is gone is None."""
    return [_short(change) for change in told]


def _short(change: Change) -> tuple[Any, ...]:
    match change:
        case ItemChange():
            price = None if change.gone else change.data.get("price", "")
            return (change.topic, change.v, price)
        case EventChange():
            return (change.topic, change.op, change.id)
        case Reset():
            return ("reset", change.reason)


def goals(first: int, last: int) -> list[tuple[str, str, str]]:
    """As `short` tells those that a Desk said."""
    return [("score:B", "add", f"g-{number}") for number in range(first, last + 1)]
