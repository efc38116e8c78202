"""How much of the log is kept, and where a moment is in it."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import LogTrimmed
from feed.log.base import EventLog
from feed.log.memory import MemoryLog
from feed.log.retention import place_at, trim
from feed.model.entry import Entry
from feed.model.topic import ALL
from tests.log.conftest import Engine
from tests.support.records import batch, changed

MINUTE_MS = 60_000


async def _log(log: EventLog, *at_ms: int) -> EventLog:
    """The log with an entry appended at each of the moments."""
    for v, at in enumerate(at_ms, 1):
        await log.append(batch(changed(v), at_ms=at))
    return log


@pytest.mark.parametrize(
    ("at_ms", "place"),
    [(0, 0), (99, 0), (100, 1), (199, 1), (200, 4), (201, 4), (300, 5), (9999, 5)],
)
async def test_place_at(at_ms: int, place: int) -> None:
    log = await _log(MemoryLog(), 100, 200, 200, 200, 300)

    assert await place_at(log, at_ms) == place


@pytest.mark.parametrize(("at_ms", "place"), [(100, 2), (200, 2), (300, 3)])
async def test_place_at_in_a_log_that_was_trimmed(at_ms: int, place: int) -> None:
    log = await _log(MemoryLog(), 100, 200, 300, 400)
    await log.trim(3)

    assert await place_at(log, at_ms) == place


async def test_place_at_in_an_empty_log(engine: Engine) -> None:
    log = await engine.open()
    assert await place_at(log, 100) == 0

    await (await _log(log, 100, 200)).trim(3)
    assert await place_at(log, 100) == 2
    await log.aclose()


@given(
    moments=st.lists(st.integers(0, 20), max_size=40).map(sorted),
    let_go=st.integers(0, 45),
    wanted=st.integers(-1, 21),
)
def test_place_at_is_what_a_look_at_every_entry_finds(
    moments: list[int], let_go: int, wanted: int
) -> None:
    async def check() -> None:
        log = await _log(MemoryLog(), *moments)
        await log.trim(let_go)
        first = (await log.bounds()).first
        linear = first - 1
        for entry in await log.read(first - 1, 100):
            if entry.at <= wanted:
                linear = entry.offset

        assert await place_at(log, wanted) == linear

    asyncio.run(check())


async def test_place_at_that_retention_overtakes() -> None:
    class Overtaken(MemoryLog):
        """A log that is trimmed while somebody searches it."""

        async def read(self, after: int, limit: int) -> Sequence[Entry]:
            await self.trim(99)
            return await super().read(after, limit)

    log = await _log(Overtaken(), 100, 200, 300)

    with pytest.raises(LogTrimmed):
        await place_at(log, 100)


@pytest.mark.parametrize(
    ("age_s", "entries", "first"),
    [
        pytest.param(600, 100, 1, id="nothing to let go"),
        pytest.param(180, 100, 3, id="what is as old"),
        pytest.param(179.999, 100, 3, id="a millisecond less"),
        pytest.param(180.001, 100, 2, id="a millisecond more"),
        pytest.param(0.001, 100, 5, id="all but the newest moment"),
        pytest.param(600, 2, 4, id="beyond the newest two"),
        pytest.param(600, 1, 5, id="beyond the newest"),
        pytest.param(600, 5, 1, id="as many as there are"),
        pytest.param(180, 1, 5, id="the stricter of both"),
        pytest.param(60, 4, 5, id="the stricter of both, by age"),
    ],
)
async def test_trim(engine: Engine, age_s: float, entries: int, first: int) -> None:
    log = await _log(await engine.open(), *(minute * MINUTE_MS for minute in range(1, 6)))
    await trim(log, 5 * MINUTE_MS, age_s=age_s, entries=entries)

    bounds = await log.bounds()
    assert (bounds.first, bounds.head) == (first, 5)
    assert [item.v for item in (await log.items(ALL)).items] == [5]
    await log.aclose()


async def test_trim_of_an_empty_log(engine: Engine) -> None:
    log = await engine.open()
    await trim(log, MINUTE_MS, age_s=1, entries=1)

    bounds = await log.bounds()
    assert (bounds.first, bounds.head) == (1, 0)
    await log.aclose()
