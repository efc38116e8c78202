"""What is measured: who subscribes to what, and what is sent."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["steady", "capacity", "idle", "ingest", "catch_up"]
Door = Literal["ws", "sse", "poll"]


@dataclass(frozen=True, slots=True)
class Rate:
    """`batch` messages every `interval_us`, on `topics` topics in turn."""

    topics: int
    batch: int
    interval_us: int

    @property
    def per_s(self) -> float:
        """Messages a second."""
        return self.batch * 1_000_000 / self.interval_us

    def line(self) -> str:
        """As the load and the servers read it."""
        return f"rate {self.topics} {self.batch} {self.interval_us}\n"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`each`: how many of the topics a subscriber has; `query`: further parameters, of the feed.

    `silent`: every tenth subscriber reads nothing. `feed_only`: beside the floor alone.
    `events`: every change has an event with it, which nothing merges.
    """

    name: str
    title: str
    subscribers: int
    each: int
    rate: Rate
    kind: Kind = "steady"
    query: str = ""
    door: Door = "ws"
    deflate: bool = False
    silent: bool = False
    events: bool = False
    feed_only: bool = False

    def interests(self) -> list[Sequence[int]]:
        """The topics of each subscriber: all, or as many at random, the same in every run."""
        topics = range(self.rate.topics)
        if self.each == len(topics):
            return [topics] * self.subscribers
        chance = random.Random(5)
        return [sorted(chance.sample(topics, self.each)) for _ in range(self.subscribers)]

    @property
    def plain(self) -> "Scenario":
        """What of it the floor can do: the same to the same, over plain WebSockets."""
        return replace(self, door="ws", deflate=False, query="")

    @property
    def expected_per_s(self) -> float:
        """Deliveries a second when nothing is merged, to those who read."""
        readers = self.subscribers * (0.9 if self.silent else 1)
        return self.rate.per_s * readers * self.each / self.rate.topics


_A = Scenario(
    "A",
    "broadcast: 1 topic, 1,000 subscribers, 100/s",
    subscribers=1000,
    each=1,
    rate=Rate(topics=1, batch=1, interval_us=10_000),
)
_B = Scenario(
    "B",
    "dashboard: 50 topics in bursts each 100 ms, 400 subscribers of all",
    subscribers=400,
    each=50,
    rate=Rate(topics=50, batch=50, interval_us=100_000),
)
_FAST = Rate(topics=50, batch=1000, interval_us=1000)
"""More than any server takes."""

EVERY = (
    _A,
    replace(_A, name="A-window", title="A with window_ms=50", query="window_ms=50", feed_only=True),
    replace(_A, name="A-slow", title="A, a tenth reads nothing", silent=True, feed_only=True),
    replace(_A, name="A-sse", title="A over Server-Sent Events", door="sse", feed_only=True),
    _B,
    replace(_B, name="B-slow", title="B, a tenth reads nothing", silent=True, feed_only=True),
    replace(_B, name="B-deflate", title="B, compressed", deflate=True),
    replace(_B, name="B-sse", title="B over Server-Sent Events", door="sse", feed_only=True),
    replace(_B, name="B-poll", title="B by long polls", door="poll", feed_only=True),
    replace(
        _B,
        name="B-busy",
        title="B at 560,000 deliveries/s, bursts of 140: how late it comes",
        rate=Rate(topics=50, batch=140, interval_us=100_000),
        feed_only=True,
    ),
    replace(_B, name="C", title="capacity of B on one core, p99 < 100 ms", kind="capacity"),
    replace(
        _A,
        name="D",
        title="idle: 5,000 connect and subscribe; memory for each",
        kind="idle",
        subscribers=5000,
    ),
    Scenario(
        "E",
        "sparse: 1,000 topics, 1,000 subscribers of 20 each, 1,000/s in bursts of 100",
        subscribers=1000,
        each=20,
        rate=Rate(topics=1000, batch=100, interval_us=100_000),
    ),
    replace(
        _B,
        name="ingest",
        title="changes as fast as they are taken, nobody watching",
        kind="ingest",
        subscribers=0,
        rate=_FAST,
        feed_only=True,
    ),
    replace(
        _B,
        name="ingest-watched",
        title="changes as fast as they are taken, B's 400 subscribers watching",
        kind="ingest",
        rate=_FAST,
        feed_only=True,
    ),
    replace(
        _B,
        name="catchup",
        title="400 resume at once, 10,000 changes of 50 topics behind",
        kind="catch_up",
        feed_only=True,
    ),
    replace(
        _B,
        name="catchup-events",
        title="400 resume at once, 10,000 changes with an event each behind",
        kind="catch_up",
        events=True,
        feed_only=True,
    ),
)
