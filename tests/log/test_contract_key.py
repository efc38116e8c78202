"""What every engine promises of idempotency keys."""

import asyncio

import pytest

from feed.errors import Conflict, KeyReused
from feed.log.base import KEY_LIFE_MS, Appended, EventLog
from tests.log.conftest import OWN_CLOCK, Engine
from tests.support.records import NOW_MS, batch, changed, fill, held, keyed


async def test_the_same_again_is_answered_as_before(log: EventLog) -> None:
    first = await log.append(keyed("k", changed(1), changed(2), answer=b"first"))
    await log.append(batch(changed(3)))
    before = await held(log)

    again = await log.append(keyed("k", changed(1), changed(2), answer=b"second"))

    assert first == Appended(2, b"first")
    assert again == Appended(2, b"first", duplicate=True)
    assert await held(log) == before


async def test_a_key_with_another_body(log: EventLog) -> None:
    await log.append(keyed("k", changed(1)))
    before = await held(log)

    with pytest.raises(KeyReused):
        await log.append(keyed("k", changed(2), digest=b"other"))

    assert await held(log) == before
    assert (await log.append(keyed("l", changed(2), digest=b"other"))).offset == 2


async def test_a_batch_that_was_refused_uses_up_no_key(log: EventLog) -> None:
    with pytest.raises(Conflict):
        await log.append(keyed("k", changed(2)))

    assert await log.append(keyed("k", changed(1), digest=b"other")) == Appended(1, b"answer")


async def test_an_answer_alone_keeps_a_key_and_nobody_is_told(log: EventLog) -> None:
    await log.append(batch(changed(1)))
    before = await held(log)

    first = await log.append(keyed("k", answer=b"mine"))
    again = await log.append(keyed("k", answer=b"yours"))

    assert first == Appended(1, b"mine")
    assert again == Appended(1, b"mine", duplicate=True)
    assert await held(log) == before
    assert (await log.append(batch(changed(2)))).offset == 2


async def test_without_an_answer_a_key_is_only_looked_up(log: EventLog) -> None:
    for _ in range(2):
        assert await log.append(keyed("k", answer=b"")) == Appended(0)
    await log.append(keyed("k", changed(1)))
    assert (await log.append(keyed("k", answer=b""))).duplicate


async def test_a_dry_run_uses_up_no_key(log: EventLog) -> None:
    tried = await log.append(keyed("k", changed(1), digest=b"dry", dry_run=True))

    assert not tried.duplicate
    assert await log.append(keyed("k", changed(1), digest=b"wet")) == Appended(1, b"answer")


async def test_of_two_at_once_the_second_is_the_duplicate(log: EventLog) -> None:
    one, two = await asyncio.gather(
        log.append(keyed("k", changed(1), answer=b"one")),
        log.append(keyed("k", changed(1), answer=b"two")),
    )

    assert one == Appended(1, b"one")
    assert two == Appended(1, b"one", duplicate=True)
    assert (await log.bounds()).head == 1


async def test_a_key_outlives_its_entry(log: EventLog) -> None:
    await log.append(keyed("k", changed(1)))
    await log.append(batch(changed(2)))
    await log.trim(3)

    assert await log.append(keyed("k", changed(1))) == Appended(1, b"answer", duplicate=True)


async def fill_a_day(log: EventLog, more_ms: int) -> Appended:
    """Trim at the end of a key's day, or later; what whoever comes with it again is told."""
    assert KEY_LIFE_MS == 24 * 3600 * 1000
    at_ms = NOW_MS + KEY_LIFE_MS + more_ms
    await log.append(keyed("k", changed(1), at_ms=NOW_MS))
    await fill(log, 4, at_ms=at_ms)
    await log.trim(3)
    return await log.append(keyed("k", changed(6), at_ms=at_ms))


async def test_a_key_is_kept_for_a_day(log: EventLog) -> None:
    assert await fill_a_day(log, 0) == Appended(1, b"answer", duplicate=True)


@pytest.mark.parametrize("name", OWN_CLOCK)
async def test_trim_lets_a_key_go_after_that(name: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(name)
    log = await engine.open()
    assert await fill_a_day(log, 1) == Appended(6, b"answer")
    await log.aclose()
