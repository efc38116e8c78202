"""Nothing that was changed is changed back, whoever changes it, however late, and waits or not."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from feed.clock import SystemClock
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.log.base import Appended, Batch
from feed.log.memory import MemoryLog
from feed.model.change import Change
from feed.model.codec import JsonObject
from tests.support.failing_log import FailingLog
from tests.support.log import Outliving, lent

TOPICS = ("score:A", "score:B")


class Late(FailingLog):
    """Appends in order, each after some turns of the loop, also where nobody waits any more."""

    def __init__(self, log: MemoryLog, turns: Iterator[int]) -> None:
        super().__init__(log)
        self._turns = turns
        self._order = asyncio.Lock()

    async def append(self, batch: Batch) -> Appended:
        """See EventLog."""
        return await asyncio.shield(self._late(batch))

    async def _late(self, batch: Batch) -> Appended:
        async with self._order:
            await turns(next(self._turns))
            return await super().append(batch)


class Step(NamedTuple):
    """A change by one of two instances; its caller hangs up after so many turns, or never."""

    instance: int
    topics: list[str]
    patience: int | None
    pause: int


STEPS = st.lists(
    st.builds(
        Step,
        instance=st.integers(0, 1),
        topics=st.lists(st.sampled_from(TOPICS), min_size=1, max_size=2),
        patience=st.none() | st.integers(0, 12),
        pause=st.integers(0, 8),
    ),
    max_size=12,
)
TURNS = st.lists(st.integers(0, 6), min_size=1, max_size=6)


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@settings(max_examples=200)
@given(STEPS, TURNS)
def test_no_change_takes_another_back(steps: list[Step], late: list[int]) -> None:
    asyncio.run(_play(steps, late))


async def _play(steps: list[Step], late: list[int]) -> None:
    log = Outliving()
    hubs = [Hub(lent(Late(log, cycle(late))), SystemClock(), heartbeat_s=15) for _ in range(2)]
    for hub in hubs:
        await hub.start()
    instances = [Ingest(hub, SystemClock()) for hub in hubs]
    callers = []
    for number, step in enumerate(steps):
        callers.append(asyncio.create_task(_say(instances[step.instance], number, step)))
        await turns(step.pause)
    answered = [number for number in await asyncio.gather(*callers) if number is not None]
    await instances[0].submit([Change(topic=topic, patch={"last": 1}) for topic in TOPICS])
    for hub in hubs:
        await hub.stop()

    now: dict[str, JsonObject] = {}
    for entry in await log.read(0, 1000):
        assert (entry.before() or {}) == now.get(entry.topic, {}), "it is a step from the last one"
        now[entry.topic] = entry.after() or {}
    for number in answered:
        for topic in steps[number].topics:
            assert now[topic][f"k{number}"] == 1
            assert now[topic]["last"] == 1


async def _say(ingest: Ingest, number: int, step: Step) -> int | None:
    """Which step was acknowledged; None: its caller hung up before."""
    changes = [Change(topic=topic, patch={f"k{number}": 1}) for topic in step.topics]
    saying = asyncio.create_task(ingest.submit(changes))
    if step.patience is not None:
        await turns(step.patience)
        saying.cancel()
    with suppress(asyncio.CancelledError):
        await saying
        return number
    return None
