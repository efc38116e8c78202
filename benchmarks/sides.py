"""Everybody who is measured, by name."""

from pathlib import Path

from benchmarks.brokers import Nats, Nchan
from benchmarks.feed import Feed
from benchmarks.floor import Floor
from benchmarks.library import LIBRARIES
from benchmarks.peer import Peer


def every_side(before: Path | None) -> dict[str, Peer]:
    """`before`: the root of another tree of the feed, to be measured beside this one."""
    sides: list[Peer] = [
        Floor(batched=True),
        Floor(batched=False),
        Feed("feed"),
        Feed("feed-source", "source"),
        *([Feed("feed-before", root=before)] if before else []),
        *LIBRARIES,
        Nats(),
        Nchan(),
    ]
    return {side.name: side for side in sides}
