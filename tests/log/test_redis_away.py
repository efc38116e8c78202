"""A server that is killed, stopped, full, or leads no longer: said within seconds, and survived."""

import asyncio
from pathlib import Path

import pytest
from redis import Redis

from feed.errors import LogAway, LogUnavailable
from feed.log.base import Appended, EventLog
from feed.log.probe import probe
from feed.log.redis import RedisLog
from feed.model.topic import ALL
from tests.support.records import FUSE_S, NOW_MS, batch, changed, fill, followed, held, keyed
from tests.support.traffic import beats
from tests.support.valkey import Valkey
from tests.support.valkey_proxy import APPEND, ValkeyProxy


async def test_a_server_that_is_killed_and_started_again_goes_on_in_the_same_epoch(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    log = await RedisLog.open(server.url())
    await log.append(keyed("k", changed(1), answer=b"first"))
    epoch, before = (await log.bounds()).epoch, await held(log)
    following = asyncio.create_task(followed(log, 0, 3))
    server.kill()
    read_later = asyncio.create_task(followed(log, 0, 1))
    with pytest.raises(LogAway):
        await log.append(batch(changed(2)))
    for work in (log.read(0, 9), log.items(ALL), log.bounds(), log.event_kind("price:A", "e")):
        with pytest.raises(LogAway):
            await work
    with pytest.raises(LogAway):
        await log.trim(1)
    server.start()

    assert await held(log) == before
    assert (await log.bounds()).epoch == epoch
    assert await log.append(keyed("k", changed(1))) == Appended(1, b"first", duplicate=True)
    assert await fill(log, 2) == Appended(3)
    assert [entry.offset for entry in await following] == [1, 2, 3]
    assert [entry.offset for entry in await read_later] == [1]
    assert log.durable
    assert caplog.text.count("the log cannot be read now") == 1
    assert caplog.text.count("the log is in reach again") == 1
    await log.aclose()


async def test_a_server_that_comes_back_soon_is_waited_for(server: Valkey) -> None:
    log = await RedisLog.open(server.url())
    await fill(log, 1)
    server.kill()
    appending = [asyncio.create_task(log.append(batch(changed(v)))) for v in (2, 3)]
    await asyncio.to_thread(server.start)

    assert await asyncio.gather(*appending) == [Appended(2), Appended(3)]
    await log.aclose()


async def test_a_server_that_answers_nothing_is_given_up_and_comes_back(server: Valkey) -> None:
    """Stopped, it takes connections all the same, and later does what it was told."""
    log = await RedisLog.open(server.url())
    await fill(log, 1)
    following = asyncio.create_task(followed(log, 0, 4))
    server.pause()
    try:
        async with asyncio.timeout(2 * FUSE_S):
            told = await asyncio.gather(
                log.append(keyed("k", changed(2), answer=b"late")),
                log.bounds(),
                log.lease("a", 5).take(),
                RedisLog.open(server.url()),
                return_exceptions=True,
            )
    finally:
        server.go_on()
    assert [type(each) for each in told] == [LogAway] * 4

    again = await log.append(keyed("k", changed(2), answer=b"again"))
    assert again == Appended(2, b"late", duplicate=True), "it was told twice and did it once"
    assert await fill(log, 2) == Appended(4)
    assert [entry.offset for entry in await following] == [1, 2, 3, 4]
    await log.aclose()


async def test_a_server_without_memory_writes_nothing_in_part(server: Valkey) -> None:
    log = await RedisLog.open(server.url())
    await fill(log, 3)
    before = await held(log)
    server.say("CONFIG SET maxmemory 1")
    for refused in (
        batch(changed(4, event_id="e"), changed(1, "price:B")),
        keyed("k", changed(4)),
        batch(changed(4), dry_run=True),
    ):
        with pytest.raises(LogUnavailable, match=r"(?i)out of memory|maxmemory") as raised:
            await log.append(refused)
        assert not isinstance(raised.value, LogAway), "it is not said again for two seconds"
    with pytest.raises(LogUnavailable):
        await log.lease("a", 5).take()
    assert await held(log) == before, "what is there can be read"
    assert await log.event_kind("price:A", "e") is None
    server.say("CONFIG SET maxmemory 0")

    assert await log.append(keyed("k", changed(4))) == Appended(4, b"answer")
    assert [entry.offset for entry in await followed(log, 0, 4)] == [1, 2, 3, 4]
    await log.aclose()


async def _without_replicas(server: Valkey, _: Path) -> None:
    server.say("CONFIG SET min-replicas-to-write 1")


async def _unable_to_save(server: Valkey, directory: Path) -> None:
    """A directory stands where its snapshot belongs."""
    (directory / "valkey" / "dump.rdb").mkdir()
    server.say("CONFIG SET save '3600 1'")
    server.say("BGSAVE")
    async with asyncio.timeout(FUSE_S):
        async for _ in beats(50):
            if b"rdb_last_bgsave_status:err" in server.say("INFO persistence"):
                break


REFUSALS = {
    "NOREPLICAS": (_without_replicas, "CONFIG SET min-replicas-to-write 0"),
    "MISCONF": (_unable_to_save, "CONFIG SET stop-writes-on-bgsave-error no"),
}


@pytest.mark.parametrize("word", REFUSALS)
async def test_a_server_that_refuses_to_write_is_read_and_tried_again(
    word: str, server: Valkey, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refuse, mend = REFUSALS[word]
    log = await RedisLog.open(server.url())
    await fill(log, 3)
    before = await held(log)
    await refuse(server, tmp_path)
    for append in (log.append(batch(changed(4, event_id="e"))), log.append(keyed("k", changed(4)))):
        with pytest.raises(LogUnavailable, match=word) as raised:
            await append
        assert not isinstance(raised.value, LogAway), "it is not said again for two seconds"
    with pytest.raises(LogUnavailable, match=word):
        await probe(log, NOW_MS)
    assert word in log.trouble
    assert await held(log) == before, "what is there can be read"
    server.say(mend)

    await probe(log, NOW_MS)
    assert log.trouble == ""
    assert await log.append(keyed("k", changed(4))) == Appended(4, b"answer")
    assert caplog.text.count("nothing can be appended to the log") == 1
    await log.aclose()


async def test_a_replica_that_has_lost_its_leader_is_as_one_that_is_away(
    server: Valkey, tmp_path: Path
) -> None:
    with Valkey(tmp_path / "leader") as leader:
        server.say("CONFIG SET replica-serve-stale-data no")
        log = await RedisLog.open(server.url())
        leader.kill()
        server.say(f"REPLICAOF 127.0.0.1 {leader.port}")

        with pytest.raises(LogAway, match="MASTER is down"):
            await log.bounds()
        with pytest.raises(LogAway, match="MASTER is down"):
            await RedisLog.open(server.url())
        server.say("REPLICAOF NO ONE")
        assert await fill(log, 1) == Appended(1)
        await log.aclose()


async def test_after_a_failover_the_leader_is_found_behind_the_same_address(
    proxy: ValkeyProxy, server: Valkey, tmp_path: Path
) -> None:
    """What stays connected to the old one is told that it is a replica now, and looks again."""
    server.say("CONFIG SET repl-diskless-sync-delay 0")
    with Valkey(tmp_path / "next", "--replicaof", "127.0.0.1", str(server.port)) as following:
        log = await RedisLog.open(proxy.log_url())
        await fill(log, 5)
        with Redis(port=server.port) as said:
            said.set("{feed}:last", "")
            assert said.wait(1, 5000) == 1, "the other one has it, and all that was before"
        epoch, before = (await log.bounds()).epoch, await held(log)
        following.say("REPLICAOF NO ONE")
        proxy.port = following.port  # connections that are there go on to the old one
        server.say(f"REPLICAOF 127.0.0.1 {following.port}")

        assert await log.append(batch(changed(6))) == Appended(6)
        assert (await held(log))[1][:5] == before[1]
        assert (await log.bounds()).epoch == epoch
        assert [entry.offset for entry in await followed(log, 0, 6)] == [1, 2, 3, 4, 5, 6]
        await log.aclose()


async def test_what_is_read_of_the_past_waits_for_the_server_too(
    proxy: ValkeyProxy, server: Valkey
) -> None:
    """A follower that is not up to date reads the server, which may be away just then."""
    writer = await RedisLog.open(server.url())
    await fill(writer, 2500)
    log: EventLog = await RedisLog.open(proxy.log_url())
    follower = log.follow(0)
    first = await anext(follower)
    proxy.go_away()
    following = asyncio.ensure_future(anext(follower))
    with pytest.raises(LogAway):
        await log.bounds()
    assert not following.done()
    proxy.port = server.port

    assert (first[-1].offset, (await following)[-1].offset) == (1000, 2000)
    await log.aclose()
    assert [entries async for entries in follower] == []
    await writer.aclose()


async def test_a_log_is_closed_while_its_server_is_away(proxy: ValkeyProxy) -> None:
    log = await RedisLog.open(proxy.log_url())
    waiting = asyncio.ensure_future(anext(log.follow(0), None))
    proxy.withhold(APPEND)
    appending = [asyncio.create_task(log.append(batch(changed(v)))) for v in (1, 2)]
    await proxy.withheld()
    proxy.go_away()
    appending.append(asyncio.create_task(log.append(batch(changed(3)))))
    await asyncio.sleep(0)  # let it queue
    await log.aclose()

    told = await asyncio.gather(*appending, return_exceptions=True)
    assert [str(each) for each in told] == ["the log is closed"] * 3
    assert [type(each) for each in told] == [LogUnavailable] * 3
    assert await waiting is None
