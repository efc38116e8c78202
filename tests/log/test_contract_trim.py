"""What every engine promises of letting go of its oldest entries."""

import pytest

from feed.errors import EventExists, EventUnknown, LogTrimmed
from feed.log.base import Bounds, EventLog
from feed.model.topic import ALL
from tests.support.records import added, batch, changed, ended, fill, voided


async def test_read_of_what_was_let_go(log: EventLog) -> None:
    await fill(log, 5)
    await log.trim(4)

    with pytest.raises(LogTrimmed):
        await log.read(2, 10)
    assert [entry.offset for entry in await log.read(3, 10)] == [4, 5]


async def test_trim_keeps_items_and_versions(log: EventLog) -> None:
    await fill(log, 4300)
    await log.append(batch(changed(1, "price:B"), ended(2, "price:B")))
    items = (await log.items(ALL)).items

    await log.trim(4201)

    assert await _edges(log) == (4201, 4302)
    assert [entry.offset for entry in await log.read(4200, 2)] == [4201, 4202]
    assert (await log.items(ALL)).items == items
    assert (await log.append(batch(changed(4301)))).offset == 4303


@pytest.mark.parametrize(("before", "first"), [(0, 3), (3, 3), (2, 3), (5, 5), (6, 6), (99, 6)])
async def test_trim_goes_forward_only_and_to_the_head_at_most(
    log: EventLog, before: int, first: int
) -> None:
    await fill(log, 5)
    await log.trim(3)
    await log.trim(before)

    assert await _edges(log) == (first, 5)


async def test_offsets_are_not_used_again_after_trim(log: EventLog) -> None:
    await fill(log, 5)
    await log.trim(6)

    assert list(await log.read(5, 10)) == []
    assert (await log.append(batch(changed(6)))).offset == 6
    assert await _edges(log) == (6, 6)


async def test_trim_forgets_the_ids_of_events(log: EventLog) -> None:
    await log.append(batch(changed(1, event_id="old"), changed(2, event_id="new")))
    await log.append(batch(added("again", v=2), voided("again", v=2)))
    await log.trim(2)

    assert await log.event_kind("price:A", "old") is None
    assert await log.event_kind("price:A", "new") == "goal"
    with pytest.raises(EventUnknown):
        await log.append(batch(voided("old", v=2)))
    with pytest.raises(EventExists):
        await log.append(batch(added("new", v=2)))
    assert (await log.append(batch(added("old", v=2)))).offset == 5


async def test_an_event_is_known_as_long_as_its_newest_word(log: EventLog) -> None:
    await log.append(batch(changed(1, event_id="e"), changed(2), voided("e", v=2)))
    await log.trim(3)
    assert await log.event_kind("price:A", "e") == "goal"

    await log.trim(4)
    assert await log.event_kind("price:A", "e") is None


async def _edges(log: EventLog) -> tuple[int, int]:
    bounds: Bounds = await log.bounds()
    return bounds.first, bounds.head
