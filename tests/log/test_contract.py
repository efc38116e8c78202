"""What every engine promises of appending, reading and letting go (`feed.log.base.EventLog`)."""

import re

import pytest

from feed.errors import (
    Conflict,
    EventExists,
    EventUnknown,
    FeedError,
    LogUnavailable,
    Refused,
)
from feed.log.base import Appended, EventLog
from feed.model.entry import Entry, Item, Record
from feed.model.topic import ALL, NONE, Filters
from tests.log.conftest import Engine
from tests.support.records import (
    NOW_MS,
    added,
    batch,
    changed,
    ended,
    fill,
    held,
    versions,
    voided,
)


async def test_an_empty_log(log: EventLog) -> None:
    bounds = await log.bounds()

    assert re.fullmatch(r"[0-9a-z]{1,32}", bounds.epoch)
    assert (bounds.first, bounds.head) == (1, 0)
    assert list(await log.read(0, 10)) == []
    assert (await log.items(ALL)).offset == 0
    assert list((await log.items(ALL)).items) == []
    assert await log.event_kind("price:A", "e") is None


async def test_an_entry_is_the_record_at_its_place(log: EventLog) -> None:
    record = changed(1, event_id="e")

    assert await log.append(batch(record, at_ms=1234)) == Appended(1)
    assert list(await log.read(0, 10)) == [
        Entry(
            offset=1,
            at=1234,
            topic="price:A",
            v=1,
            ts=NOW_MS + 1,
            item=b'{"topic":"price:A","v":1,"ts":1790000000001,"data":{"price":"1"}}',
            event=b'{"topic":"price:A","id":"e"}',
            data=b'{"price":"1"}',
            undo=None,
        )
    ]


async def test_a_record_keeps_all_of_its_bytes(log: EventLog) -> None:
    await log.append(batch(changed(1), changed(2), ended(3)))
    second, third = await log.read(1, 10)

    assert second.item == b'{"topic":"price:A","v":2,"ts":1790000000002,"set":{"price":"2"}}'
    assert second.event is None
    assert second.undo == b'[1790000000001,{"price":"1"}]'
    assert third.data is None
    assert third.undo == b'[1790000000002,{"price":"2"}]'


async def test_offsets_grow_by_one_from_one(log: EventLog) -> None:
    assert (await log.append(batch(*versions(1, 3)))).offset == 3
    assert (await log.append(batch(changed(1, "price:B")))).offset == 4
    assert [(entry.offset, entry.topic, entry.v) for entry in await log.read(0, 10)] == [
        (1, "price:A", 1),
        (2, "price:A", 2),
        (3, "price:A", 3),
        (4, "price:B", 1),
    ]


async def test_nothing_to_append(log: EventLog) -> None:
    await fill(log, 2)

    assert await log.append(batch()) == Appended(2)
    assert (await log.bounds()).head == 2


@pytest.mark.parametrize(
    ("records", "error", "index"),
    [
        pytest.param([changed(2)], Conflict, None, id="the version that is there"),
        pytest.param([changed(4)], Conflict, None, id="a version left out"),
        pytest.param([changed(1, "price:B"), changed(1, "price:B")], Conflict, None, id="twice"),
        pytest.param([changed(2, "price:B")], Conflict, None, id="a topic that is not there"),
        pytest.param([added("f", v=1)], Conflict, None, id="an event at an old version"),
        pytest.param([changed(3), added("e", v=3)], EventExists, 1, id="add of an id in use"),
        pytest.param([added("f", v=2), added("f", v=2)], EventExists, 1, id="add of one id twice"),
        pytest.param([changed(3), voided("f", v=3)], EventUnknown, 1, id="void of an unknown id"),
        pytest.param([voided("e", 0, "price:B")], EventUnknown, 0, id="void at another topic"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_batch_is_appended_whole_or_not_at_all(
    log: EventLog,
    records: list[Record],
    error: type[FeedError],
    index: int | None,
    dry_run: bool,  # noqa: FBT001  (a case)
) -> None:
    await log.append(batch(changed(1), changed(2, event_id="e")))
    before = await held(log)

    with pytest.raises(error) as raised:
        await log.append(batch(changed(1, "price:C"), *records, dry_run=dry_run))

    if isinstance(raised.value, Refused):
        assert index is not None
        assert raised.value.index == index + 1
    assert await held(log) == before
    assert (await log.append(batch(changed(3)))).offset == 3


async def test_a_dry_run_writes_nothing(log: EventLog) -> None:
    await fill(log, 2)
    before = await held(log)

    assert await log.append(batch(changed(3, event_id="e"), dry_run=True)) == Appended(2)
    assert await held(log) == before
    assert await log.event_kind("price:A", "e") is None


async def test_an_event_leaves_the_version_and_the_item(log: EventLog) -> None:
    await log.append(batch(changed(1), added("e", v=1), voided("e", v=1), changed(2)))

    assert [entry.v for entry in await log.read(0, 10)] == [1, 1, 1, 2]
    assert [item.v for item in (await log.items(ALL)).items] == [2]


async def test_at_never_falls(log: EventLog) -> None:
    for v, at_ms in ((1, 100), (2, 50), (3, 200)):
        await log.append(batch(changed(v), at_ms=at_ms))

    assert [entry.at for entry in await log.read(0, 10)] == [100, 100, 200]


@pytest.mark.parametrize(
    ("after", "limit", "offsets"),
    [
        (0, 10, [1, 2, 3, 4, 5]),
        (0, 2, [1, 2]),
        (3, 10, [4, 5]),
        (3, 1, [4]),
        (5, 10, []),
        (99, 10, []),
    ],
)
async def test_read(log: EventLog, after: int, limit: int, offsets: list[int]) -> None:
    await fill(log, 5)

    assert [entry.offset for entry in await log.read(after, limit)] == offsets


async def test_items_are_the_newest_state_and_what_is_gone_keeps_its_version(
    log: EventLog,
) -> None:
    await log.append(batch(*versions(1, 3), changed(1, "score:L.A-B"), changed(1, "price:B")))
    await log.append(batch(ended(2, "price:B")))
    found = {item.topic: item for item in (await log.items(ALL)).items}

    assert found == {
        "price:A": Item("price:A", 3, NOW_MS + 3, b'{"price":"3"}'),
        "price:B": Item("price:B", 2, NOW_MS + 2, None),
        "score:L.A-B": Item("score:L.A-B", 1, NOW_MS + 1, b'{"price":"1"}'),
    }


@pytest.mark.parametrize(
    ("filters", "topics"),
    [
        (NONE, set()),
        (ALL, {"price:A", "price:AB", "score:L.A-B"}),
        (Filters.of(["price:*"]), {"price:A", "price:AB"}),
        (Filters.of(["price:A"]), {"price:A"}),
        (Filters.of(["price:A", "score:L.*"]), {"price:A", "score:L.A-B"}),
        (Filters.of(["price:C"]), set()),
    ],
)
async def test_items_of_filters(log: EventLog, filters: Filters, topics: set[str]) -> None:
    await log.append(batch(*(changed(1, name) for name in ("price:A", "price:AB", "score:L.A-B"))))
    snapshot = await log.items(filters)

    assert {item.topic for item in snapshot.items} == topics
    assert snapshot.offset == 3


async def test_a_topic_that_comes_back_goes_on_counting(log: EventLog) -> None:
    await log.append(batch(changed(1), ended(2)))
    await log.append(batch(changed(3)))

    assert [(item.v, item.data) for item in (await log.items(ALL)).items] == [(3, b'{"price":"3"}')]


async def test_the_kind_of_an_event(log: EventLog) -> None:
    await log.append(batch(changed(1), added("e", v=1, kind="goal")))
    assert await log.event_kind("price:A", "e") == "goal"

    await log.append(batch(voided("e", v=1, kind="own goal")))
    assert await log.event_kind("price:A", "e") == "own goal"
    assert await log.event_kind("price:A", "f") is None
    assert await log.event_kind("price:B", "e") is None


async def test_a_voided_event_keeps_its_id(log: EventLog) -> None:
    await log.append(batch(changed(1), added("e", v=1), voided("e", v=1)))

    with pytest.raises(EventExists):
        await log.append(batch(added("e", v=1)))


async def test_bounds_grow_with_what_is_held(log: EventLog) -> None:
    empty = await log.bounds()
    await fill(log, 1000)
    full = await log.bounds()

    assert (full.epoch, full.first, full.head) == (empty.epoch, 1, 1000)
    assert full.size_bytes > empty.size_bytes


async def test_nothing_can_be_done_after_aclose(log: EventLog) -> None:
    await fill(log, 5)
    await log.aclose()
    await log.aclose()

    for work in (
        log.append(batch(changed(6))),
        log.append(batch()),
        log.read(0, 10),
        log.items(ALL),
        log.event_kind("price:A", "e"),
        log.bounds(),
        log.trim(3),
        log.trim(0),
    ):
        with pytest.raises(LogUnavailable):
            await work


async def test_logs_have_epochs_of_their_own(engine: Engine) -> None:
    one, other = await engine.open(), await engine.open("other")
    epochs = {(await one.bounds()).epoch, (await other.bounds()).epoch}
    await one.aclose()
    await other.aclose()

    assert len(epochs) == 2
