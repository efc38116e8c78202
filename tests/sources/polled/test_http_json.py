import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from feed.model.change import Change
from feed.model.codec import JsonObject
from feed.sources.base import SourceFailed, as_before
from feed.sources.open import open_source
from feed.sources.polled.http_json import HttpJsonConfig
from feed.sources.polled.polling import Polling
from tests.support.sources import T0
from tests.support.sources_upstream import Upstream, zipped

BTC = b'{"topic":"BTC-USD","price":70000.00}'
BTC_CHANGE = Change(topic="price:BTC-USD", patch={"price": "70000.00"})
TWO_MIB = 2 * 1024 * 1024


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    await upstream.start()
    yield upstream
    await upstream.stop()


@pytest.fixture
async def opened() -> AsyncIterator[list[Polling]]:
    """Sources to close at the end."""
    sources: list[Polling] = []
    yield sources
    for source in sources:
        await source.aclose()


class Poll:
    """Makes sources of one upstream."""

    def __init__(self, upstream: Upstream, opened: list[Polling]) -> None:
        self.upstream = upstream
        self._opened = opened

    def source(self, path: str = "/btc", *, allow_private: bool = True, **more: Any) -> Polling:
        settings = {"name": "api", "url": self.upstream.url(path), "items": "@"}
        config = HttpJsonConfig(**(settings | more))
        source = Polling(config, config.upstream(), allow_private=allow_private)
        self._opened.append(source)
        return source


@pytest.fixture
def api(upstream: Upstream, opened: list[Polling]) -> Poll:
    return Poll(upstream, opened)


async def test_an_answer_becomes_changes(api: Poll) -> None:
    api.upstream.answers["/btc"] = BTC
    source = api.source()
    assert await source.poll(T0) == [BTC_CHANGE]
    assert not source.ended
    [request] = api.upstream.requests
    assert request.headers["Accept"] == "application/json"
    assert "Cookie" not in request.headers


async def test_a_template_is_asked_once_for_each_ticker(api: Poll) -> None:
    api.upstream.answers = {"/p/BTC-USD?k=%5E1": b"", "/p/A%2FB": b'{"price":1.50}'}
    api.upstream.answers["/p/BTC-USD"] = b'{"price":2.50}'
    source = api.source("/p/{ticker}", tickers=("BTC-USD", "A/B"))
    assert await source.poll(T0) == [
        Change(topic="price:BTC-USD", patch={"price": "2.50"}),
        Change(topic="price:A/B", patch={"price": "1.50"}),
    ]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"etag": '"v1"'}, {"If-None-Match": '"v1"'}),
        (
            {"modified": "Sun, 22 Nov 2026 20:00:00 GMT"},
            {"If-Modified-Since": "Sun, 22 Nov 2026 20:00:00 GMT"},
        ),
    ],
)
async def test_304_is_no_change_and_a_new_answer_is(
    api: Poll, given: dict[str, str], sent: dict[str, str]
) -> None:
    api.upstream.answers["/btc"] = BTC
    api.upstream.etag, api.upstream.modified = given.get("etag"), given.get("modified")
    source = api.source()
    assert await source.poll(T0) == [BTC_CHANGE]
    assert await source.poll(T0) == [as_before("price:BTC-USD")]
    asked = api.upstream.requests[1].headers
    assert {name: asked.get(name) for name in sent} == sent
    api.upstream.etag = api.upstream.modified = None
    api.upstream.answers["/btc"] = b'{"topic":"BTC-USD","price":70000.01}'
    [change] = await source.poll(T0)
    assert change.patch == {"price": "70000.01"}


async def test_the_same_body_without_validators_is_no_change(api: Poll) -> None:
    api.upstream.answers["/btc"] = BTC
    source = api.source()
    assert await source.poll(T0) == [BTC_CHANGE]
    assert await source.poll(T0) == [as_before("price:BTC-USD")]
    assert "If-None-Match" not in api.upstream.requests[1].headers


async def test_validators_of_an_answer_that_could_not_be_used_are_not_sent(api: Poll) -> None:
    api.upstream.answers["/btc"] = b"<html>"
    api.upstream.etag = '"v1"'
    source = api.source()
    for _ in range(2):
        with pytest.raises(SourceFailed, match="not JSON"):
            await source.poll(T0)
    assert "If-None-Match" not in api.upstream.requests[1].headers


async def test_an_answer_of_before_is_news_after_one_that_was_partly_bad(api: Poll) -> None:
    api.upstream.answers["/btc"] = b"[" + BTC + b"]"
    source = api.source(items="[]")
    assert await source.poll(T0) == [BTC_CHANGE]
    api.upstream.answers["/btc"] = b'[{"topic":"BTC-USD","price":7},{"price":1}]'
    with pytest.raises(SourceFailed) as raised:
        await source.poll(T0)
    assert [change.patch for change in raised.value.changes] == [{"price": "7"}]
    api.upstream.answers["/btc"] = b"[" + BTC + b"]"
    assert await source.poll(T0) == [BTC_CHANGE]


@pytest.mark.parametrize(
    ("response", "message", "retry_after_s"),
    [
        (web.Response(status=500), "answered 500", None),
        (web.Response(status=404), "answered 404", None),
        (web.Response(status=204), "answered 204", None),
        (web.Response(status=429, headers={"Retry-After": "7"}), "answered 429", 7.0),
        (web.Response(status=503, headers={"Retry-After": "soon"}), "answered 503", None),
        (web.Response(status=503, headers={"Retry-After": "9" * 30}), "answered 503", 3600.0),
        (
            web.Response(status=503, headers={"Retry-After": "Mon, 21 Sep 2026 14:13:30 GMT"}),
            "answered 503",
            10.0,
        ),
        (
            web.Response(status=302, headers={"Location": "/elsewhere"}),
            "redirects are not followed",
            None,
        ),
        (web.Response(status=304), "answered 304", None),
    ],
)
async def test_a_refusal_fails_and_says_when_to_come_back(
    api: Poll, response: web.Response, message: str, retry_after_s: float | None
) -> None:
    api.upstream.answers["/btc"] = response
    with pytest.raises(SourceFailed, match=message) as raised:
        await api.source().poll(T0)
    assert raised.value.retry_after_s == retry_after_s
    assert [request.path for request in api.upstream.requests] == ["/btc"]


async def test_gzip_is_understood(api: Poll) -> None:
    api.upstream.answers["/btc"] = zipped(BTC)
    assert await api.source().poll(T0) == [BTC_CHANGE]


async def test_an_answer_of_two_mib_is_taken_and_one_byte_more_is_not(api: Poll) -> None:
    padded = BTC[:-1] + b',"name":"' + b"x" * (TWO_MIB - len(BTC) - 10) + b'"}'
    assert len(padded) == TWO_MIB
    api.upstream.answers = {"/btc": padded, "/more": padded + b" ", "/zipped": zipped(padded)}
    for path in ("/btc", "/zipped"):
        [change] = await api.source(path).poll(T0)
        assert change.topic == "price:BTC-USD"
    with pytest.raises(SourceFailed, match="over 2097152 bytes"):
        await api.source("/more").poll(T0)


async def test_a_bomb_is_not_let_go_off(api: Poll) -> None:
    api.upstream.answers["/btc"] = zipped(b"[" + b" " * 20_000_000 + b"]")
    with pytest.raises(SourceFailed, match="over 2097152 bytes"):
        await api.source().poll(T0)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip"}), "broken gzip"),
        (
            web.Response(body=gzip.compress(BTC)[:-9], headers={"Content-Encoding": "gzip"}),
            "broken gzip",
        ),
        (web.Response(body=BTC, headers={"Content-Encoding": "br"}), "encoding"),
        (zipped(BTC, b"x" * 100), "more than one gzip"),
        (web.Response(body=b""), "not JSON"),
        (web.Response(body=b'{"price":NaN}'), "not JSON"),
        (web.Response(body=b'{"price":"\xff"}'), "not JSON"),
        (web.Response(body=b"[" * 100_000), "not JSON"),
        (web.Response(body=b'{"price":"1"}'), r"1 bad: items\[0\]: no topic"),
        (web.Response(body=b'{"topic":"X","price":"1,5"}'), r"items\[0\]: \$.price"),
    ],
)
async def test_an_answer_that_makes_no_sense_fails(
    api: Poll, response: web.Response, message: str
) -> None:
    api.upstream.answers["/btc"] = response
    with pytest.raises(SourceFailed, match=message):
        await api.source().poll(T0)


async def test_who_never_answers_is_given_up(api: Poll) -> None:
    api.upstream.answers["/btc"] = None
    async with asyncio.timeout(5):
        with pytest.raises(SourceFailed, match=r"did not answer within 0.05 s"):
            await api.source(timeout_s=0.05).poll(T0)


async def test_who_is_not_there_fails(api: Poll) -> None:
    source = api.source()
    await api.upstream.stop()
    with pytest.raises(SourceFailed, match=r"127.0.0.1 cannot be asked: Connection refused$"):
        await source.poll(T0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433"])
async def test_a_private_address_is_refused_before_anything_is_sent(api: Poll, host: str) -> None:
    api.upstream.answers["/btc"] = BTC
    url = api.upstream.url("/btc").replace("127.0.0.1", host)
    with pytest.raises(SourceFailed, match="private"):
        await api.source(url=url, allow_private=False).poll(T0)
    assert api.upstream.requests == []


async def test_what_could_be_had_comes_with_the_failure(api: Poll) -> None:
    api.upstream.answers = {
        "/a": b'{"price":1.50}',
        "/b": web.Response(status=429, headers={"Retry-After": "3"}),
        "/c": web.Response(status=500),
    }
    source = api.source("/{key}", tickers=("a", "b", "c"))
    with pytest.raises(SourceFailed, match=r"answered 429 \(and 1 more\)") as raised:
        await source.poll(T0)
    assert raised.value.changes == (Change(topic="price:a", patch={"price": "1.50"}),)
    assert raised.value.retry_after_s == 3


async def test_of_a_list_the_good_items_come_with_the_failure(api: Poll) -> None:
    api.upstream.answers["/btc"] = b"[" + BTC + b',{"price":1}]'
    with pytest.raises(SourceFailed, match=r"items\[1\]: no topic") as raised:
        await api.source(items="[]").poll(T0)
    assert raised.value.changes == (BTC_CHANGE,)


async def test_events_come_once_and_again_when_they_are_corrected(api: Poll) -> None:
    source = api.source(
        "/m", kind="score", items="{topic: t, period: p}",
        events="goals[].{topic: 'A-B', id: id, kind: 'goal', data: {who: who}}",
    )  # fmt: skip
    answers = [
        '{"t":"A-B","p":"1H","goals":[{"id":1,"who":"Lund"}]}',
        '{"t":"A-B","p":"2H","goals":[{"id":1,"who":"Lund"},{"id":2,"who":"Sato"}]}',
        '{"t":"A-B","p":"FT","goals":[{"id":1,"who":"Holm"},{"id":2,"who":"Sato"}]}',
    ]
    told: list[tuple[str, str | None, JsonObject]] = []
    for answer in answers:
        api.upstream.answers["/m"] = answer.encode()
        for change in await source.poll(T0):
            if change.event is not None:
                told.append((change.event.op, change.event.id, change.event.data))
            else:
                told.append(("set", change.topic, change.patch or {}))
    assert told == [
        ("set", "score:A-B", {"period": "1H"}),
        ("add", "1", {"who": "Lund"}),
        ("set", "score:A-B", {"period": "2H"}),
        ("add", "2", {"who": "Sato"}),
        ("set", "score:A-B", {"period": "FT"}),
        ("amend", "1", {"who": "Holm"}),
    ]


async def test_a_source_that_never_asked_closes() -> None:
    source = open_source(HttpJsonConfig(name="api", url="http://example.org/", items="@"))
    await source.aclose()
    assert (source.name, source.kind, source.every_s) == ("api", "http_json", 5.0)
