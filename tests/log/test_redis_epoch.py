"""A server that knows less than was seen of it: a new epoch, always, and the old log says so."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from feed.errors import LogAway, LogReplaced, LogUnavailable
from feed.log.base import Appended
from feed.log.redis import RedisLog
from feed.model.topic import ALL
from tests.support.records import FUSE_S, batch, changed, ended, fill, followed, versions
from tests.support.valkey import Valkey
from tests.support.valkey_proxy import APPEND, CHECK, WAIT, ValkeyProxy


async def replaced(log: RedisLog, after: int) -> None:
    """Wait until a follower is told that its log has ended, and nothing else before."""
    async with asyncio.timeout(FUSE_S):
        with pytest.raises(LogReplaced):
            await anext(log.follow(after))


async def ended_for_ever(log: RedisLog) -> None:
    """Whatever it is asked, it is not that log any longer."""
    asked: list[Callable[[], Awaitable[object]]] = [
        lambda: log.append(batch(changed(1))),
        lambda: log.append(batch()),
        lambda: log.read(0, 9),
        lambda: log.items(ALL),
        lambda: log.event_kind("price:A", "e"),
        log.bounds,
        lambda: log.trim(2),
        lambda: log.keep(29_833_333, {}, 9),
        lambda: log.bars([], 0, 9),
    ]
    for ask in asked:
        with pytest.raises(LogReplaced):
            await ask()


async def test_a_server_that_was_emptied_begins_another_log(server: Valkey) -> None:
    log = await RedisLog.open(server.url())
    await fill(log, 5)
    epoch = (await log.bounds()).epoch
    server.say("FLUSHALL")
    await replaced(log, 5)
    await ended_for_ever(log)
    again, same = await RedisLog.open(server.url()), await RedisLog.open(server.url())
    await ended_for_ever(log)

    bounds = await again.bounds()
    assert (bounds.first, bounds.head, bounds.size_bytes) == (1, 0, 0)
    assert bounds.epoch == (await same.bounds()).epoch != epoch
    assert await fill(again, 6) == Appended(6)
    await ended_for_ever(log)
    assert [entry.offset for entry in await followed(same, 0, 6)] == [1, 2, 3, 4, 5, 6]
    for each in (log, again, same):
        await each.aclose()


async def test_another_log_is_noticed_that_has_grown_beyond_this_one(server: Valkey) -> None:
    """Its entries follow the place that was read, by their offsets; no connection was lost."""
    log = await RedisLog.open(server.url())
    await fill(log, 3)
    assert len(await followed(log, 0, 3)) == 3
    server.say("FLUSHALL")
    another = await RedisLog.open(server.url())
    await fill(another, 10)

    await replaced(log, 3)
    await log.aclose()
    await another.aclose()


async def test_whoever_reads_first_notices_that_entries_are_lost(
    server: Valkey, tmp_path: Path
) -> None:
    log = await RedisLog.open(server.url())
    await fill(log, 2)
    server.copy(tmp_path / "then")
    await fill(log, 1)
    epoch = (await log.bounds()).epoch
    server.lose_all_since(tmp_path / "then")

    with pytest.raises(LogReplaced):
        await patiently(lambda: log.read(1, 1))
    again = await RedisLog.open(server.url())
    assert (await again.bounds()).epoch != epoch
    for each in (log, again):
        await each.aclose()


async def patiently(ask: Callable[[], Awaitable[object]]) -> object:
    """Ask until the server is there."""
    while True:
        try:
            return await ask()
        except LogAway:
            continue


async def test_a_server_that_has_lost_the_newest_entries_gets_a_new_epoch(
    server: Valkey, tmp_path: Path
) -> None:
    log, other = await RedisLog.open(server.url()), await RedisLog.open(server.url())
    await fill(log, 5)
    server.copy(tmp_path / "then")
    await log.append(batch(changed(6), ended(7)))
    assert len(await followed(other, 0, 7)) == 7
    epoch = (await log.bounds()).epoch
    server.lose_all_since(tmp_path / "then")

    await asyncio.gather(replaced(log, 7), replaced(other, 7))
    again = await RedisLog.open(server.url())
    bounds = await again.bounds()
    assert (bounds.first, bounds.head) == (1, 5)
    assert bounds.epoch != epoch
    assert [item.v for item in (await again.items(ALL)).items] == [5]
    assert await fill(again, 1) == Appended(6), "what is left is gone on from"
    await ended_for_ever(log)
    for each in (log, other, again):
        await each.aclose()


async def test_others_may_have_taken_the_places_of_lost_entries_meanwhile(
    proxy: ValkeyProxy, server: Valkey, tmp_path: Path
) -> None:
    """The head is where it was, and the versions fit; yet these are not the entries of before."""
    log = await RedisLog.open(proxy.log_url())
    await fill(log, 5)
    server.copy(tmp_path / "then")
    await fill(log, 2)
    assert len(await followed(log, 0, 7)) == 7
    epoch = (await log.bounds()).epoch
    proxy.go_away()
    server.lose_all_since(tmp_path / "then")
    other = await RedisLog.open(server.url())
    await fill(other, 3)
    assert (await other.bounds()).epoch == epoch, "it has seen nothing of what was lost"
    proxy.port = server.port

    await replaced(log, 7)
    await replaced(other, 8)
    for each in (log, other):
        await each.aclose()


async def test_a_read_does_not_take_other_entries_for_those_that_were_seen(
    proxy: ValkeyProxy, server: Valkey, tmp_path: Path
) -> None:
    """It comes before the reader is there again, and what it asks for is nobody's loss."""
    log = await RedisLog.open(proxy.log_url())
    await fill(log, 5)
    server.copy(tmp_path / "then")
    await fill(log, 2)
    assert len(await followed(log, 0, 7)) == 7
    proxy.go_away()
    server.lose_all_since(tmp_path / "then")
    other = await RedisLog.open(server.url())
    await fill(other, 3)
    proxy.port = server.port

    with pytest.raises(LogReplaced):
        await patiently(lambda: log.event_kind("price:A", "e"))
    await replaced(log, 7)
    for each in (log, other):
        await each.aclose()


async def test_a_reader_whose_server_is_another_all_at_once_reads_nothing_of_it(
    proxy: ValkeyProxy, server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    """As where its connection was cut, and made again, between two entries."""
    log = await RedisLog.open(proxy.log_url())
    await fill(log, 3)
    assert len(await followed(log, 0, 3)) == 3
    go_on = asyncio.Event()
    proxy.pause_before(WAIT, go_on, at=b"XRANGE")
    await proxy.paused.wait()
    epoch = (await log.bounds()).epoch
    server.say("DEL {feed}:log")
    for offset in range(1, 5):
        server.say(f"XADD {{feed}}:log {offset}-0 e {epoch} c another a 1 b rubbish")
    server.say("HSET {feed}:meta head 4 call another")
    go_on.set()

    await replaced(log, 3)
    assert "the log cannot be followed" not in caplog.text, "it was not even read"
    await log.aclose()


@pytest.mark.parametrize("silent", [WAIT, CHECK], ids=["its reader", "its next append"])
@pytest.mark.parametrize("others", [0, 1])
async def test_what_was_acknowledged_and_read_by_nobody_is_missed_too(
    proxy: ValkeyProxy, server: Valkey, tmp_path: Path, silent: bytes, others: int
) -> None:
    """The instance that was told so notices, by whatever reaches the server first."""
    log = await RedisLog.open(proxy.log_url())
    await log.append(batch(changed(1)))
    server.copy(tmp_path / "then")
    proxy.lose_answers(WAIT, times=1000)
    await log.append(batch(changed(2)))
    proxy.go_away()
    server.lose_all_since(tmp_path / "then")
    other = await RedisLog.open(server.url())
    await other.append(batch(*versions(2, 1 + others)))
    proxy.lose_answers(silent, times=1000)
    proxy.port = server.port

    if silent == CHECK:
        with pytest.raises(LogReplaced):
            await log.append(batch(changed(3)))
    await replaced(other, 1 + others)
    again = await RedisLog.open(server.url())
    assert [entry.v for entry in await again.read(0, 9)] == [*range(1, 2 + others)]
    for each in (log, other, again):
        await each.aclose()


async def test_an_append_that_is_said_again_to_a_server_that_lost_it_is_not_written_twice(
    proxy: ValkeyProxy, server: Valkey, tmp_path: Path
) -> None:
    """It was never acknowledged: it is written where the server is now."""
    log = await RedisLog.open(proxy.log_url())
    await fill(log, 2)
    assert len(await followed(log, 0, 2)) == 2
    server.copy(tmp_path / "then")
    proxy.withhold(APPEND)
    appending = asyncio.create_task(log.append(batch(changed(3))))
    await proxy.withheld()
    server.lose_all_since(tmp_path / "then")

    assert await appending == Appended(3)
    assert [entry.v for entry in await log.read(0, 9)] == [1, 2, 3]
    await log.aclose()


async def test_a_stream_that_is_not_ours_ends_the_log_and_is_logged(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    log = await RedisLog.open(server.url())
    following = asyncio.create_task(followed(log, 0, 1))
    epoch = (await log.bounds()).epoch
    server.say(f"XADD {{feed}}:log 1-0 e {epoch} c x a 1 b rubbish")

    with pytest.raises(LogReplaced):
        await asyncio.wait_for(following, FUSE_S)
    assert "the log cannot be followed" in caplog.text
    await log.aclose()


async def test_a_log_of_another_format_is_left_alone(server: Valkey) -> None:
    await (await RedisLog.open(server.url())).aclose()
    server.say("HSET {feed}:meta format 2")

    with pytest.raises(LogUnavailable, match="format 2"):
        await RedisLog.open(server.url())
