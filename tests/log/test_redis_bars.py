"""The bars of a minute on a server: they stay when an epoch ends, and a part may be gone."""

from feed.log.redis import RedisLog
from feed.model.bar import Bar
from tests.support.valkey import Valkey

M = 29_833_333
ALL = {f"price:T{n}": Bar(str(n)) for n in range(20)}


async def test_they_stay_when_an_epoch_ends(server: Valkey) -> None:
    log = await RedisLog.open(server.url())
    epoch = (await log.bounds()).epoch
    await log.keep(M, ALL, 100)
    server.say("HSET {feed}:meta epoch another")
    again = await RedisLog.open(server.url())
    assert (await again.bounds()).epoch != epoch
    assert await again.bars(list(ALL), M, M) == {M: ALL}
    await again.keep(M + 1, {}, 100)
    assert list(await again.bars([], 0, 2 * M)) == [M, M + 1]
    for each in (log, again):
        await each.aclose()


async def test_what_goes_while_it_is_read_is_not_there(server: Valkey) -> None:
    log = await RedisLog.open(server.url())
    await log.keep(M, ALL, 100)
    assert server.say(f"HDEL {{feed}}:bars {M}:1") == b":1\r\n"
    found = await log.bars(list(ALL), M, M)
    assert found[M].items() < ALL.items()
    await log.aclose()


async def test_nothing_is_left_of_a_minute_that_was_let_go(server: Valkey) -> None:
    log = await RedisLog.open(server.url())
    for n in range(4):
        await log.keep(M + n, ALL, 45)
    assert list(await log.bars([], 0, 2 * M)) == [M + 2, M + 3]
    assert server.say("HLEN {feed}:bars") == b":6\r\n"
    assert server.say("HGET {feed}:meta bars") == b"$2\r\n40\r\n"
    await log.aclose()
