"""What a poll is answered, and when. Time is virtual."""

import asyncio

import pytest
from aiohttp import web

from tests.support.clock import run_virtual
from tests.support.log import Forgetful, Outliving
from tests.support.polls import events, polls, told


def now_s() -> float:
    return round(asyncio.get_running_loop().time(), 2)


# ---- once for all ----


def test_who_wants_the_same_from_the_same_place_gets_the_same_bytes() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            await door.change("price:A", "g1")
            queries = [f"topics=A,B&cursor={start}", f"wait=3&cursor={start}&topics=B,price:A"]
            one, other = [await door.poll(query) for query in queries]
            assert events(one) == ["g1"]
            assert one.body is other.body
            await door.change("price:C")
            later = await door.poll(queries[0])
            assert events(later) == ["g1"]
            assert told(later)["cursor"] == door.cursor != told(one)["cursor"]

    run_virtual(scene())


@pytest.mark.parametrize("difference", ["fields=n", "delay_ms=1", "topics=A,B", "window_ms=1"])
def test_who_wants_something_else_gets_an_answer_of_its_own(difference: str) -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            await door.change("price:A", "g1")
            await asyncio.sleep(1)
            one = await door.poll(f"topics=A&cursor={start}")
            other = await door.poll(f"{difference}&topics=A&cursor={start}")
            assert events(one) == events(other) == ["g1"]
            assert one.body is not other.body

    run_virtual(scene())


def test_who_waits_together_is_answered_with_the_same_bytes_wherever_it_came_from() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            waiting = await door.waiting(f"topics=A&cursor={start}", f"topics=A&cursor={start}")
            elsewhere = await door.change("price:B")
            waiting += await door.waiting(f"topics=A&cursor={elsewhere}&wait=55")
            assert door.hub.watching(["price:A"]) == 1
            await door.change("price:A", "g1")
            bodies = [answer.body for answer in await asyncio.gather(*waiting)]
            assert bodies[0] is bodies[1] is bodies[2]
            assert door.hub.watching(["price:A"]) == 0

    run_virtual(scene())


def test_what_only_the_log_still_has_is_told_once_too() -> None:
    async def scene() -> None:
        log = Outliving()
        async with polls(log) as door:
            start = await door.change("price:A")
            await door.change("price:A", "g1")
        async with polls(log) as door:  # with nothing in memory but the items
            tasks = await door.waiting(*[f"topics=A&cursor={start}"] * 3)
            answers = await asyncio.gather(*tasks)
            assert events(answers[0]) == ["g1"]
            assert answers[0].body is answers[1].body is answers[2].body

    run_virtual(scene())


def test_a_snapshot_is_made_once_for_its_filters_and_fields() -> None:
    async def scene() -> None:
        async with polls() as door:
            await door.change("price:A")
            one = await door.poll("topics=A")
            assert (await door.poll("topics=A&window_ms=100&wait=1")).body is one.body
            assert (await door.poll("topics=A&fields=x")).body is not one.body
            await door.change("price:B")
            assert told(await door.poll("topics=A"))["cursor"] == door.cursor

    run_virtual(scene())


# ---- when ----


@pytest.mark.parametrize(("wait", "waits_s"), [("", 25), ("&wait=0", 0), ("&wait=55", 55)])
def test_without_news_it_is_empty_at_the_end_of_the_wait(wait: str, waits_s: int) -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            began_s = now_s()
            answer = await door.poll(f"topics=A&cursor={start}{wait}")
            assert told(answer) == {"cursor": start, "frames": [], "more": False}
            assert now_s() - began_s == waits_s

    run_virtual(scene())


def test_each_gathers_from_the_first_change_on_also_who_comes_later() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            query = f"topics=A&conflate_ms=1000&cursor={start}"
            waiting = await door.waiting(query)
            await door.change("price:A", "g1")
            changed_s = now_s()
            await asyncio.sleep(0.4)
            waiting += await door.waiting(query)
            await door.change("price:A", "g2")
            answers = await asyncio.gather(*waiting)
            assert [events(answer) for answer in answers] == [["g1", "g2"]] * 2
            assert now_s() - changed_s == pytest.approx(1, abs=0.01)
            late = await door.poll(query)
            assert events(late) == ["g1", "g2"]
            assert now_s() - changed_s == pytest.approx(1, abs=0.01)

    run_virtual(scene())


def test_nobody_gathers_beyond_its_wait() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            began_s = now_s()
            waiting = await door.waiting(f"topics=A&wait=1&conflate_ms=60000&cursor={start}")
            await door.change("price:A", "g1")
            waiting += await door.waiting(f"topics=A&wait=2&conflate_ms=60000&cursor={start}")
            assert events(await waiting[0]) == ["g1"]
            assert now_s() - began_s == pytest.approx(1, abs=0.01)
            assert events(await waiting[1]) == ["g1"]
            assert now_s() - began_s == pytest.approx(2, abs=0.01)

    run_virtual(scene())


def test_when_the_server_drains_all_are_answered_at_once() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            waiting = await door.waiting(
                f"topics=B&cursor={start}", f"topics=A&window_ms=1000&cursor={start}"
            )
            await door.change("price:A", "g1")
            waiting += await door.waiting(f"topics=A&conflate_ms=60000&cursor={start}")
            before_s = now_s()
            await door.connections.drain()
            answers = await asyncio.gather(*waiting)
            assert now_s() == before_s
            assert [events(answer) for answer in answers] == [[], ["g1"], ["g1"]]
            with pytest.raises(web.HTTPServiceUnavailable):
                await door.poll("topics=A")

    run_virtual(scene())


def test_with_a_delay_it_gathers_from_when_the_change_may_be_seen() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            await asyncio.sleep(5)
            query = f"topics=A&delay_ms=1000&window_ms=500&cursor={start}"
            [waiting] = await door.waiting(query)
            began_s = now_s()
            await door.change("price:A", "g1")
            await asyncio.sleep(1.2)
            assert events(await door.poll(query)) == ["g1"]
            assert now_s() - began_s == pytest.approx(1.5, abs=0.01)
            assert events(await waiting) == ["g1"]

    run_virtual(scene())


# ---- what it tells ----


def test_with_fields_the_first_change_after_a_cursor_is_whole() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            for _ in range(2):
                await door.change("price:A")
            [update] = told(await door.poll(f"topics=A&fields=n&cursor={start}"))["frames"]
            bodies = [item.get("data", item.get("set")) for item in update["items"]]
            assert bodies == [{"n": 2}, {"n": 3}]
            assert ["data" in item for item in update["items"]] == [True, False]

    run_virtual(scene())


def test_what_is_too_much_for_one_answer_is_merged_and_the_rest_is_ready() -> None:
    async def scene() -> None:
        async with polls() as door:
            cursor = await door.change("price:A")
            for n in range(1001):
                await door.change("price:A", f"g{n}")
            first = told(await door.poll(f"topics=A&wait=0&cursor={cursor}"))
            second = told(await door.poll(f"topics=A&wait=0&cursor={first['cursor']}"))
            third = told(await door.poll(f"topics=A&wait=0&cursor={second['cursor']}"))
            assert [answer["more"] for answer in (first, second, third)] == [True, True, False]
            [update] = first["frames"]
            assert len(update["events"]) == 500
            assert [item["merged"] for item in update["items"]] == [500]

    run_virtual(scene())


def test_what_was_lost_while_it_was_read_is_a_reset() -> None:
    async def scene() -> None:
        log = Forgetful()
        async with polls(log) as door:
            start = await door.change("price:A")
            await door.change("price:A")
        async with polls(log) as door:  # with nothing in memory but the items
            log.forgets = True
            answer = await door.poll(f"topics=A&cursor={start}")
            reset, snapshot = told(answer)["frames"]
            assert reset == {"type": "reset", "reason": "expired"}
            assert snapshot["items"][0]["v"] == 2

    run_virtual(scene())
