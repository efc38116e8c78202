"""What was done by hand is remembered, and taken back unless something newer stands on it."""

from collections.abc import Sequence
from typing import Any

import pytest

from feed.errors import NotToUndo
from feed.hub.audit import Action, Audit, Done
from feed.hub.hub import Hub
from feed.hub.ingest import Ingest
from feed.log.memory import MemoryLog
from feed.model.change import Change, EventChange
from feed.model.codec import JsonObject

A = "score:A"


@pytest.fixture
def audit(hub: Hub) -> Audit:
    return Audit(hub)


class Desk:
    """Somebody who injects, and takes it back."""

    def __init__(self, hub: Hub, audit: Audit, ingest: Ingest) -> None:
        self.audit = audit
        self._hub = hub
        self._ingest = ingest

    async def do(self, *changes: Change) -> Done:
        await self._ingest.submit(changes, action=Action("inject", "desk"))
        return (await self.audit.done(1))[0]

    async def undo(self, done: Done) -> None:
        current = await self.audit.find(done.id)
        assert current is not None
        changes = await self.audit.compensation(current)
        await self._ingest.submit(changes, action=Action("undo", undoes=done.id))

    def state(self) -> JsonObject | None:
        item = self._hub.current(A)
        return item.state() if item else None


@pytest.fixture
def desk(hub: Hub, audit: Audit, ingest: Ingest) -> Desk:
    return Desk(hub, audit, ingest)


def put(**patch: Any) -> Change:
    return Change(topic=A, patch=patch)


def whole(**data: Any) -> Change:
    return Change(topic=A, data=data)


def event(op: Any = "add", event_id: str = "g", **data: Any) -> Change:
    return Change(topic=A, event=EventChange(op=op, id=event_id, kind="goal", data=data))


GONE = Change(topic=A, gone=True)

CASES: dict[str, tuple[Sequence[Change], Sequence[Change]]] = {
    "a patch": ([whole(n=1, side={"s": 1, "t": 1})], [put(n=2, side={"s": 2}, new=1)]),
    "a whole item": ([whole(n=1, a=1)], [whole(n=2)]),
    "an end": ([whole(n=1, a={"b": 1})], [GONE]),
    "the first": ([], [put(n=1)]),
    "a return": ([whole(n=1), GONE], [whole(n=2)]),
    "a topic that came and went": ([], [put(n=1), GONE]),
    "several": ([whole(n=1)], [put(n=2), put(n=3, a=1), event()]),
    "a topic that an event made": ([], [event()]),
    "an event and its correction": ([whole(n=1)], [event(by="X"), event("amend", by="Y")]),
    "an event that came and went": ([whole(n=1)], [event(), event("void"), put(n=2)]),
}


@pytest.mark.parametrize("case", CASES)
async def test_it_is_as_before(desk: Desk, case: str) -> None:
    before, batch = CASES[case]
    for change in before:
        await desk.do(change)
    state = desk.state()
    done = await desk.do(*batch)
    assert (done.action, done.topics, done.why, done.undone) == ("inject", [A], "desk", False)
    await desk.undo(done)
    assert desk.state() == state
    undoing, undone = await desk.audit.done(2)
    assert (undoing.undoes, undone.undone) == (done.id, True)
    with pytest.raises(NotToUndo, match="already"):
        await desk.undo(done)


NEWER = [put(side={"s": 3}), put(side=None), whole(n=1), GONE, put(side="none")]


@pytest.mark.parametrize("newer", NEWER)
async def test_what_something_newer_changed_stays(desk: Desk, newer: Change) -> None:
    await desk.do(whole(side={"s": 1}))
    done = await desk.do(put(side={"s": 2}))
    await desk.do(newer)
    with pytest.raises(NotToUndo):
        await desk.undo(done)


async def test_what_came_again_meanwhile_stays(desk: Desk) -> None:
    await desk.do(whole(n=1))
    done = await desk.do(GONE)
    await desk.do(whole(n=2))
    with pytest.raises(NotToUndo, match="came or went"):
        await desk.undo(done)


async def test_what_was_changed_beside_it_stays(desk: Desk) -> None:
    await desk.do(whole(side={"s": 1}, other=1))
    done = await desk.do(put(side={"s": 2}))
    await desk.do(put(other=2, side={"red": 1}))
    await desk.undo(done)
    assert desk.state() == {"side": {"s": 1, "red": 1}, "other": 2}


async def test_an_event_that_was_corrected_since(desk: Desk) -> None:
    added = await desk.do(event(by="X"))
    amended = await desk.do(event("amend", by="Y"))
    with pytest.raises(NotToUndo, match="event g has changed since"):
        await desk.undo(added)
    await desk.undo(amended)
    await desk.undo(added)


async def test_an_event_of_many_corrections_is_led_back_once(desk: Desk, log: MemoryLog) -> None:
    await desk.do(event(by="X"))
    done = await desk.do(event("amend", by="Y"), event("void"), event("amend", by="Z"))
    head = (await log.bounds()).head
    await desk.undo(done)
    [back] = await log.read(head, 9)
    assert back.event is not None
    assert b'"op":"amend"' in back.event
    assert b'{"by":"X"}' in back.event


async def test_an_event_that_was_added_and_corrected_is_voided(desk: Desk, log: MemoryLog) -> None:
    await desk.do(whole(n=1))
    done = await desk.do(event(by="X"), event("amend", by="Y"))
    head = (await log.bounds()).head
    await desk.undo(done)
    assert [b'"op":"void"' in (entry.event or b"") for entry in await log.read(head, 9)] == [True]


async def test_corrections_are_taken_back(desk: Desk, log: MemoryLog) -> None:
    await desk.do(event(by="X"))
    voided = await desk.do(event("void", why="offside"))
    await desk.undo(voided)
    amended = await desk.do(event("amend", by="Y"))
    await desk.undo(amended)
    told = [entry.event for entry in await log.read(0, 9) if entry.event]
    assert b'"op":"amend"' in told[2]
    assert b'{"by":"X"}' in told[2]
    assert b'{"by":"X"}' in told[4]
    again = await desk.do(event("void"))
    twice = await desk.do(event("amend", by="Z"))
    await desk.undo(twice)
    assert b'"op":"void"' in ((await log.read((await log.bounds()).head - 1, 1))[0].event or b"")
    await desk.undo(again)


async def test_what_the_log_holds_no_longer(desk: Desk, log: MemoryLog) -> None:
    await desk.do(event(by="X"))
    voided = await desk.do(event("void"))
    done = await desk.do(put(n=1))
    await log.trim(2)
    with pytest.raises(NotToUndo, match="no longer tells"):
        await desk.undo(voided)
    await log.trim(4)
    with pytest.raises(NotToUndo, match="no longer holds"):
        await desk.undo(done)


def pin(**patch: Any) -> Change:
    return Change(topic=A, patch=patch, pin_s=60)


@pytest.mark.parametrize(
    ("batch", "said", "state"),
    [
        ([pin(n=2)], None, {"n": 1, "side": {"s": 1}}),
        ([pin(n=2)], put(n=3), {"n": 3, "side": {"s": 1}}),
        ([pin(n=1)], put(n=3), {"n": 3, "side": {"s": 1}}),
        ([pin(n=2)], put(n=None), {"side": {"s": 1}}),
        ([pin(side={"s": 2})], put(side={"s": 3, "t": 3}), {"n": 1, "side": {"s": 3, "t": 3}}),
        ([put(n=4), pin(n=2)], put(n=3), {"n": 3, "side": {"s": 1}}),
        ([GONE, whole(n=5), pin(n=2)], put(n=3), {"n": 3, "side": {"s": 1}}),
        ([pin(n=2), pin(side=None)], whole(n=3, side="none"), {"n": 3, "side": "none"}),
    ],
)
async def test_a_pin_that_is_taken_back_ends_with_what_its_source_said(
    desk: Desk, ingest: Ingest, batch: list[Change], said: Change | None, state: JsonObject
) -> None:
    await desk.do(whole(n=1, side={"s": 1}))
    done = await desk.do(*batch)
    if said:
        await ingest.publish("s", [said])
    await desk.undo(done)
    assert desk.state() == state


async def test_a_pin_of_before_stays_with_its_value(desk: Desk, ingest: Ingest) -> None:
    await desk.do(whole(n=1))
    await desk.do(pin(n=2))
    done = await desk.do(pin(n=4))
    await ingest.publish("s", [put(n=3)])
    await desk.undo(done)
    state = desk.state()
    assert state is not None
    assert (state["n"], list(state)) == (2, ["n", "pinned"])


async def test_who_ends_pins_is_remembered(hub: Hub, desk: Desk, ingest: Ingest) -> None:
    await desk.do(Change(topic=A, patch={"n": 2}, pin_s=60))
    assert len((await ingest.release([A], "over")).results) == 0
    assert len((await ingest.release([A], "all", Action("unpin", by="2b7bb8f0"))).results) == 1
    assert [done.action for done in await desk.audit.done()] == ["unpin", "inject"]
    assert [done.by for done in await desk.audit.done()] == ["2b7bb8f0", None]
    assert await desk.audit.find("77") is None
    assert hub.head == 2


async def test_what_was_changed_is_looked_up_as_long_as_the_log_holds_it(
    desk: Desk, log: MemoryLog
) -> None:
    done = await desk.do(put(x=1), put(x=2), put(x=3))
    assert [entry.v for entry in await desk.audit.entries(done, 2)] == [1, 2]
    assert [entry.v for entry in await desk.audit.entries(done, 9)] == [1, 2, 3]
    await desk.do(put(x=4))
    assert [entry.v for entry in await desk.audit.entries(done, 9)] == [1, 2, 3]
    await log.trim(2)
    assert await desk.audit.entries(done, 9) == ()
