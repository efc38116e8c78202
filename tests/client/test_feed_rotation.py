"""A server that ends each connection soon: a Feed goes on at the next one where it was."""

import asyncio

import msgspec
import pytest

from feed.client import Change, Feed
from feed.settings import Settings
from tests.support.client_feed import BLOCKED, FUSE_S, QUICK, Desk, Said, goals, short
from tests.support.gate import Gate


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, max_age_s=1)


@pytest.mark.parametrize("transport", ["WebSocket", "SSE"])
async def test_every_event_once_from_connection_to_connection(
    port: int, desk: Desk, transport: str
) -> None:
    await desk.goal(0)
    said, told = Said(), list[Change]()
    async with (
        asyncio.timeout(FUSE_S),
        Gate(port, **BLOCKED[transport]) as gate,
        Feed(gate.url, pace=QUICK, on_status=said) as feed,
    ):
        async for change in feed.changes():
            told.append(change)
            if feed.status.connections == 3:
                break
            await desk.goal(len(told))
    assert short(told) == [("score:B", 1, ""), *goals(1, len(told) - 1)]
    lives = [status for status in said if status.state == "live"]
    assert [(status.transport, status.resumed) for status in lives] == [
        (transport, False),
        (transport, True),
        (transport, True),
    ]
