"""A Feed goes from one transport to another, and tells every event once."""

import asyncio

import pytest

from feed.client import Change, Ended, Feed
from feed.client.backoff import Pace
from tests.support.client_feed import FUSE_S, QUICK, Desk, Said, goals, short, until
from tests.support.gate import Gate, Rule

CLIMBING = Pace(
    retry_s=0.01, longest_retry_s=0.01, connect_s=0.5, beside_s=0.5, climb_s=0.02
)  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "transport"),
    [
        ({"ws": 426}, "SSE"),
        ({"ws": 200}, "SSE"),
        ({"ws": 401}, "SSE"),
        ({"ws": b"Upgrade"}, "SSE"),
        ({"ws": b"Connection"}, "SSE"),
        ({"ws": b"Sec-WebSocket-Key"}, "SSE"),
        ({"ws": 408}, "SSE"),
        ({"ws": 502}, "SSE"),
        ({"ws": "hang"}, "SSE"),
        ({"ws": "head"}, "SSE"),
        ({"ws": 400, "sse": 405}, "long poll"),
        ({"ws": "hang", "sse": "hang"}, "long poll"),
        ({"ws": 403, "sse": "head"}, "long poll"),
        ({"ws": 403, "sse": 200}, "long poll"),
        ({"ws": 503, "sse": 504}, "long poll"),
    ],
)
async def test_what_does_not_come_through_is_passed_over_and_remembered(
    port: int, desk: Desk, rules: dict[str, Rule], transport: str
) -> None:
    await desk.price("1")
    async with Gate(port, **rules) as gate:
        async with Feed(gate.url, pace=QUICK) as feed:
            await until(feed, "1")
            assert feed.status.transport == transport
        first = len(gate.asked)
        async with Feed(gate.url, pace=QUICK) as feed:
            await until(feed, "1")
        assert set(gate.asked[first:]) == {"sse" if transport == "SSE" else "poll"}


async def test_refused_everywhere_it_ends(port: int) -> None:
    async with (
        asyncio.timeout(FUSE_S),
        Gate(port, ws=404, sse=404, poll=404) as gate,
        Feed(gate.url, pace=QUICK) as feed,
    ):
        with pytest.raises(Ended, match="/poll answers 404"):
            [change async for change in feed.changes()]
        assert feed.status.state == "ended"


@pytest.mark.parametrize("rules", [{}, {"ws": 403}, {"ws": 403, "sse": 403}])
async def test_what_the_feed_itself_refuses_is_the_end(port: int, rules: dict[str, Rule]) -> None:
    async with (
        asyncio.timeout(FUSE_S),
        Gate(port, **rules) as gate,
        Feed(gate.url, pace=QUICK, conflate_ms=60_001) as feed,
    ):
        with pytest.raises(Ended, match="expected an integer from 0 to 60000"):
            [change async for change in feed.changes()]


async def test_silence_leads_down(port: int, desk: Desk) -> None:
    await desk.goal(0)
    said, told = Said(), list[Change]()
    async with (
        asyncio.timeout(FUSE_S),
        Gate(port) as gate,
        Feed(gate.url, pace=QUICK, on_status=said) as feed,
    ):
        async for change in feed.changes():
            told.append(change)
            if len(told) == 3:
                break
            gate.mute()
            await desk.goal(len(told))
    lives = [status for status in said if status.state == "live"]
    assert [status.transport for status in lives] == ["WebSocket", "SSE", "long poll"]
    assert [status.resumed for status in lives] == [False, True, True]
    assert short(told) == [("score:B", 1, ""), *goals(1, 2)]


@pytest.mark.parametrize("rules", [{"ws": 403}, {"ws": 403, "sse": "hang"}, {"ws": "hang"}])
async def test_it_climbs_back_before_it_leaves_what_works(
    port: int, desk: Desk, rules: dict[str, Rule]
) -> None:
    said, told = Said(), list[Change]()
    await desk.goal(0)
    async with (
        asyncio.timeout(FUSE_S),
        Gate(port, **rules) as gate,
        Feed(gate.url, pace=CLIMBING, on_status=said) as feed,
    ):
        async for change in feed.changes():
            told.append(change)
            if feed.status.transport == "WebSocket":
                break
            if len(told) == 5:
                gate.rules.clear()
            await desk.goal(len(told))
    assert short(told) == [("score:B", 1, ""), *goals(1, len(told) - 1)]
    first = next(place for place, status in enumerate(said) if status.state == "live")
    assert {status.state for status in said[first:]} == {"live", "ended"}
