"""`also=` at the poll door: topics that join those which a cursor vouches for."""

import asyncio

from tests.support.clock import run_virtual
from tests.support.log import Forgetful
from tests.support.polls import polls, told


def test_further_topics_join_after_what_is_older_of_the_others() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:A")
            await door.change("price:B", "b1")
            await door.change("price:A", "a1")
            place = await door.change("price:B", "b2")
            answer = told(await door.poll(f"topics=A&also=B&cursor={start}"))
            update, snapshot = answer["frames"]
            assert [event["id"] for event in update["events"]] == ["a1"]
            assert [(item["topic"], item["v"]) for item in snapshot["items"]] == [("price:B", 2)]
            assert (snapshot["cursor"], answer["cursor"], answer["more"]) == (place, place, False)
            at_once = told(await door.poll(f"topics=A&also=C&cursor={place}"))
            assert [frame["items"] for frame in at_once["frames"]] == [[]]

    run_virtual(scene())


def test_what_joins_without_a_cursor_is_asked_for_like_the_others() -> None:
    async def scene() -> None:
        async with polls() as door:
            await door.change("price:A")
            await door.change("price:B")
            joined = await door.poll("topics=A&also=B")
            assert joined.body == (await door.poll("topics=A,B")).body
            of_another_log = told(await door.poll("topics=A&also=B&cursor=gone-1"))
            assert of_another_log["frames"][0]["type"] == "reset"
            assert of_another_log["frames"][1:] == told(joined)["frames"]

    run_virtual(scene())


def test_nothing_joins_before_all_that_is_older_is_told() -> None:
    async def scene() -> None:
        async with polls() as door:
            start = await door.change("price:B")
            for _ in range(1001):
                await door.change("price:A")
            first = told(await door.poll(f"topics=A&also=B&cursor={start}"))
            assert [frame["type"] for frame in first["frames"]] == ["update"]
            assert first["more"] is True
            second = told(await door.poll(f"topics=A&also=B&cursor={first['cursor']}"))
            assert [frame["type"] for frame in second["frames"]] == ["update", "snapshot"]
            assert (second["cursor"], second["more"]) == (door.cursor, False)

    run_virtual(scene())


def test_nothing_joins_at_a_place_that_is_still_to_come() -> None:
    async def scene() -> None:
        async with polls() as door:
            await door.change("price:B")
            await asyncio.sleep(20)
            place = await door.change("price:A")
            query = f"topics=A&also=B&delay_ms=5000&cursor={place}"
            began_s = asyncio.get_running_loop().time()
            assert told(await door.poll(f"{query}&wait=2")) == {
                "cursor": place,
                "frames": [],
                "more": False,
            }
            assert round(asyncio.get_running_loop().time() - began_s, 2) == 2
            answer = told(await door.poll(query))
            assert [frame["type"] for frame in answer["frames"]] == ["snapshot"]
            assert answer["cursor"] == place

    run_virtual(scene())


def test_what_is_trimmed_while_it_is_read_joins_nothing() -> None:
    async def scene() -> None:
        log = Forgetful()
        async with polls(log) as door:
            start = await door.change("price:A")
            await door.change("price:A", "g1")
        async with polls(log) as door:
            log.forgets = True
            query = f"topics=A&also=B&cursor={start}"
            first = told(await door.poll(query))
            assert first == {"cursor": start, "frames": [], "more": False}
            again = told(await door.poll(query))
            assert [frame["type"] for frame in again["frames"]] == ["reset", "snapshot"]

    run_virtual(scene())
