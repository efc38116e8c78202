"""What every engine whose logs outlive the process promises of opening one again."""

import pytest

from feed.errors import Conflict, EventExists, KeyReused, LogTrimmed
from feed.log.base import Appended
from feed.model.topic import ALL
from tests.log.conftest import Engine
from tests.support.records import NOW_MS, added, batch, changed, ended, fill, held, keyed, versions


async def test_all_is_there_again(lasting: Engine) -> None:
    log = await lasting.open()
    await log.append(batch(*versions(1, 3), changed(1, "price:B"), ended(2, "price:B")))
    await log.append(batch(added("e", v=3)))
    epoch, before = (await log.bounds()).epoch, await held(log)
    items = (await log.items(ALL)).items
    await log.aclose()

    log = await lasting.open()
    bounds = await log.bounds()

    assert log.durable
    assert (bounds.epoch, bounds.first, bounds.head) == (epoch, 1, 6)
    assert bounds.size_bytes > 0
    assert await held(log) == before
    assert (await log.items(ALL)).items == items
    assert await log.event_kind("price:A", "e") == "goal"
    with pytest.raises(EventExists):
        await log.append(batch(added("e", v=3)))
    with pytest.raises(Conflict):
        await log.append(batch(changed(3)))
    assert await log.append(batch(changed(4))) == Appended(7)
    await log.aclose()


async def test_offsets_are_not_used_again(lasting: Engine) -> None:
    log = await lasting.open()
    await fill(log, 5)
    await log.trim(6)
    await log.aclose()

    log = await lasting.open()
    bounds = await log.bounds()

    assert (bounds.first, bounds.head) == (6, 5)
    with pytest.raises(LogTrimmed):
        await log.read(4, 10)
    assert (await log.append(batch(changed(6)))).offset == 6
    await log.aclose()


async def test_at_does_not_fall(lasting: Engine) -> None:
    log = await lasting.open()
    await log.append(batch(changed(1), at_ms=NOW_MS))
    await log.aclose()

    log = await lasting.open()
    await log.append(batch(changed(2), at_ms=NOW_MS - 60_000))

    assert [entry.at for entry in await log.read(0, 10)] == [NOW_MS, NOW_MS]
    await log.aclose()


async def test_a_key_is_still_known(lasting: Engine) -> None:
    log = await lasting.open()
    await log.append(keyed("k", changed(1), answer=b"first"))
    await log.aclose()

    log = await lasting.open()

    again = await log.append(keyed("k", changed(1), answer=b"second"))
    assert again == Appended(1, b"first", duplicate=True)
    with pytest.raises(KeyReused):
        await log.append(keyed("k", changed(2), digest=b"other"))
    assert (await log.bounds()).head == 1
    await log.aclose()
