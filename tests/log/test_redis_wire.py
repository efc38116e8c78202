"""Answers that are lost, commands that come late, connections that break: written once, in order.

The server is a real one, the network before it a proxy that does this on purpose.
"""

import asyncio

import pytest
from msgspec.structs import replace

from feed.errors import LogAway, LogUnavailable
from feed.log.base import Appended
from feed.log.redis import RedisLog
from feed.model.topic import ALL
from tests.support.records import (
    FUSE_S,
    added,
    batch,
    changed,
    fill,
    followed,
    held,
    keyed,
    versions,
)
from tests.support.valkey import Valkey
from tests.support.valkey_proxy import APPEND, WAIT, ValkeyProxy


async def test_an_answer_that_is_lost_is_told_again(proxy: ValkeyProxy) -> None:
    log = await RedisLog.open(proxy.log_url())
    await fill(log, 3)
    proxy.lose_answers(APPEND, times=3)

    assert await log.append(batch(changed(4), changed(5, event_id="e"))) == Appended(5)

    assert proxy.lost == 3, "the server did it once, and was told four times"
    assert [entry.v for entry in await log.read(0, 10)] == [1, 2, 3, 4, 5]
    assert [entry.offset for entry in await followed(log, 0, 5)] == [1, 2, 3, 4, 5]
    await log.aclose()


async def test_the_answers_of_all_batches_of_a_call_are_told_again(proxy: ValkeyProxy) -> None:
    log = await RedisLog.open(proxy.log_url())
    await log.append(keyed("k", changed(1), answer=b"first"))
    proxy.lose_answers(APPEND, times=2)

    outcomes = await asyncio.gather(
        log.append(batch(changed(2))),  # the first call; the others are the second
        log.append(keyed("k", changed(1), answer=b"again")),
        log.append(keyed("l", changed(3), answer=b"\x00\xff")),
        log.append(batch(added("e", 3, kind="own goal"))),
        log.append(batch(changed(9))),
        return_exceptions=True,
    )

    assert proxy.lost == 2
    assert list(outcomes[:4]) == [
        Appended(2),
        Appended(1, b"first", duplicate=True),
        Appended(3, b"\x00\xff"),
        Appended(4),
    ]
    assert str(outcomes[4]) == "price:A is at version 3"
    assert [(entry.offset, entry.v) for entry in await log.read(0, 9)] == [
        (1, 1), (2, 2), (3, 3), (4, 3),
    ]  # fmt: skip
    await log.aclose()


async def test_a_call_that_a_dead_connection_delivers_late_is_refused(
    proxy: ValkeyProxy, server: Valkey
) -> None:
    log = await RedisLog.open(proxy.log_url())
    await log.append(batch(changed(1)))
    proxy.withhold(APPEND)
    assert await log.append(batch(added("once", 1))) == Appended(2), "said again, it came through"
    same = await held(log)
    assert (await proxy.deliver()).startswith(b"*4\r\n"), "answered as it was then, written no more"
    assert await held(log) == same

    proxy.withhold(APPEND)
    await log.append(batch(changed(2)))
    await log.append(batch(changed(3)))
    before = await held(log)
    assert (await proxy.deliver()).startswith(b"-LATE ")

    assert await held(log) == before
    assert (await log.append(batch(changed(4)))).offset == 5
    await log.aclose()


async def test_a_batch_that_was_given_up_is_not_written_after_the_next_one(
    proxy: ValkeyProxy, server: Valkey
) -> None:
    log = await RedisLog.open(proxy.log_url())
    proxy.withhold(APPEND)
    lost = asyncio.create_task(log.append(batch(changed(1))))
    await proxy.withheld()
    proxy.go_away()
    with pytest.raises(LogAway):
        await lost
    proxy.port = server.port

    assert await log.append(batch(changed(1, "price:B"))) == Appended(1)
    assert (await proxy.deliver()).startswith(b"-LATE ")
    assert {item.topic for item in (await log.items(ALL)).items} == {"price:B"}
    await log.aclose()


async def test_nothing_is_lost_while_all_connections_are_killed_again_and_again(
    server: Valkey,
) -> None:
    """`CLIENT KILL` in the middle of appends, of reads and of waiting: all once, in order."""
    log, other = await RedisLog.open(server.url()), await RedisLog.open(server.url())
    following = [asyncio.create_task(followed(each, 0, 600)) for each in (log, other, log)]
    for v in range(1, 601):
        appending = asyncio.create_task((log if v % 2 else other).append(batch(changed(v))))
        if v % 20 == 0:
            server.say("CLIENT KILL TYPE normal")
        assert await appending == Appended(v)

    async with asyncio.timeout(2 * FUSE_S):
        seen = await asyncio.gather(*following)
    assert [[entry.offset for entry in each] for each in seen] == [[*range(1, 601)]] * 3
    assert [entry.v for entry in seen[0]] == [*range(1, 601)]
    await log.aclose()
    await other.aclose()


async def test_the_reader_goes_on_where_it_was_when_its_answers_are_lost(
    proxy: ValkeyProxy,
) -> None:
    log = await RedisLog.open(proxy.log_url())
    proxy.lose_answers(WAIT, times=3)
    following = asyncio.create_task(followed(log, 0, 6))
    for v in range(1, 7):
        await log.append(batch(changed(v)))

    assert [entry.v for entry in await following] == [1, 2, 3, 4, 5, 6]
    assert proxy.lost >= 1
    await log.aclose()


async def test_scripts_that_the_server_forgot_are_said_again(server: Valkey) -> None:
    log = await RedisLog.open(server.url())
    await log.append(batch(changed(1)))
    server.say("SCRIPT FLUSH")

    assert await log.append(batch(changed(2))) == Appended(2)
    server.say("SCRIPT FLUSH")
    await log.trim(2)
    assert (await log.bounds()).first == 2
    await log.aclose()


async def test_who_stops_waiting_for_an_answer_leaves_no_other_with_it(server: Valkey) -> None:
    """A connection whose answer nobody read must not give it to the next one who asks."""
    log = await RedisLog.open(server.url())
    await log.append(batch(*versions(1, 50), *versions(1, 50, "price:B")))
    for patience in range(40):
        reading = [asyncio.create_task(log.read(n, 1)) for n in range(4)]
        for _ in range(patience):
            await asyncio.sleep(0)
        for task in reading:
            task.cancel()
        first, bounds, kind = await asyncio.gather(
            log.read(60, 1), log.bounds(), log.event_kind("price:A", "none")
        )
        assert [entry.offset for entry in first] == [61]
        assert (bounds.head, kind) == (100, None)
        await asyncio.gather(*reading, return_exceptions=True)
    assert await log.append(batch(changed(51))) == Appended(101)
    await log.aclose()


async def test_a_batch_that_nobody_waits_for_any_longer_harms_no_other(proxy: ValkeyProxy) -> None:
    log = await RedisLog.open(proxy.log_url())
    first = asyncio.create_task(log.append(batch(changed(1))))
    queued = [asyncio.create_task(log.append(batch(changed(v)))) for v in (2, 3)]
    await asyncio.sleep(0)  # let them queue
    first.cancel()
    queued[0].cancel()

    assert await queued[1] == Appended(3), "those before it are written all the same"
    await asyncio.gather(first, *queued, return_exceptions=True)
    await log.aclose()


async def test_a_batch_that_cannot_be_said_is_refused_and_the_next_one_is_not(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    log = await RedisLog.open(server.url())
    wrong = replace(changed(1, event_id="e"), event_kind=object())

    with pytest.raises(LogUnavailable):
        await log.append(batch(wrong))
    assert "batches could not be written" in caplog.text
    assert await log.append(batch(changed(1))) == Appended(1)
    await log.aclose()
