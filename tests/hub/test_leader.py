"""Who runs the sources, from where, and for how long."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest

from feed.errors import LogAway, SettingsError
from feed.model.entry import Entry
from tests.support.election import TOPIC, Counting, Election, Instance, LedLog
from tests.support.records import FUSE_S
from tests.support.sources import Counted


@pytest.fixture
def election() -> Election:
    return Election()


@pytest.fixture
def log(election: Election) -> LedLog:
    return LedLog(election)


@pytest.fixture
async def instances(log: LedLog) -> AsyncIterator[list[Instance]]:
    """Two that campaign; the first leads."""
    both = [await Instance("one", log).start()]
    await log.published.reach(1)
    both.append(await Instance("two", log).start())
    yield both
    for instance in both:
        await instance.stop()


def numbers(entries: Sequence[Entry]) -> list[int]:
    """What the counting source said."""
    told = [json.loads(entry.data or b"") for entry in entries if entry.topic == TOPIC]
    return [each["n"] for each in told]


async def looked(election: Election, name: str) -> None:
    """Wait until an instance has asked for the lease, after now."""
    looks: Counted = election.looks[name]
    await looks.reach(looks.count + 2)


async def test_one_runs_the_sources(
    instances: list[Instance], election: Election, log: LedLog
) -> None:
    one, two = instances
    await looked(election, "two")
    await log.published.reach(log.published.count + 3)

    assert (one.leader.leads, two.leader.leads) == (True, False)
    assert (len(one.opened), two.opened) == (1, [])
    assert set(log.terms) == {one.leader.term} == {election.term}
    assert [await each.leader.holder() for each in instances] == ["one", "one"]
    assert one.leader.schedule is not None
    assert [status.name for status in one.leader.schedule.statuses()] == ["counting"]
    assert two.leader.schedule is None


async def test_who_stops_hands_over_and_the_next_one_goes_on_from_there(
    instances: list[Instance], log: LedLog
) -> None:
    one, two = instances
    await log.published.reach(5)
    await one.leader.stop()
    await one.leader.stop()
    before = (await log.bounds()).head
    await log.published.reach(log.published.count + 5)

    assert (one.leader.leads, two.leader.leads) == (False, True)
    assert one.opened[0].closed
    assert two.opened[0].resumed == {"n": before, "by": "one"}
    assert await one.leader.holder() == "two"
    entries = await log.read(0, 1000)
    assert numbers(entries) == [entry.v for entry in entries] == [*range(1, len(entries) + 1)]


async def test_who_was_stopped_for_long_publishes_nothing_when_it_goes_on(
    instances: list[Instance], election: Election, log: LedLog, caplog: pytest.LogCaptureFixture
) -> None:
    """It looks at the lease too late, and its sources go on meanwhile."""
    one, two = instances
    goes_on = election.hold_up("one")
    await looked(election, "two")
    old = one.leader.term
    election.expire()
    await log.refused.reach(1)
    assert one.leader.term == old, "it does not know yet"
    assert two.leader.term == election.term != old
    goes_on.set()
    await one.closed.reach(1)
    await log.published.reach(log.published.count + 3)

    changes = [n for n, term in enumerate(log.terms) if term != old]
    assert log.terms[changes[0] :].count(old) == 0, "none of its own after the first of the other"
    entries = await log.read(0, 10_000)
    assert numbers(entries) == [*range(1, len(entries) + 1)]
    assert "no longer runs the sources" in caplog.text
    assert one.leader.schedule is None


async def test_a_log_that_is_away_ends_no_term(
    instances: list[Instance], election: Election, log: LedLog
) -> None:
    one, two = instances
    term, election.away = one.leader.term, True
    for name in ("one", "two"):
        await looked(election, name)

    assert (one.leader.term, two.leader.leads) == (term, False)
    await log.published.reach(log.published.count + 3)
    assert not one.opened[0].closed
    with pytest.raises(LogAway):
        await one.leader.holder()
    election.away = False
    await looked(election, "one")
    assert (one.leader.term, len(one.opened)) == (term, 1)


async def test_a_lease_that_cannot_be_given_back_runs_out(
    instances: list[Instance], election: Election, caplog: pytest.LogCaptureFixture
) -> None:
    election.away = True
    await instances[0].leader.stop()

    assert "not given back" in caplog.text
    assert instances[0].opened[0].closed
    election.away = False


async def test_who_lost_it_while_nobody_took_it_begins_anew(
    instances: list[Instance], election: Election, log: LedLog
) -> None:
    one = instances[0]
    goes_on = election.hold_up("two")
    await looked(election, "one")
    election.expire()
    await one.closed.reach(1)
    await log.published.reach(log.published.count + 3)

    assert (one.opened[0].closed, one.opened[1].closed) == (True, False)
    assert one.opened[1].resumed is not None
    entries = await log.read(0, 10_000)
    assert numbers(entries) == [*range(1, len(entries) + 1)]
    goes_on.set()


async def test_sources_that_cannot_be_opened_are_tried_again(
    log: LedLog, caplog: pytest.LogCaptureFixture
) -> None:
    instance = Instance("one", log)
    instance.faults = [SettingsError("no such file"), OSError("full")]
    await instance.start()
    await log.published.reach(1)

    assert instance.leader.leads
    assert caplog.text.count("it is tried again") == 2
    assert "no such file" in caplog.text
    await instance.stop()


class Stubborn(Counting):
    """Cannot go on from what the log holds."""

    def resume(self, current: object) -> None:
        raise ValueError("what is that")


async def test_sources_that_cannot_go_on_are_closed_and_opened_anew(
    log: LedLog, caplog: pytest.LogCaptureFixture
) -> None:
    instance, stubborn = Instance("one", log), Stubborn()
    first = [[stubborn]]
    opened = instance.leader._open_sources  # noqa: SLF001  (what it was made with)
    instance.leader._open_sources = lambda: first.pop() if first else opened()  # noqa: SLF001
    await instance.start()
    await log.published.reach(1)

    assert stubborn.closed
    assert "what is that" in caplog.text
    await instance.stop()


async def test_ticks_are_let_end_even_where_it_is_stopped_meanwhile(
    instances: list[Instance], election: Election, log: LedLog
) -> None:
    """It is told to stop while it ends a term that it has lost."""
    one = instances[0]
    ending = asyncio.Event()

    async def close() -> None:
        ending.set()
        await asyncio.sleep(0)  # it is cut off here, at first
        one.opened[0].closed = True

    one.opened[0].aclose = close  # type: ignore[method-assign]
    goes_on = election.hold_up("one")
    await looked(election, "two")
    election.expire()
    await log.refused.reach(1)
    goes_on.set()
    async with asyncio.timeout(FUSE_S):
        await ending.wait()
    await one.leader.stop()

    assert one.opened[0].closed
    assert one.leader.schedule is None
