"""What prices were: minutes that are kept, by whichever instance, and what is shown of them."""

import pytest

from feed.errors import LogUnavailable
from feed.log.memory import MemoryLog
from feed.model.bar import Bar
from tests.support.clock import run_virtual
from tests.support.log import Outliving
from tests.support.past import A, B, M, running, until


def flat(price: str) -> str:
    return " ".join([price] * 4)


def test_minutes_of_a_price_and_of_one_that_stands_still() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            await one.put({"price": "2"})
            await one.put({"price": "3"})
            await one.put({"price": "1"})
            assert await one.shown() == {0: "2 3 1 1"}
            await until(2, 30)
            await one.put({"price": "5"})
            assert await one.shown() == {0: "2 3 1 1", 60: flat("1"), 120: flat("5")}
            assert await one.shown(points=2) == {60: flat("1"), 120: flat("5")}
            assert await one.shown(B) == {}
            await until(7)
            assert [*await one.shown()] == [0, 60, 120, 180, 240, 300, 360, 420]
            assert await one.shown(points=4, span_s=480) == {
                60: flat("5"),
                180: flat("5"),
                300: flat("5"),
                420: flat("5"),
            }
            assert await one.shown(points=2, span_s=960) == {-180: "2 5 1 5", 420: flat("5")}

    run_virtual(scene())


def test_what_came_at_once_is_told_also_where_it_is_much() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            for price in range(1, 601):
                await one.put({"price": str(price)})
            assert await one.shown() == {0: "1 600 1 600"}

    run_virtual(scene())


def test_without_word_of_a_price_there_is_a_gap() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            await one.put({"price": "1", "state": "live"})
            await until(1)
            await one.put({"state": "stale"})
            await until(4)
            await one.put({"state": "live"})
            await until(5)
            await one.put({"state": "halted", "price": "9"})
            await until(7)
            await one.put({"state": "live"})
            await until(9)
            await one.put(None)
            await until(11)
            assert await one.shown() == {
                0: flat("1"),
                240: flat("1"),
                420: flat("9"),
                480: flat("9"),
            }

    run_virtual(scene())


def test_below_a_minute_what_the_log_holds() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            await one.put({"price": "1"})
            await until(0, 31)
            await one.put({"price": "2"})
            await until(0, 45)
            assert await one.shown(span_s=30) == {
                20: flat("1"),
                25: flat("1"),
                30: flat("2"),
                35: flat("2"),
                40: flat("2"),
                45: flat("2"),
            }
            await until(1, 20)
            assert [*await one.shown(points=3, span_s=60)] == [40, 60, 80]

    run_virtual(scene())


def test_a_minute_is_kept_ten_seconds_after_it_also_where_nothing_happened() -> None:
    async def scene() -> None:
        log = MemoryLog()
        async with running(log) as one:
            await one.put({"price": "1"})
            await until(1, 9)
            assert await log.bars([], 0, 2 * M) == {}
            await until(1, 13)
            assert await log.bars([A], 0, 2 * M) == {M: {A: Bar(None, "1", "1", "1", "1")}}
            await until(4, 13)
            assert list(await log.bars([], 0, 2 * M)) == [M, M + 1, M + 2, M + 3]

    run_virtual(scene())


def test_a_minute_is_kept_at_once_where_the_log_has_gone_on() -> None:
    async def scene() -> None:
        log = MemoryLog()
        async with running(log) as one:
            await one.put({"price": "1"})
            await until(1, 1)
            await one.put({"price": "2"})
            await until(1, 4)
            assert list(await log.bars([], 0, 2 * M)) == [M]

    run_virtual(scene())


def test_as_many_bars_are_kept_as_it_is_told() -> None:
    async def scene() -> None:
        log = MemoryLog()
        async with running(log, most=3) as one:
            await one.put({"price": "1"})
            await until(6, 13)
            assert list(await log.bars([], 0, 2 * M)) == [M + 3, M + 4, M + 5]
            assert [*await one.shown()] == [180, 240, 300, 360]

    run_virtual(scene())


def test_what_was_is_there_after_a_restart_and_beyond_the_log() -> None:
    async def scene() -> None:
        log = Outliving()
        async with running(log) as one:
            for minute in range(5):
                await until(minute, 30)
                await one.put({"price": str(minute)})
            before = await one.shown()
        async with running(log) as one:
            assert await one.shown() == before
            await log.trim(5)
        async with running(log) as one:
            assert await one.shown() == before
            assert before == {60 * n: flat(str(n)) for n in range(5)}

    run_virtual(scene())


def test_the_minutes_in_which_nobody_was_there_are_a_gap() -> None:
    async def scene() -> None:
        log = Outliving()
        async with running(log) as one:
            await one.put({"price": "1"})
            await until(1, 30)
        await until(4, 30)
        async with running(log) as one:
            assert await one.shown() == {0: flat("1"), 240: flat("1")}
            await one.put({"price": "2"})
            await until(6)
            assert await one.shown() == {
                0: flat("1"),
                240: flat("2"),
                300: flat("2"),
                360: flat("2"),
            }
            assert [*await one.shown(span_s=360)] == [
                *range(20, 60, 5),
                *range(240, 365, 5),
            ]

    run_virtual(scene())


def test_all_instances_show_the_same_whoever_keeps_it() -> None:
    async def scene() -> None:
        log = Outliving()
        async with running(log) as one, running(log) as other:
            await one.put({"price": "1"})
            await until(1, 1)
            await other.put({"price": "2"})
            await until(3)
            assert (
                await one.shown()
                == await other.shown()
                == {
                    0: flat("1"),
                    60: flat("2"),
                    120: flat("2"),
                    180: flat("2"),
                }
            )
            await until(3, 13)
            async with running(log) as third:
                assert await third.shown() == await one.shown()
        assert list(await log.bars([], 0, 2 * M)) == [M, M + 1, M + 2]

    run_virtual(scene())


def test_a_minute_of_which_the_log_holds_a_part_is_not_kept() -> None:
    async def scene() -> None:
        log = Outliving()
        async with running(log, is_started=False) as one:
            await one.put({"price": "1"})
            await one.put({"price": "2"})
            await log.trim(2)
        async with running(log) as one:
            await until(1)
            await one.put({"price": "3"})
            await until(3)
            assert list(await log.bars([], 0, 2 * M)) == [M + 1]
            assert await one.shown() == {60: flat("3"), 120: flat("3"), 180: flat("3")}

    run_virtual(scene())


def test_many_prices_at_once() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            await one.put({"price": "1"})
            await until(1)
            await one.put({"price": "2"}, B)
            assert await one.all_shown([A, B, "price:C"]) == {
                A: {0: flat("1"), 60: flat("1")},
                B: {60: flat("2")},
                "price:C": {},
            }

    run_virtual(scene())


def test_who_sees_all_later_sees_steps_that_were_over_then() -> None:
    async def scene() -> None:
        async with running(MemoryLog()) as one:
            await one.put({"price": "1"})
            await until(0, 36)
            await one.put({"price": "2"})
            await until(0, 46)
            assert await one.shown(span_s=15, delay_ms=12_000) == {20: flat("1"), 25: flat("1")}
            await until(0, 47)
            late = await one.shown(span_s=15, delay_ms=12_000)
            assert late == {20: flat("1"), 25: flat("1"), 30: flat("1")}
            await until(0, 52)
            late = await one.shown(span_s=15, delay_ms=12_000)
            assert late == {25: flat("1"), 30: flat("1"), 35: flat("2")}

    run_virtual(scene())


def test_the_events_of_a_match_as_far_as_the_log_and_a_lane_go() -> None:
    async def scene() -> None:
        log = MemoryLog()
        async with running(log) as one:
            await one.put({}, "score:A", "g-1")
            await until(1)
            await one.put({}, "score:A", "g-2")

            async def ids(delay_ms: int = 0) -> list[bytes]:
                past = await one.history.reached(await one.hub.lane(delay_ms))
                return [event.split(b'"')[7] for event in past.events("score:A")]

            assert await ids() == [b"g-1", b"g-2"]
            assert await ids(10_000) == [b"g-1"]
            await log.trim(2)
            await until(2, 13)
            assert await ids() == [b"g-2"]

    run_virtual(scene())


def test_who_asks_before_the_log_was_read_waits_for_a_while() -> None:
    async def scene() -> None:
        async with running(MemoryLog(), is_started=False) as one:
            await one.put({"price": "1"})
            with pytest.raises(LogUnavailable, match="still being read"):
                await one.shown()
            assert one.history.place is None
            one.history.start()
            assert await one.shown() == {0: flat("1")}
            assert one.history.place == 1

    run_virtual(scene())
