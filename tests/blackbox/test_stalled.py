"""Viewers that do not read cost the server nothing that grows, and others nothing at all."""

import asyncio

import aiohttp
import pytest

from tests.blackbox.conftest import SOAK, Serve
from tests.support.admin import Admin, Ledger
from tests.support.client import Frame, Reader, offset
from tests.support.doors import visit, websocket
from tests.support.stalled import Stalled, small_socket
from tests.support.traffic import beats

PEERS = 100
CALLS_PER_S = 20
CHANGES_A_CALL = 10  # 200 changes a second
WARM_UP_CALLS = 40
CALLS = 100
GROWTH_BYTES = 16 * 2**20
"""What the process may grow by after warm-up. Each peer misses some 1 MB: all would be 100 MB."""


def _changes(call: int) -> list[Frame]:
    """Ten changes, each of 1.4 KB, every fifth with an event."""
    changes: list[Frame] = []
    for index in range(CHANGES_A_CALL):
        n = call * CHANGES_A_CALL + index
        text = f"{n:08}" * 170
        change: Frame = {"topic": f"score:slow.{n % 20}", "set": {"text": text, f"f{n % 3}": n}}
        if n % 5 == 0:
            change["event"] = {"kind": "tick", "id": f"t-{n}", "data": {"n": n}}
        changes.append(change)
    return changes


async def test_stalled_viewers_cost_no_memory_and_others_no_change(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    server = await asyncio.to_thread(serve, FEED_HEARTBEAT_S="1")
    admin, ledger = Admin(http, server.url), Ledger()
    healthy, waking = Reader("healthy"), Reader("waking")
    topics = {"topics": "score:slow.*"}
    finished = False
    warm = 0

    def done(reader: Reader) -> bool:
        return finished and reader.cursor is not None and offset(reader.cursor) >= ledger.last

    for reader in (healthy, waking):
        await visit(http, "poll", server.url, topics, reader, lambda: False)
    with Stalled(server.port, PEERS, topics["topics"]):
        slow = small_socket(server.port)
        async with (
            asyncio.timeout(60 + CALLS / CALLS_PER_S),
            websocket(
                server.url, topics, reader=waking, sock=slow, max_queue=1, compression=None
            ) as asleep,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(visit(http, "ws", server.url, topics, healthy, lambda: done(healthy)))
            async for call in beats(CALLS_PER_S):
                if call == CALLS:
                    break
                if call == WARM_UP_CALLS:
                    warm = server.rss_bytes
                changes = _changes(call)
                ledger.record(changes, await admin.inject(changes))
            grown = server.rss_bytes - warm
            finished = True
            while not done(waking):  # it has read nothing so far; now it reads all
                await asleep.receive()
    assert grown < GROWTH_BYTES
    for reader in (healthy, waking):
        ledger.check(reader, lambda _: True)
        assert reader.resets == []
    assert len(waking.steps) < len(healthy.steps) == CALLS * CHANGES_A_CALL


@pytest.mark.skipif(not SOAK, reason="takes the 30 s that the protocol gives; FEED_SOAK=1 runs it")
async def test_who_reads_nothing_for_30_s_is_cut(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await asyncio.to_thread(serve)
    admin = Admin(http, server.url)
    with Stalled(server.port, PEERS, "score:slow.*") as stalled:
        async with asyncio.timeout(90):
            async for call in beats(CALLS_PER_S):
                if call == 40 * CALLS_PER_S:
                    break
                await admin.inject(_changes(call))
        assert await asyncio.to_thread(stalled.ended) == PEERS
