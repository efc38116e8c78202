"""What holds of every source that asks an API, shown with the general one."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import web
from yarl import URL

from feed.model.change import Change
from feed.model.codec import Json
from feed.sources.base import PartlyFailed, Polled, SourceFailed
from feed.sources.polled.http_json import HttpJsonConfig
from feed.sources.polled.mapping import Mapped
from feed.sources.polled.polling import Polling
from feed.sources.polled.upstream import PollingConfig, Target
from tests.support.sources import T0
from tests.support.sources_polled import Api
from tests.support.sources_upstream import Upstream

DAY_MS = 86_400_000


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    upstream = Upstream()
    await upstream.start()
    api = Api(upstream)
    yield api
    for source in api.opened:
        await source.aclose()
    await upstream.stop()


async def poll(source: Polling, after_s: float) -> tuple[list[str], str]:
    """The topics that changed, and what is wrong."""
    try:
        changes: Sequence[Change] = await source.poll(T0 + round(after_s * 1000))
        return [change.topic for change in changes if change.patch], ""
    except SourceFailed as failed:
        wrong = "partly: " if isinstance(failed, PartlyFailed) else ""
        changed = [change.topic for change in failed.changes if change.patch]
        return changed, wrong + str(failed)


def test_it_is_what_others_limit() -> None:
    config = HttpJsonConfig(name="api", url="http://example.org", items="@", per_minute=3)
    source = Polling(config, config.upstream())
    assert isinstance(source, Polled)
    assert source.quota_left(T0) == 3


async def test_a_quota_is_shared_in_turn(api: Api) -> None:
    source = api.source("abcde", per_minute=4)
    assert source.quota_left(T0) == 4
    asked = []
    for after_s in (0, 5, 30, 60, 65, 120):
        await poll(source, after_s)
        asked.append(api.asked())
    assert asked == ["abcd", "", "", "abce", "", "abcd"]
    assert source.quota_left(T0 + 120_000) == 0


async def test_a_days_quota_is_used_up_until_midnight(api: Api) -> None:
    source = api.source("ab", per_day=3)
    await poll(source, 0)
    assert source.quota_left(T0) == 1
    await poll(source, 5)
    assert api.asked() == "aab"
    with pytest.raises(SourceFailed, match="3 requests a day is used up") as raised:
        await source.poll(T0 + 10_000)
    assert raised.value.retry_after_s == (DAY_MS - (T0 + 10_000) % DAY_MS) / 1000
    assert api.asked() == ""
    await poll(source, 86_400)
    assert api.asked() == "ab"


async def test_a_restart_does_not_give_the_quota_again(api: Api) -> None:
    await poll(api.source("abc", per_minute=3), 0)
    await poll(api.source("abc", per_minute=3), 1)
    assert api.asked() == "abc"


async def test_what_nobody_follows_or_is_closed_is_asked_for_seldom(api: Api) -> None:
    source = api.source("abc", idle_every_s=600, unwatched_every_s=60)
    api.watched |= {"price:a", "price:c"}
    api.items["price:a"] = api.items["price:b"] = {"price": "1", "state": "live"}
    api.items["price:c"] = {"price": "1", "state": "closed"}
    asked = []
    for after_s in range(0, 605, 5):
        await poll(source, after_s)
        asked.append(api.asked())
    assert asked[0] == asked[-1] == "abc"
    assert "".join(asked[1:-1]).count("a") == 119
    assert "".join(asked[1:-1]).count("b") == 9
    assert "".join(asked[1:-1]).count("c") == 0
    api.watched.add("price:b")
    await poll(source, 610)
    assert api.asked() == "ab"


async def test_run_now_asks_for_all_and_keeps_the_quota(api: Api) -> None:
    source = api.source("ab", unwatched_every_s=600, per_minute=3)
    await poll(source, 0)
    await poll(source, 5)
    assert api.asked() == "ab"
    source.hurry()
    await poll(source, 10)
    assert len(api.asked()) == 1
    source.hurry()
    await poll(source, 15)
    assert api.asked() == ""


async def test_one_that_fails_rests_and_the_others_go_on(api: Api) -> None:
    source = api.source("abc")
    api.fail("b")
    assert await poll(source, 0) == (
        ["price:a", "price:c"],
        "partly: 127.0.0.1 answered 500",
    )
    for after_s in range(5, 600, 5):
        await poll(source, after_s)
    asked = api.asked()
    assert asked.count("a") == asked.count("c") == 120
    assert 8 < asked.count("b") < 60  # up to 2, 4, 8 … 60 s, half of it in the middle
    api.upstream.answers["/b"] = b'{"price":2.5}'
    assert (await poll(source, 700))[0] == ["price:b"]
    await poll(source, 705)
    assert api.asked().count("b") == 2


async def test_a_clock_that_is_set_back_leaves_nobody_alone_for_longer(api: Api) -> None:
    source = api.source("ab")
    api.fail("b")
    await poll(source, 3600)
    api.asked()
    await poll(source, 0)
    assert api.asked() == "ab"


async def test_where_all_fail_the_source_does(api: Api) -> None:
    source = api.source("abc")
    for topic in "abc":
        api.fail(topic)
    assert await poll(source, 0) == ([], "127.0.0.1 answered 500 (and 2 more)")
    for topic in "abc":
        api.upstream.answers[f"/{topic}"] = b'{"price":1.5}'
    assert len((await poll(source, 0.001))[0]) == 3  # how long to wait, the schedule says


async def test_who_wants_to_be_left_alone_is_not_asked_for_the_rest(api: Api) -> None:
    source = api.source("abcdefghijkl")
    api.fail("a", 429, **{"Retry-After": "30"})
    with pytest.raises(SourceFailed, match="answered 429") as raised:
        await source.poll(T0)
    assert not isinstance(raised.value, PartlyFailed)
    assert raised.value.retry_after_s == 30
    asked = api.asked()
    assert "a" in asked
    assert len(asked) <= 8  # those under way, and who came right before the answer
    del api.upstream.answers["/a"]
    api.upstream.answers["/a"] = b'{"price":1.5}'
    await poll(source, 30)
    assert api.asked() == "abcdefghijkl"


async def test_who_hangs_holds_up_nobody_for_longer_than_the_deadline(api: Api) -> None:
    source = api.source("abcdefgh", timeout_s=0.2)
    for topic in "abcd":  # as many as are asked at once
        api.upstream.answers[f"/{topic}"] = None
    async with asyncio.timeout(5):
        assert await poll(source, 0) == (
            [],
            "127.0.0.1 did not answer within 0.2 s (and 3 more)",
        )
        told, _ = await poll(source, 5)  # who was not asked is the first now
    assert told == [f"price:{topic}" for topic in "efgh"]


class Reading:
    """An API that notes in which thread its answers are read."""

    lists_whole = False

    def __init__(self, *urls: str) -> None:
        self.threads: list[bool] = []
        self._targets = [Target(URL(url)) for url in urls]

    def targets(self, now_ms: int) -> list[Target]:
        return self._targets

    def changes(self, answer: Json, target: Target, now_ms: int) -> Mapped:
        self.threads.append(threading.current_thread() is threading.main_thread())
        return Mapped([], [])


async def test_a_large_answer_does_not_hold_up_the_loop(api: Api) -> None:
    api.upstream.answers = {"/small": b"[]", "/large": b"[" + b" " * 70_000 + b"]"}
    reading = Reading(api.upstream.url("/small"), api.upstream.url("/large"))
    config = PollingConfig(name="api", timeout_s=5)
    source = Polling(config, reading, allow_private=True)
    await source.poll(T0)
    await source.aclose()
    assert sorted(reading.threads) == [False, True]


async def test_a_gzip_that_never_gets_anywhere_is_given_up(api: Api) -> None:
    nothing = b"\x00\x00\x00\xff\xff" * 500_000  # blocks of no bytes
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
    source = api.source("a")
    api.upstream.answers["/a"] = web.Response(
        body=chunks(header, nothing), headers={"Content-Encoding": "gzip"}
    )
    assert await poll(source, 0) == ([], "127.0.0.1 answered with over 2097152 bytes")


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """A body whose length is not announced."""
    for part in parts:
        yield part


async def test_what_is_idle_and_fails_is_asked_again_at_the_next_tick(api: Api) -> None:
    source = api.source("a", idle_every_s=600)
    api.items["price:a"] = {"price": "1", "state": "closed"}
    api.fail("a")
    assert (await poll(source, 0))[1] == "127.0.0.1 answered 500"
    api.upstream.answers["/a"] = b'{"price":1.5}'
    assert await poll(source, 5) == (["price:a"], "")
    await poll(source, 10)
    assert api.asked() == "aa"


async def test_while_one_rests_the_source_is_not_called_well(api: Api) -> None:
    source = api.source("ab")
    api.fail("b")
    wrong = "partly: 127.0.0.1 answered 500"
    assert (await poll(source, 0))[1] == wrong
    assert (await poll(source, 0.001))[1] == wrong  # nobody was asked again but a
    assert api.asked() == "aab"


async def test_a_failure_lasts_until_something_is_asked_again(api: Api) -> None:
    source = api.source("a", per_minute=1)
    api.fail("a")
    assert (await poll(source, 0))[1] == "127.0.0.1 answered 500"
    assert (await poll(source, 30))[1] == "127.0.0.1 answered 500"
    api.upstream.answers["/a"] = b'{"price":1.5}'
    assert await poll(source, 60) == (["price:a"], "")
    assert api.asked() == "aa"
