"""When an instance campaigns, on which log, and from what of it a term begins."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from feed.clock import SystemClock
from feed.errors import LogAway, LogReplaced, LogUnavailable
from feed.hub.hub import Hub
from feed.model.entry import Entry
from tests.support.election import Election, Instance, LedLog
from tests.support.log import appended
from tests.support.records import changed
from tests.support.replaced import Opener


@pytest.fixture
def election() -> Election:
    return Election()


@pytest.fixture
def log(election: Election) -> LedLog:
    return LedLog(election)


class Late(LedLog):
    """Shows what is appended once it is told to."""

    def __init__(self, election: Election) -> None:
        super().__init__(election)
        self.shows = asyncio.Event()

    async def _late(self, after: int) -> AsyncIterator[Sequence[Entry]]:
        await self.shows.wait()
        async for entries in super().follow(after):
            yield entries

    def follow(self, after: int) -> AsyncIterator[Sequence[Entry]]:
        """See EventLog."""
        return self._late(after)


async def test_a_term_begins_from_what_the_log_holds_then(election: Election) -> None:
    """What another one said last may not have been read here when the lease is taken."""
    log = Late(election)
    instance = Instance("one", log)
    await instance.hub.start()
    await appended(log, changed(1))
    instance.leader.start()
    await asyncio.sleep(0)  # let it ask
    await election.looks["one"].reach(1)
    assert not instance.leader.leads
    log.shows.set()
    await log.published.reach(1)

    assert instance.hub.current("price:A") is not None
    await instance.stop()


async def test_who_stops_before_it_has_begun_gives_the_lease_back(election: Election) -> None:
    log = Late(election)
    instance = Instance("one", log)
    await instance.hub.start()
    await appended(log, changed(1))
    instance.leader.start()
    await asyncio.sleep(0)  # let it ask
    await election.looks["one"].reach(1)
    assert election.holder() == "one"
    await instance.stop()

    assert election.holder() is None
    assert instance.opened == []


async def test_before_there_is_a_log_nobody_campaigns(log: LedLog, election: Election) -> None:
    opener = Opener(LogAway("nobody listens"))
    instance = Instance("one", log, hub=Hub(opener, SystemClock(), heartbeat_s=15))
    await instance.start()
    with pytest.raises(LogUnavailable):
        await instance.leader.holder()
    assert election.looks == {}
    opener.finds(log)
    await log.published.reach(1)

    assert await instance.leader.holder() == "one"
    await instance.stop()


async def test_who_campaigned_for_nothing_can_be_stopped(log: LedLog) -> None:
    opener = Opener(LogAway("nobody listens"))
    instance = Instance("one", log, hub=Hub(opener, SystemClock(), heartbeat_s=15))
    await instance.start()
    await instance.stop()

    assert not instance.leader.leads


async def test_who_never_campaigned_can_be_stopped_and_asked(log: LedLog) -> None:
    instance = Instance("one", log)
    await instance.hub.start()

    assert await instance.leader.holder() is None
    await instance.stop()


class Ended(LedLog):
    """Can be ended."""

    def end(self, error: LogUnavailable) -> None:
        self._published.fail(error)


async def test_on_the_next_log_it_campaigns_anew() -> None:
    first, second = Ended(Election()), LedLog(other := Election())
    opener = Opener(first)
    instance = Instance("one", first, hub=Hub(opener, SystemClock(), heartbeat_s=15))
    await instance.start()
    await first.published.reach(3)
    other.begin("somebody")
    opener.finds(second)
    first.end(LogReplaced("another"))
    await instance.closed.reach(1)
    assert (await instance.leader.holder(), second.published.count) == ("somebody", 0)
    other.expire()
    await second.published.reach(2)

    assert instance.leader.term == other.term
    assert [source.closed for source in instance.opened] == [True, False]
    assert instance.opened[1].resumed is None, "the next log holds nothing"
    await instance.stop()
