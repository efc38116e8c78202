"""Whoever runs the sources ends the pins that are over."""

import asyncio

from feed.clock import SystemClock
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.leader import Leader
from feed.model.change import Change
from tests.support.records import FUSE_S


async def test_a_pin_ends_by_itself(hub: Hub, ingest: Ingest) -> None:
    await ingest.submit([Change(topic="price:A", patch={"price": "2"}, pin_s=0.001)])
    await ingest.submit([Change(topic="price:B", patch={"price": "2"}, pin_s=60)])
    await ingest.submit([Change(topic="price:C", patch={"price": "2", "pinned": "by others"})])
    leader = Leader(
        hub, ingest, SystemClock(), list, instance="one", lease_s=0.1, watched=hub.is_watched
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
