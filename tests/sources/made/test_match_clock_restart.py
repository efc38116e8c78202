import pytest

from feed.model.change import Change
from feed.sources.match import Fixture
from tests.support.sources import T0, Table
from tests.support.sources_match import (
    BASKETBALL,
    FOOTBALL,
    HOUR_MS,
    matches,
    scores,
    stages,
    watch,
)


def once(changes: list[Change]) -> list[Change]:
    """Without the events that were told before, as the log leaves them out."""
    told: list[Change] = []
    for change in changes:
        if change not in told:
            told.append(change)
    return told


@pytest.mark.parametrize("fixture", [FOOTBALL, BASKETBALL])
async def test_a_restart_at_any_moment_changes_nothing(fixture: Fixture) -> None:
    whole = Table()
    await watch(matches(fixture, speed=60), whole, T0, T0 + 400_000, 1000)
    for cut_ms in range(T0 + 1000, T0 + 400_000, 13_000):
        table = Table()
        await watch(matches(fixture, speed=60), table, T0, cut_ms, 1000)
        again = matches(fixture, speed=60)
        again.resume(table.current)
        await watch(again, table, cut_ms, T0 + 400_000, 1000)
        assert once(table.changes) == whole.changes


@pytest.mark.parametrize("fixture", [FOOTBALL, BASKETBALL])
async def test_what_happened_while_it_was_down_is_made_up_for(fixture: Fixture) -> None:
    whole = Table()
    await watch(matches(fixture, speed=40), whole, T0, T0 + 100_000, 1000)
    assert stages(whole.changes).count(("pre", "", False)) == 1
    for cut_ms in range(T0 + 1000, T0 + 55_000, 3000):
        table = Table()
        await watch(matches(fixture, speed=40), table, T0, cut_ms, 1000)
        again = matches(fixture, speed=40)
        again.resume(table.current)
        await watch(again, table, cut_ms + 45_000, T0 + 100_000, 1000)
        assert table.items == whole.items
        assert all(change in whole.changes for change in table.changes)


async def test_a_match_that_cannot_be_found_makes_way_for_a_new_one() -> None:
    table = Table()
    await watch(matches(FOOTBALL, speed=60), table, T0, T0 + 60_000, 1000)
    known = table.items["score:EPL.ARS-CHE"]
    known["home"] = {"name": "Arsenal", "abbr": "ARS", "score": 19}
    again = matches(FOOTBALL, speed=60)
    again.resume(table.current)
    first, *_ = await again.poll(T0 + 61_000)
    assert first.data is not None
    assert first.data["phase"] == "pre"
    assert first.data["start"] != known["start"]


async def test_after_a_long_absence_the_match_ends_before_the_next_is_announced() -> None:
    table = Table()
    await watch(matches(FOOTBALL, speed=60), table, T0, T0 + 60_000, 1000)
    start = table.items["score:EPL.ARS-CHE"]["start"]
    again = matches(FOOTBALL, speed=60)
    again.resume(table.current)
    now_ms = T0 + 48 * HOUR_MS
    table.apply(await again.poll(now_ms))
    item = table.items["score:EPL.ARS-CHE"]
    assert (item["phase"], item["start"]) == ("post", start)
    table.apply(await again.poll(now_ms + 1000))
    item = table.items["score:EPL.ARS-CHE"]
    assert (item["phase"], item["start"]) == ("pre", now_ms + 1000 + 5000)
    assert scores(item) == [0, 0]
    assert "periods" not in item
