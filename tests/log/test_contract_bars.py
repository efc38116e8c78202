"""What every engine promises of the bars of a minute, which it keeps whatever is trimmed."""

import asyncio

import pytest

from feed.errors import LogUnavailable
from feed.log.base import EventLog
from feed.model.bar import Bar
from tests.log.conftest import Engine
from tests.support.records import fill

M = 29_833_333
MANY = 1_000_000

A = Bar("190.00", "190.50", "191.40", "189.70", "191.05")
B = Bar(None, "1.2", "1.2", "1.2", "1.2")
SILENT = Bar("7")


async def test_a_minute_is_kept_with_the_bars_of_its_topics(log: EventLog) -> None:
    assert await log.bars(["price:A"], 0, M) == {}
    await log.keep(M, {"price:A": A, "price:B": B, "price:C": SILENT}, MANY)
    assert await log.bars(["price:A", "price:C", "price:D"], M, M) == {
        M: {"price:A": A, "price:C": SILENT}
    }
    assert await log.bars([], M, M) == {M: {}}


async def test_minutes_are_given_in_order_from_the_first_to_the_last(log: EventLog) -> None:
    for n in (0, 1, 3, 4):
        await log.keep(M + n, {"price:A": Bar(str(n))} if n != 3 else {}, MANY)
    found = await log.bars(["price:A"], M + 1, M + 3)
    assert list(found.items()) == [(M + 1, {"price:A": Bar("1")}), (M + 3, {})]
    assert list(await log.bars([], 0, 2 * M)) == [M, M + 1, M + 3, M + 4]
    assert await log.bars(["price:A"], M + 2, M + 2) == {}
    assert await log.bars(["price:A"], M + 1, M) == {}


async def test_what_is_kept_stays_as_it_is(log: EventLog) -> None:
    await log.keep(M, {"price:A": A}, MANY)
    await log.keep(M, {"price:A": B, "price:B": B}, MANY)
    assert await log.bars(["price:A", "price:B"], M, M) == {M: {"price:A": A}}
    await log.keep(M - 1, {"price:A": B}, MANY)
    assert list(await log.bars([], 0, M)) == [M]


async def test_of_several_who_keep_a_minute_at_once_one_does(log: EventLog) -> None:
    bars = [{"price:A": Bar(str(n))} for n in range(5)]
    await asyncio.gather(*(log.keep(M, each, MANY) for each in bars))
    assert (await log.bars(["price:A"], M, M))[M] in bars
    await log.keep(M + 1, {}, MANY)
    assert list(await log.bars([], 0, 2 * M)) == [M, M + 1]


async def test_each_of_many_topics_is_found(log: EventLog) -> None:
    bars = {f"price:T{n}": Bar(str(n)) for n in range(300)}
    await log.keep(M, bars, MANY)
    assert await log.bars(list(bars), M, M) == {M: bars}
    for topic in ("price:T0", "price:T7", "price:T299"):
        assert await log.bars([topic], M, M) == {M: {topic: bars[topic]}}
    assert await log.bars(["price:T300"], M, M) == {M: {}}


async def test_the_oldest_minutes_go_where_there_are_too_many_bars(log: EventLog) -> None:
    for n in range(4):
        await log.keep(M + n, {"price:A": A, "price:B": B}, 6)
    assert list(await log.bars([], 0, 2 * M)) == [M + 1, M + 2, M + 3]
    assert await log.bars(["price:A"], M, M) == {}
    await log.keep(M + 4, {}, 6)
    assert list(await log.bars([], 0, 2 * M)) == [M + 2, M + 3, M + 4]
    await log.keep(M + 5, {"price:A": A}, 6)
    assert list(await log.bars([], 0, 2 * M)) == [M + 2, M + 3, M + 4, M + 5]


async def test_a_minute_without_bars_counts_as_one(log: EventLog) -> None:
    for n in range(5):
        await log.keep(M + n, {}, 3)
    assert list(await log.bars([], 0, 2 * M)) == [M + 2, M + 3, M + 4]


async def test_a_minute_that_is_too_large_goes_at_once(log: EventLog) -> None:
    await log.keep(M, {"price:A": A, "price:B": B}, 1)
    assert await log.bars([], 0, 2 * M) == {}
    await log.keep(M + 1, {"price:A": A}, 1)
    assert list(await log.bars([], 0, 2 * M)) == [M + 1]


async def test_at_most_a_hundred_minutes_go_at_once(log: EventLog) -> None:
    for n in range(150):
        await log.keep(M + n, {}, MANY)
    await log.keep(M + 150, {}, 1)
    assert len(await log.bars([], 0, 2 * M)) == 51
    await log.keep(M + 151, {}, 1)
    assert list(await log.bars([], 0, 2 * M)) == [M + 151]


async def test_trimming_lets_no_bar_go(log: EventLog) -> None:
    await fill(log, 3)
    await log.keep(M, {"price:A": A}, MANY)
    await log.trim(4)
    assert await log.bars(["price:A"], M, M) == {M: {"price:A": A}}
    assert (await log.bounds()).head == 3


async def test_a_closed_log_keeps_none(log: EventLog) -> None:
    await log.aclose()
    with pytest.raises(LogUnavailable):
        await log.keep(M, {}, MANY)
    with pytest.raises(LogUnavailable):
        await log.bars([], M, M)


async def test_bars_last(lasting: Engine) -> None:
    log = await lasting.open()
    await log.keep(M, {"price:A": A}, MANY)
    await log.keep(M + 1, {"price:A": B, "price:B": B}, MANY)
    await log.aclose()

    log = await lasting.open()
    assert await log.bars(["price:A"], M, M + 1) == {M: {"price:A": A}, M + 1: {"price:A": B}}
    await log.keep(M + 1, {}, MANY)
    await log.keep(M + 2, {"price:A": A}, 3)
    assert list(await log.bars([], 0, 2 * M)) == [M + 1, M + 2]
    await log.aclose()
