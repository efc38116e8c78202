"""What a server must allow, and what it says of itself; what a URL may be."""

import asyncio

import pytest
from redis import Redis

from feed.errors import LogAway, LogReplaced, LogUnavailable, SettingsError
from feed.log.base import Appended
from feed.log.open import open_log
from feed.log.redis import RedisLog
from feed.model.topic import ALL
from tests.log.conftest import OnValkey
from tests.support.records import batch, changed, fill, followed, keyed
from tests.support.server import free_port
from tests.support.valkey import Valkey
from tests.support.valkey_proxy import ValkeyProxy

MEMORYSTORE = (
    "-@all +get +set +del +expire +pexpire +hget +hset +hmget +hdel +hgetall +hexists +eval "
    "+evalsha +xadd +xrange +xread +xtrim +xlen +info +ping +select"
)
"""No more than a managed service gives to every user: no CONFIG, no CLIENT, no SCRIPT."""


def url_of(server: Valkey, user: str) -> str:
    return f"redis://{user}:s3cret@127.0.0.1:{server.port}/0"


async def use(log: RedisLog) -> None:
    """Everything that the log is used for."""
    await log.append(keyed("k", *(changed(v, event_id=f"e-{v}") for v in (1, 2, 3))))
    assert [entry.offset for entry in await followed(log, 0, 3)] == [1, 2, 3]
    assert await log.event_kind("price:A", "e-3") == "goal"
    assert [item.v for item in (await log.items(ALL)).items] == [3]
    await log.trim(2)
    assert (await log.bounds()).first == 2
    lease = log.lease("a", 5)
    assert await lease.take() == await lease.take() != ""
    assert await lease.holder() == "a"
    await lease.release()


def left_alone(server: Valkey) -> bool:
    """Whether, soon, nobody is connected but who asks."""
    with Redis(port=server.port) as asking:
        return any(len(asking.client_list()) == 1 for _ in range(1000))


async def test_a_user_who_may_run_only_what_a_managed_service_allows(server: Valkey) -> None:
    server.say(f"ACL SETUSER feed on >s3cret ~{{feed}}:* {MEMORYSTORE}")
    log = await RedisLog.open(url_of(server, "feed"))
    await use(log)

    assert not log.durable, "it appends to a file always, but will not say so"
    server.say("FLUSHALL")
    with pytest.raises(LogReplaced):
        await followed(log, 3, 4)
    await log.aclose()


async def test_a_user_who_may_not_even_ask_how_the_server_is(server: Valkey) -> None:
    server.say(f"ACL SETUSER feed on >s3cret ~{{feed}}:* {MEMORYSTORE} -info")
    log = await RedisLog.open(url_of(server, "feed"))
    await use(log)

    assert not log.durable
    await log.aclose()


async def test_a_user_who_may_not_run_scripts(server: Valkey) -> None:
    server.say("ACL SETUSER feed on >s3cret ~* +@all -eval -evalsha")

    with pytest.raises(LogUnavailable, match="permission") as raised:
        await RedisLog.open(url_of(server, "feed"))
    assert not isinstance(raised.value, LogAway), "that will not change by itself"


async def test_a_wrong_password_is_not_shown(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    server.say("ACL SETUSER feed on >another ~* +@all")

    with pytest.raises(LogUnavailable) as raised:
        await RedisLog.open(url_of(server, "feed"))
    assert "s3cret" not in str(raised.value) + caplog.text


@pytest.mark.parametrize(
    ("setting", "durable"),
    [
        ("appendfsync always", True),
        ("appendfsync everysec", False),
        ("appendfsync no", False),
        ("appendonly no", False),
    ],
)
async def test_durable_is_what_the_server_says(
    server: Valkey, setting: str, *, durable: bool
) -> None:
    server.say(f"CONFIG SET {setting}")
    log = await RedisLog.open(server.url())

    assert log.durable is durable
    await log.aclose()


async def test_it_is_asked_again_when_it_comes_back(server: Valkey, proxy: ValkeyProxy) -> None:
    log = await RedisLog.open(proxy.log_url())
    await fill(log, 1)
    assert len(await followed(log, 0, 1)) == 1, "the reader is connected"
    before = log.durable
    proxy.go_away()
    server.say("CONFIG SET appendfsync everysec")
    proxy.port = server.port

    assert await log.append(batch(changed(2))) == Appended(2)
    assert len(await followed(log, 1, 2)) == 1, "it is back"
    assert (before, log.durable) == (True, False)
    await log.aclose()


async def test_connections_do_not_grow_with_who_reads_and_follows(server: Valkey) -> None:
    log = await RedisLog.open(server.url())
    await fill(log, 100)
    following = [asyncio.create_task(followed(log, 0, 101)) for _ in range(200)]
    reading = [asyncio.create_task(log.read(n, 5)) for n in range(100)]
    appending = [asyncio.create_task(log.append(batch(changed(1, f"price:{n}")))) for n in range(9)]
    await asyncio.gather(*following, *reading, *appending)

    with Redis(port=server.port) as asking:
        assert len(asking.client_list()) == 1 + 5
    await log.aclose()
    assert left_alone(server)


async def test_two_databases_are_two_logs(valkey: OnValkey) -> None:
    one, other = await valkey.open(), await valkey.open("other")
    await fill(one, 3)

    assert (await other.bounds()).head == 0
    assert await fill(other, 1) == Appended(1)
    for log in (one, other):
        await log.aclose()


async def test_nobody_listens_there() -> None:
    port = free_port()

    for scheme in ("redis", "rediss"):
        with pytest.raises(LogAway, match=str(port)):
            await open_log(f"{scheme}://user:s3cret@127.0.0.1:{port}/0")


async def test_a_database_that_the_server_does_not_have(server: Valkey) -> None:
    with pytest.raises(LogUnavailable, match=r"(?i)index"):
        await open_log(server.url(99_999))


@pytest.mark.parametrize(
    "place", ["user:s3cret@host:port/0", "user:s3cret", ":s3cret@[::1/0", "user:s3cret@host:1:2"]
)
async def test_what_is_no_place_of_a_server_is_refused_without_its_password(place: str) -> None:
    with pytest.raises(SettingsError, match=r"^FEED_LOG: .*redis://host:port/db$") as raised:
        await open_log(f"redis://{place}")

    assert "s3cret" not in str(raised.value)
    assert raised.value.__suppress_context__, "a traceback would show it"


async def test_nothing_is_left_open_by_a_start_that_failed(server: Valkey) -> None:
    await (await RedisLog.open(server.url())).aclose()
    server.say("HSET {feed}:meta format 2")
    with pytest.raises(LogUnavailable):
        await RedisLog.open(server.url())

    assert left_alone(server)
