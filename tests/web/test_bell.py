"""Who waits together: one member of the hub, woken together, each with an end of its own."""

import asyncio

import pytest

from feed.hub.subscription import Subscription
from feed.model.topic import Filters
from feed.web.bell import Bell, Waiting
from tests.support.clock import run_virtual
from tests.support.polls import Polls, polls

A = Subscription(Filters.of(["price:A"]))
NEVER_S = 1e9


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def rests(polls: Polls, until_s: float = NEVER_S, wanted: Subscription = A) -> int:
    """Rest from the head of the log on."""
    return await polls.bells.rest(polls.hub.live, wanted, polls.hub.head, until_s)


def test_each_waits_until_its_own_end() -> None:
    async def scene() -> None:
        waiting = Waiting()
        ended: list[tuple[float, float]] = []

        async def wait(end_s: float) -> None:
            await waiting.until(end_s)
            ended.append((end_s, round(now_s(), 3)))

        async with asyncio.TaskGroup() as group:
            for end_s in (3.0, 1.0, 2.0):
                group.create_task(wait(end_s))
        assert ended == [(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]
        assert waiting.count == 0

    run_virtual(scene())


def test_of_many_a_part_is_woken_in_each_turn_of_the_loop() -> None:
    async def scene() -> None:
        waiting = Waiting()
        tasks = [asyncio.create_task(waiting.until(NEVER_S)) for _ in range(600)]
        await asyncio.sleep(0)
        waiting.wake()
        left = [waiting.count]
        while waiting.count:
            await asyncio.sleep(0)
            left.append(waiting.count)
        await asyncio.gather(*tasks)
        assert left == [600, 344, 88, 0]

    run_virtual(scene())


def test_who_goes_leaves_the_others_waiting() -> None:
    async def scene() -> None:
        async with polls() as door:
            gone, stays = asyncio.create_task(rests(door)), asyncio.create_task(rests(door))
            await asyncio.sleep(1)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
            assert not stays.done()
            await door.change("price:A")
            assert await stays == 0

    run_virtual(scene())


def test_all_who_wait_for_the_same_are_one_member_until_the_last_goes() -> None:
    async def scene() -> None:
        async with polls() as door:
            early = [asyncio.create_task(rests(door, 1)) for _ in range(3)]
            late = asyncio.create_task(rests(door, 2))
            other = Subscription(Filters.of(["price:*"]))
            another = asyncio.create_task(rests(door, 2, other))
            await asyncio.sleep(0.5)
            assert door.hub.watching(["price:A"]) == 2
            await asyncio.gather(*early)
            assert door.hub.watching(["price:A"]) == 2
            await asyncio.gather(late, another)
            assert door.hub.watching(["price:A"]) == 0
            assert door.hub.live.groups == {}

    run_virtual(scene())


def test_the_place_to_read_on_from_is_right_before_the_news_for_all() -> None:
    async def scene() -> None:
        async with polls() as door:
            first = asyncio.create_task(rests(door))
            await asyncio.sleep(1)
            await door.change("price:B")
            second = asyncio.create_task(rests(door))
            await asyncio.sleep(1)
            await door.change("price:B")
            await door.change("price:A")
            assert (await first, await second) == (2, 2)

    run_virtual(scene())


def test_without_news_the_place_is_the_head() -> None:
    async def scene() -> None:
        async with polls() as door:
            resting = asyncio.create_task(rests(door, 2))
            await asyncio.sleep(1)
            await door.change("price:B")
            assert await resting == 1

    run_virtual(scene())


def test_a_place_beyond_the_head_is_kept() -> None:
    async def scene() -> None:
        async with polls() as door:
            resting = asyncio.create_task(door.bells.rest(door.hub.live, A, 7, NEVER_S))
            await asyncio.sleep(1)
            await door.change("price:A")
            assert await resting == 7

    run_virtual(scene())


def test_heartbeats_do_not_ring() -> None:
    async def scene() -> None:
        async with polls() as door:
            bell = Bell(door.hub, door.hub.live, A)
            await asyncio.sleep(100)  # six of them
            silent = bell.has_rung
            await door.change("price:A")
            await asyncio.sleep(1)
            assert (silent, bell.has_rung) == (False, True)
            door.hub.leave(bell.member)

    run_virtual(scene())


def test_whoever_comes_while_it_rings_is_woken_by_the_next_news() -> None:
    async def scene() -> None:
        async with polls() as door:
            tasks = [asyncio.create_task(rests(door))]
            await asyncio.sleep(1)
            changing = asyncio.create_task(door.change("price:A"))
            while not tasks[0].done():  # one more comes in each turn of the loop
                tasks.append(asyncio.create_task(rests(door)))
                await asyncio.sleep(0)
            await changing
            await asyncio.sleep(1)
            assert any(not task.done() for task in tasks)
            await door.change("price:A")
            places = await asyncio.gather(*tasks)
            assert (places[0], places[-1]) == (0, 1)
            assert door.hub.watching(["price:A"]) == 0

    run_virtual(scene())


def test_at_the_end_all_are_woken_and_nobody_waits_any_more() -> None:
    async def scene() -> None:
        async with polls() as door:
            tasks = [asyncio.create_task(rests(door)), asyncio.create_task(rests(door))]
            pausing = asyncio.create_task(door.bells.pause(NEVER_S))
            await asyncio.sleep(1)
            before = door.bells.is_over
            door.connections.draining.set()
            await asyncio.gather(*tasks, pausing)
            assert (before, door.bells.is_over) == (False, True)
            await door.bells.pause(NEVER_S)
            assert round(now_s(), 1) == 1.0

    run_virtual(scene())
