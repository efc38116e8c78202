"""Several instances on one log at once, and batches as large as they may be."""

import asyncio
import random
from collections import defaultdict

import msgspec
import pytest

from feed.errors import Conflict, EventExists, Refused
from feed.log.base import Appended
from feed.log.redis import RedisLog
from feed.model.entry import Record
from feed.model.topic import ALL
from tests.log.conftest import OnValkey
from tests.support.records import added, batch, changed, fill, followed, held, keyed, versions
from tests.support.valkey import Valkey
from tests.support.valkey_proxy import ValkeyProxy

TOPICS = ("price:A", "price:B", "score:L.A-B")


@pytest.mark.parametrize("seed", range(6))
async def test_all_who_append_make_one_order_and_all_who_follow_see_it(
    valkey: OnValkey, seed: int
) -> None:
    """Three instances change the same topics, each from what it last read of them."""
    logs = [await valkey.open() for _ in range(3)]
    chance = random.Random(seed)
    changing = [_change(log, chance) for log in logs]
    acknowledged = [offset for each in await asyncio.gather(*changing) for offset in each]
    head = (await logs[0].bounds()).head
    seen = await asyncio.gather(*(followed(log, 0, head) for log in logs for _ in range(2)))

    assert sorted(acknowledged) == [*range(1, head + 1)], "each offset was given to one of them"
    assert all(each == seen[0] for each in seen)
    versions_of: dict[str, list[int]] = defaultdict(list)
    for entry in seen[0]:
        versions_of[entry.topic].append(entry.v)
    for found in versions_of.values():
        assert found == [*range(1, len(found) + 1)]
    snapshots = [await log.items(ALL) for log in logs]
    assert all({i.topic: i.v for i in each.items} == {t: len(v) for t, v in versions_of.items()}
               for each in snapshots)  # fmt: skip
    for log in logs:
        await log.aclose()


async def _change(log: RedisLog, chance: random.Random) -> list[int]:
    """Append a hundred versions in batches of up to three; the offsets that were acknowledged."""
    offsets: list[int] = []
    while len(offsets) < 100:
        there = {item.topic: item.v for item in (await log.items(ALL)).items}
        topics = chance.sample(TOPICS, chance.randint(1, 3))
        records = [changed(there.get(topic, 0) + 1, topic) for topic in topics]
        try:
            appended = await log.append(batch(*records))
        except Conflict:
            continue
        offsets += range(appended.offset - len(records) + 1, appended.offset + 1)
        if chance.random() < 0.3:
            await asyncio.sleep(0)
    return offsets


async def test_of_instances_that_are_told_the_same_at_once_one_writes_it(valkey: OnValkey) -> None:
    logs = [await valkey.open() for _ in range(3)]
    answers = [b"one", b"two", b"three"]
    told = await asyncio.gather(
        *(
            log.append(keyed("k", changed(1), answer=answer))
            for log, answer in zip(logs, answers, strict=True)
        )
    )

    assert sorted(each.duplicate for each in told) == [False, True, True]
    assert {(each.offset, each.answer) for each in told} == {(1, told[0].answer)}
    events = await asyncio.gather(
        *(log.append(batch(added("goal", 1))) for log in logs), return_exceptions=True
    )
    assert (
        sorted(str(each) for each in events if isinstance(each, Refused))
        == ["price:A already has an event goal"] * 2
    )
    for log in logs:
        await log.aclose()


async def test_a_thousand_large_records_at_once(valkey: OnValkey) -> None:
    log = await valkey.open()
    pad = bytes(range(1, 256)) * 64
    records = [_padded(changed(n, event_id=f"e-{n}"), pad) for n in range(1, 1001)]

    assert await log.append(batch(*records)) == Appended(1000)

    entries = await followed(log, 0, 1000)
    assert [(entry.offset, entry.v) for entry in entries] == [(n, n) for n in range(1, 1001)]
    assert {entry.event for entry in entries} == {pad}
    assert (await log.bounds()).size_bytes > 1000 * len(pad)
    await log.trim(1001)
    assert (await log.bounds()).size_bytes == 0
    await log.aclose()


def _padded(record: Record, pad: bytes) -> Record:
    return msgspec.structs.replace(record, event=pad)


async def test_a_batch_of_more_than_a_script_can_hand_over_at_once(valkey: OnValkey) -> None:
    """Lua gives a call some 8,000 arguments; this one changes more items, events and keys."""
    log = await valkey.open()
    records = [changed(1, f"price:T{n:05}", f"e-{n}") for n in range(9000)]

    assert await log.append(batch(*records)) == Appended(9000)
    again = [log.append(keyed(f"k-{n}", changed(2, f"price:T{n:05}"))) for n in range(5000)]
    assert [each.offset for each in await asyncio.gather(*again)] == [*range(9001, 14001)]

    assert len((await log.items(ALL)).items) == 9000
    assert await log.event_kind("price:T08999", "e-8999") == "goal"
    with pytest.raises(EventExists):
        await log.append(batch(added("e-8999", 1, "price:T08999")))
    await log.trim(14001)
    assert (await log.bounds()).first == 14001
    assert await log.event_kind("price:T08999", "e-8999") is None
    await log.aclose()


async def test_any_text_and_any_bytes(valkey: OnValkey) -> None:
    log = await valkey.open()
    name, bytes_ = "é 日本 \x00\r\n💶", bytes(range(256))
    record = msgspec.structs.replace(
        changed(1), item=bytes_, event=bytes_, data=bytes_, undo=bytes_, event_id=name,
        event_op="add", event_kind=name,
    )  # fmt: skip
    kept = keyed(name, record, digest=bytes_, answer=bytes_)

    assert await log.append(kept) == Appended(1, bytes_)
    assert await log.append(kept) == Appended(1, bytes_, duplicate=True)
    (entry,) = await log.read(0, 9)
    assert (entry.item, entry.event, entry.data, entry.undo) == (bytes_,) * 4
    assert await followed(log, 0, 1) == [entry]
    assert await log.event_kind("price:A", name) == name
    assert [item.data for item in (await log.items(ALL)).items] == [bytes_]
    await log.aclose()


async def test_what_queues_during_a_call_is_the_next_one_and_keeps_its_order(
    valkey: OnValkey,
) -> None:
    log = await valkey.open()
    appending = [log.append(batch(*versions(v, v + 2))) for v in range(1, 3001, 3)]

    assert [each.offset for each in await asyncio.gather(*appending)] == [*range(3, 3001, 3)]
    head, entries, _ = await held(log)
    assert [entry.v for entry in entries] == [*range(1, 3001)]
    assert head == 3000
    await log.aclose()


async def test_a_refused_batch_takes_none_with_it_that_is_said_in_the_same_call(
    valkey: OnValkey,
) -> None:
    log = await valkey.open()
    await fill(log, 1)
    told = await asyncio.gather(
        log.append(batch(changed(2))),
        *(log.append(batch(changed(v))) for v in (3, 9, 4)),
        return_exceptions=True,
    )

    assert [type(each) for each in told] == [Appended, Appended, Conflict, Appended]
    assert [entry.v for entry in await log.read(0, 9)] == [1, 2, 3, 4]
    await log.aclose()


async def test_what_is_appended_while_the_items_are_read_is_none_of_them_or_all(
    server: Valkey, proxy: ValkeyProxy
) -> None:
    """They are valid at one offset, though the server did something else in between."""
    log, other = await RedisLog.open(proxy.log_url()), await RedisLog.open(server.url())
    await other.append(batch(changed(1), changed(1, "price:B")))
    go_on = asyncio.Event()
    proxy.pause_before(b"HGETALL", go_on)
    reading = asyncio.create_task(log.items(ALL))
    await proxy.paused.wait()
    await other.bounds()  # once this is answered the server has read what stood before the pause
    await other.append(batch(changed(2), changed(1, "price:C")))
    go_on.set()
    snapshot = await reading

    assert snapshot.offset == 4
    assert {(item.topic, item.v) for item in snapshot.items} == {
        ("price:A", 2), ("price:B", 1), ("price:C", 1),
    }  # fmt: skip
    for each in (log, other):
        await each.aclose()
