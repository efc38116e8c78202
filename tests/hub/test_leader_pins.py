"""Whoever runs the sources ends the pins that are over, and tells them who watches."""

import asyncio

from feed.clock import SystemClock
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.leader import Leader
from feed.model.change import Change
from feed.sources.polled.http_json import HttpJsonConfig
from feed.sources.polled.polling import Polling
from tests.support.records import FUSE_S
from tests.support.traffic import beats


async def test_a_pin_ends_by_itself(hub: Hub, ingest: Ingest) -> None:
    await ingest.submit([Change(topic="price:A", patch={"price": "2"}, pin_s=0.001)])
    await ingest.submit([Change(topic="price:B", patch={"price": "2"}, pin_s=60)])
    await ingest.submit([Change(topic="price:C", patch={"price": "2", "pinned": "by others"})])
    leader = Leader(
        hub, ingest, SystemClock(), list, (), instance="one", lease_s=0.1, watched=hub.is_watched
    )
    leader.start()
    async with asyncio.timeout(FUSE_S):
        await hub.live.reached(4)
    await leader.stop()
    states = {topic: item.state() or {} for topic, item in hub.live.tail.items.items()}
    assert "pinned" not in states["price:A"]
    pinned = states["price:B"]["pinned"]
    assert isinstance(pinned, dict)
    assert [*pinned] == ["/price"]
    assert states["price:C"]["pinned"] == "by others"


async def test_what_is_polled_is_told_who_watches(hub: Hub, ingest: Ingest) -> None:
    config = HttpJsonConfig(name="p", url="http://127.0.0.1:1/", items="@", per_minute=5)
    sources = [Polling(config, config.upstream(), allow_private=True)]
    leader = Leader(
        hub,
        ingest,
        SystemClock(),
        lambda: sources,
        (),
        instance="one",
        lease_s=0.1,
        watched=hub.is_watched,
    )
    leader.start()
    async with asyncio.timeout(FUSE_S):
        async for _ in beats(100):
            if leader.schedule and leader.schedule.statuses()[0].runs:
                break
    assert leader.schedule is not None
    [status] = leader.schedule.statuses()
    assert status.quota_left is not None
    assert status.quota_left < 5
    await leader.stop()
