"""One instance of several leads, and the server refuses what a former leader says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from redis import Redis

from feed.errors import Fenced, LogAway, LogReplaced, LogUnavailable
from feed.log.base import Appended, Batch
from feed.log.redis import RedisLog
from feed.model.entry import Record
from tests.log.conftest import OnValkey
from tests.support.records import FUSE_S, batch, changed, fill, followed, held
from tests.support.valkey import Valkey
from tests.support.valkey_proxy import LEASE, ValkeyProxy

LONG_S = 3600


def told(term: str, *records: Record) -> Batch:
    """What a source says, on an instance that leads in this term."""
    return replace(batch(*records), term=term)


async def loaded(log: RedisLog) -> None:
    """Let the server know the script, so that an answer is not about that."""
    lease = log.lease("first", LONG_S)
    await lease.take()
    await lease.release()


@asynccontextmanager
async def opened(*urls: str) -> AsyncIterator[list[RedisLog]]:
    """The log as instances have it open."""
    logs = [await RedisLog.open(url) for url in urls]
    yield logs
    for log in logs:
        await log.aclose()


async def test_one_of_many_gets_it(valkey: OnValkey) -> None:
    async with opened(*[valkey.url()] * 5) as logs:
        leases = [log.lease(f"i{n}", LONG_S) for n, log in enumerate(logs)]
        terms = await asyncio.gather(*(lease.take() for lease in leases))
        (winner,) = (n for n, term in enumerate(terms) if term)

        assert [await lease.holder() for lease in leases] == [f"i{winner}"] * 5
        assert [await lease.take() for lease in leases] == terms, "and keeps it"
        for n, lease in enumerate(leases):
            if n != winner:
                await lease.release()
        assert await leases[0].holder() == f"i{winner}", "nobody else can give it back"


async def test_what_is_given_back_is_taken_at_once_and_the_term_is_over(valkey: OnValkey) -> None:
    async with opened(valkey.url(), valkey.url()) as (log, other):
        one, two = log.lease("one", LONG_S), other.lease("two", LONG_S)
        first = await one.take()
        assert await two.take() == ""
        await one.release()
        with pytest.raises(Fenced):
            await log.append(told(first, changed(1)))

        second = await two.take()
        assert second not in ("", first)
        assert await one.take() == ""
        await two.release()
        third = await one.take()
        assert third not in ("", first, second), "who takes it again begins another term"
        with pytest.raises(Fenced):
            await other.append(told(second, changed(1)))
        assert await log.append(told(third, changed(1))) == Appended(1)


async def test_a_leader_that_slept_is_refused_whatever_its_clock_says(valkey: OnValkey) -> None:
    """Its lease is good for an hour by its own clock; the server let it run out."""
    async with opened(valkey.url(), valkey.url()) as (log, other):
        one, two = log.lease("one", LONG_S), other.lease("two", LONG_S)
        first = await one.take()
        await log.append(told(first, changed(1)))
        with Redis.from_url(valkey.url()) as redis:
            redis.delete(LEASE)
        assert await log.append(told(first, changed(2))) == Appended(2), "nobody else began"
        second = await two.take()
        before = await held(log)

        outcomes = await asyncio.gather(
            log.append(told(first, changed(3))),
            log.append(told(first, changed(1, "price:B"))),
            log.append(batch(changed(3))),
            log.append(told(first)),
            return_exceptions=True,
        )
        assert [type(each) for each in outcomes] == [Fenced, Fenced, Appended, Fenced]
        assert (await held(log))[0] == before[0] + 1
        with pytest.raises(Fenced):
            await log.append(replace(told(first, changed(4)), dry_run=True))
        with pytest.raises(Fenced):
            await log.append(told("never a term", changed(4)))
        assert await other.append(told(second, changed(4))) == Appended(4)
        assert await one.take() == ""


async def test_it_runs_out(valkey: OnValkey) -> None:
    async with opened(valkey.url(), valkey.url()) as (log, other):
        one, two = log.lease("one", 0.1), other.lease("two", LONG_S)
        first = await one.take()
        async with asyncio.timeout(FUSE_S):
            while not (second := await two.take()):
                assert await two.holder() in ("one", None)

        assert second != first
        assert (await one.take(), await one.holder()) == ("", "two")


async def test_who_takes_it_again_and_again_has_it_longer(valkey: OnValkey) -> None:
    async with opened(valkey.url()) as (log,):
        short, long = log.lease("one", 60), log.lease("one", LONG_S)
        await short.take()
        with Redis.from_url(valkey.url()) as redis:
            redis.pexpire(LEASE, 1000)
            await short.take()
            assert 50_000 < redis.pttl(LEASE) <= 60_000
        assert await long.take() == "", "another one of the same name is another one"


async def test_who_lost_it_while_nobody_led_begins_another_term(valkey: OnValkey) -> None:
    async with opened(valkey.url()) as (log,):
        lease = log.lease("one", LONG_S)
        first = await lease.take()
        with Redis.from_url(valkey.url()) as redis:
            redis.delete(LEASE)
        second = await lease.take()

        assert second not in ("", first)
        with pytest.raises(Fenced):
            await log.append(told(first, changed(1)))


async def test_an_answer_that_is_lost_is_asked_for_again(proxy: ValkeyProxy) -> None:
    """It is held already then: the same term is told, and not only once it has run out."""
    async with opened(proxy.log_url()) as (log,):
        await loaded(log)
        lease = log.lease("one", LONG_S)
        for _ in range(2):
            proxy.lose_answers(LEASE)
            with pytest.raises(LogAway):
                await lease.take()
        term = await lease.take()

        assert term != ""
        assert (proxy.lost, await lease.holder()) == (2, "one")
        assert await log.append(told(term, changed(1))) == Appended(1)
        proxy.lose_answers(LEASE)
        with pytest.raises(LogAway):
            await lease.take()
        assert await lease.take() == term, "and so it is kept"


async def test_what_was_maybe_given_is_given_back(proxy: ValkeyProxy, server: Valkey) -> None:
    async with opened(proxy.log_url(), server.url()) as (log, other):
        await loaded(log)
        lease = log.lease("one", LONG_S)
        proxy.lose_answers(LEASE)
        with pytest.raises(LogAway):
            await lease.take()
        assert await other.lease("two", LONG_S).take() == ""
        await lease.release()

        assert await other.lease("two", LONG_S).take()


async def test_what_comes_late_takes_it_from_nobody(proxy: ValkeyProxy, server: Valkey) -> None:
    async with opened(proxy.log_url(), server.url()) as (log, other):
        await loaded(log)
        lease, two = log.lease("one", LONG_S), other.lease("two", LONG_S)
        proxy.withhold(LEASE)
        with pytest.raises(LogAway):
            await lease.take()
        term = await two.take()
        await proxy.deliver()

        assert (await lease.holder(), await two.take()) == ("two", term)


async def test_a_new_epoch_is_led_by_nobody(server: Valkey, tmp_path: Path) -> None:
    """The one who led takes it again, at once, in the new one; in the old one it cannot."""
    async with opened(server.url()) as (log,):
        lease = log.lease("one", LONG_S)
        term = await lease.take()
        await fill(log, 1)
        server.copy(tmp_path / "then")
        await fill(log, 1)
        assert len(await followed(log, 0, 2)) == 2
        server.lose_all_since(tmp_path / "then")
        with pytest.raises(LogReplaced):
            await followed(log, 2, 3)
        async with opened(server.url()) as (again,):
            with pytest.raises(Fenced):
                await again.append(told(term, changed(2)))
            with pytest.raises(LogReplaced):
                await lease.take()
            other = await again.lease("one", LONG_S).take()
            assert other not in ("", term)
            assert await again.append(told(other, changed(2))) == Appended(2)


async def test_of_a_log_that_is_closed_there_is_none(valkey: OnValkey) -> None:
    async with opened(valkey.url()) as (log,):
        lease = log.lease("one", LONG_S)
        await lease.take()
    for work in (lease.take(), lease.holder(), lease.release()):
        with pytest.raises(LogUnavailable, match="closed"):
            await work
