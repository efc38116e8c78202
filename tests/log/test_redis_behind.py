"""A reader of a Redis log that is slower than its retention."""

import asyncio

import pytest

from feed.errors import LogReplaced
from feed.log.base import Appended
from feed.log.redis import RedisLog
from tests.support.records import FUSE_S, batch, changed, fill, followed
from tests.support.valkey import Valkey
from tests.support.valkey_proxy import WAIT, ValkeyProxy


async def test_a_reader_that_retention_has_overtaken_says_so(
    proxy: ValkeyProxy, server: Valkey
) -> None:
    """Its connection was there all the time, but it was slow to ask."""
    log, other = await RedisLog.open(proxy.log_url()), await RedisLog.open(server.url())
    await fill(log, 2)
    assert len(await followed(log, 0, 2)) == 2
    go_on = asyncio.Event()
    proxy.pause_before(WAIT, go_on)
    await proxy.paused.wait()
    await fill(other, 4)
    await other.trim(5)
    go_on.set()

    with pytest.raises(LogReplaced, match="the log begins at 5"):
        await asyncio.wait_for(anext(log.follow(2)), FUSE_S)
    for each in (log, other):
        await each.aclose()


async def test_a_reader_that_has_missed_all_says_so_before_anything_else_comes(
    proxy: ValkeyProxy, server: Valkey
) -> None:
    """Nothing is left to be read: it would wait for ever, with items that are old."""
    log, other = await RedisLog.open(proxy.log_url()), await RedisLog.open(server.url())
    await fill(log, 2)
    assert len(await followed(log, 0, 2)) == 2
    proxy.go_away()
    await fill(other, 2)
    await other.trim(5)
    proxy.port = server.port

    with pytest.raises(LogReplaced, match="the log begins at 5"):
        await asyncio.wait_for(followed(log, 2, 4), FUSE_S)
    assert list(await other.read(4, 9)) == []
    for each in (log, other):
        await each.aclose()


async def test_retention_lets_go_of_the_newest_entry_that_was_seen_and_nothing_happens(
    proxy: ValkeyProxy, server: Valkey
) -> None:
    log = await RedisLog.open(proxy.log_url())
    await fill(log, 3)
    assert len(await followed(log, 0, 3)) == 3
    await log.trim(4)
    proxy.cut()

    assert await log.append(batch(changed(4))) == Appended(4)
    assert [entry.offset for entry in await followed(log, 3, 4)] == [4]
    await log.trim(5)
    again = await RedisLog.open(server.url())
    assert await fill(again, 1) == Appended(5)
    for each in (log, again):
        await each.aclose()
