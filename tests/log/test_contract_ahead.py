"""What every engine promises of batches that were planned on others, ahead of the log."""

import asyncio
from collections.abc import Sequence

import pytest

from feed.errors import Conflict
from feed.log.base import Appended, Batch, EventLog, Ground
from feed.model.entry import Record
from tests.support.records import NOW_MS, added, changed, held, keyed


def planned(*records: Record, on: Sequence[Ground] = (), dry_run: bool = False) -> Batch:
    return Batch(records=records, at_ms=NOW_MS, on=on, dry_run=dry_run)


async def all_of(log: EventLog, *batches: Batch) -> list[Appended | BaseException]:
    """What becomes of batches that are said at once, in this order."""
    return await asyncio.gather(*map(log.append, batches), return_exceptions=True)


async def test_it_follows_what_it_was_planned_on(log: EventLog) -> None:
    first = planned(changed(1))
    second = planned(changed(2), on=[first.ground])
    third = planned(changed(3), on=[second.ground])

    assert await all_of(log, first, second) == [Appended(1), Appended(2)]
    assert await log.append(third) == Appended(3)
    assert all(each.ground.is_so for each in (first, second, third))


async def test_it_falls_with_it_though_its_version_follows_another_s(log: EventLog) -> None:
    await log.append(planned(changed(1)))
    first = planned(changed(1))
    second = planned(changed(2), on=[first.ground])
    third = planned(changed(3), on=[first.ground, second.ground])

    for outcome in await all_of(log, first, second, third):
        assert isinstance(outcome, Conflict)
    with pytest.raises(Conflict, match="what it was planned on was not appended"):
        await log.append(planned(changed(2), on=[first.ground]))
    assert (await held(log))[0] == 1
    assert not any(each.ground.is_so for each in (first, second, third))


async def test_it_waits_for_nothing_that_comes_later(log: EventLog) -> None:
    first = planned(changed(1))
    second = planned(changed(1, "price:B"), on=[first.ground])

    late, is_so = await all_of(log, second, first)
    assert isinstance(late, Conflict)
    assert is_so == Appended(1)


async def test_what_only_checks_or_repeats_is_no_ground(log: EventLog) -> None:
    assert await log.append(keyed("k", changed(1))) == Appended(1, b"answer")
    again = keyed("k", changed(1))
    dry = planned(changed(2), dry_run=True)

    assert (await log.append(again)).duplicate
    await log.append(dry)
    for ground in (again.ground, dry.ground):
        with pytest.raises(Conflict):
            await log.append(planned(changed(2), on=[ground]))


async def test_it_may_write_nothing_and_only_ask(log: EventLog) -> None:
    first, wrong = planned(added("e", 0)), planned(changed(7))

    await all_of(log, first, wrong)
    assert await log.append(planned(on=[first.ground])) == Appended(1)
    with pytest.raises(Conflict):
        await log.append(planned(on=[wrong.ground]))
