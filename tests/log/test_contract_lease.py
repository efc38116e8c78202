"""What every engine promises of the right to run the sources (`feed.log.lease.Lease`)."""

from msgspec.structs import replace

from feed.log.base import Appended, EventLog
from tests.support.records import batch, changed, keyed


async def test_at_first_nobody_has_it(log: EventLog) -> None:
    lease = log.lease("a", 60)

    assert await lease.holder() is None
    await lease.release()
    assert await lease.holder() is None


async def test_who_takes_it_keeps_it_in_the_same_term(log: EventLog) -> None:
    lease = log.lease("host-17-beef", 60)
    term = await lease.take()

    assert term
    assert await lease.take() == term
    assert await lease.holder() == "host-17-beef"


async def test_who_has_it_may_append(log: EventLog) -> None:
    term = await log.lease("a", 60).take()

    assert await log.append(replace(batch(changed(1)), term=term)) == Appended(1)
    assert await log.append(replace(keyed("k", changed(2)), term=term)) == Appended(2, b"answer")
    assert await log.append(batch(changed(3))) == Appended(3), "an admin needs none"


async def test_it_can_be_given_back_and_taken_again(log: EventLog) -> None:
    lease = log.lease("a", 60)
    await lease.take()
    await lease.release()
    await lease.release()

    assert await lease.holder() is None
    assert await lease.take()
    assert await lease.holder() == "a"
