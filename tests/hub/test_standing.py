"""The events of a topic as they stand after all that was said of them."""

from typing import Any

from feed.clock import SystemClock
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.hub.standing import MOST, Standing, timeline
from feed.log.base import Bounds
from feed.log.memory import MemoryLog
from feed.model.change import Change, EventChange
from tests.support.log import lent

A, B = "score:A", "score:B"
TS = 1_790_000_000_000


class Forgetful(MemoryLog):
    """Lets go of its first entries right after it has said what it holds."""

    async def bounds(self) -> Bounds:
        bounds = await super().bounds()
        await self.trim(3)
        return bounds


def event(op: Any, event_id: str, topic: str = A, ts: int = TS, **data: Any) -> Change:
    kind = "goal" if op == "add" else None
    return Change(topic=topic, event=EventChange(op=op, kind=kind, id=event_id, ts=ts, data=data))


async def test_an_event_is_what_was_last_said_of_it(log: MemoryLog, hub: Hub) -> None:
    ingest = Ingest(hub, SystemClock())
    await ingest.submit(
        [
            event("add", "g-1", side="home"),
            event("add", "g-2", side="away", ts=TS + 1),
            event("add", "g-3", topic=B),
            event("amend", "g-1", ts=TS + 2, side="home", who="Saka"),
            event("void", "g-2", ts=TS + 3, why="offside"),
            Change(topic=A, patch={"x": 1}),
        ]
    )
    assert await timeline(log, A) == [
        Standing("g-2", "void", "goal", TS + 1, {"side": "away"}, "offside"),
        Standing("g-1", "amend", "goal", TS, {"side": "home", "who": "Saka"}),
    ]
    assert await timeline(log, "score:C") == []


async def test_what_was_taken_back_may_have_been_forgotten(log: MemoryLog, hub: Hub) -> None:
    ingest = Ingest(hub, SystemClock())
    await ingest.submit([event("add", "g-1", side="home")])
    await ingest.submit([event("void", "g-1", why={"no": "text"})])
    await log.trim(2)
    assert await timeline(log, A) == [Standing("g-1", "void", "goal", TS, {})]


async def test_only_the_newest_are_told(log: MemoryLog, hub: Hub) -> None:
    ingest = Ingest(hub, SystemClock())
    await ingest.submit([event("add", f"g-{n}") for n in range(MOST + 1)])
    told = await timeline(log, A)
    assert [told[0].id, told[-1].id, len(told)] == ["g-100", "g-1", MOST]


async def test_what_is_let_go_meanwhile_is_passed_over() -> None:
    log = Forgetful()
    hub = Hub(lent(log), SystemClock(), heartbeat_s=15)
    await hub.start()
    ingest = Ingest(hub, SystemClock())
    await ingest.submit([event("add", f"g-{n}") for n in range(4)])
    assert [each.id for each in await timeline(log, A)] == ["g-3", "g-2"]
    await hub.stop()
