"""What a source says of whom it did not ask in a tick."""

from collections.abc import AsyncIterator

import pytest

from feed.model.change import Change
from feed.sources.base import PartlyFailed, SourceFailed, as_before
from tests.support.sources import T0
from tests.support.sources_polled import Api
from tests.support.sources_upstream import Upstream


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    upstream = Upstream()
    await upstream.start()
    api = Api(upstream)
    yield api
    for source in api.opened:
        await source.aclose()
    await upstream.stop()


async def test_who_did_well_when_it_was_asked_last_is_as_before(api: Api) -> None:
    source = api.source("ab", unwatched_every_s=60)
    await source.poll(T0)
    api.asked()
    assert await source.poll(T0 + 1000) == [as_before("price:a"), as_before("price:b")]
    assert api.asked() == ""
    api.fail("a")
    with pytest.raises(PartlyFailed) as raised:
        await source.poll(T0 + 60_000)
    assert raised.value.topics == ["price:a"]
    assert raised.value.changes == (as_before("price:b"),)
    api.watched.add("price:b")
    with pytest.raises(PartlyFailed) as raised:
        await source.poll(T0 + 60_001)
    assert raised.value.changes == (as_before("price:b"),)


@pytest.mark.parametrize("etag", ['"v1"', None])
async def test_after_a_failure_the_same_answer_is_told_again(api: Api, etag: str | None) -> None:
    source, change = api.source("a"), Change(topic="price:a", patch={"price": "1.5"})
    answer, api.upstream.etag = api.upstream.answers["/a"], etag
    assert await source.poll(T0) == [change]
    api.upstream.etag = None
    api.fail("a")
    with pytest.raises(SourceFailed, match="answered 500"):
        await source.poll(T0 + 5000)
    api.upstream.answers["/a"], api.upstream.etag = answer, etag
    assert await source.poll(T0 + 10_000) == [change]
    assert await source.poll(T0 + 15_000) == [as_before("price:a")]


async def test_who_is_left_alone_confirms_nothing(api: Api) -> None:
    source = api.source("ab", every_s=5, unwatched_every_s=60)
    await source.poll(T0)
    api.fail("a", 429)
    api.watched.add("price:a")
    with pytest.raises(SourceFailed, match="answered 429") as raised:
        await source.poll(T0 + 5000)
    assert (raised.value.changes, raised.value.topics) == ((), None)


async def test_one_that_fails_alone_does_not_speak_for_who_was_not_asked(api: Api) -> None:
    source = api.source("ab", unwatched_every_s=60)
    await source.poll(T0)
    api.fail("a")
    api.watched.add("price:a")
    with pytest.raises(SourceFailed) as raised:
        await source.poll(T0 + 5000)
    assert raised.value.topics == ["price:a"]
    assert raised.value.changes == (as_before("price:b"),)
