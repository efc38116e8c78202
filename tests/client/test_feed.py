"""The promises of a Feed against the real server: the same by each transport."""

import asyncio
from contextlib import aclosing

import pytest

from feed.client import Change, EventChange, Feed, Item, ItemChange, Misused
from feed.errors import BadTopic
from tests.support.client_feed import BLOCKED, FUSE_S, QUICK, Desk, Said, goals, short, until
from tests.support.gate import Gate


async def test_items_and_events_in_their_order(gate: Gate, desk: Desk) -> None:
    await desk.price("1")
    said = Said()
    async with Feed(gate.url, pace=QUICK, on_status=said) as feed:
        task = asyncio.create_task(until(feed, "4"))
        await said.live.wait()
        await desk.price("2")
        await desk.goal(1)
        await desk.goal(1, "void")
        await desk.say({"topic": "A", "gone": True})
        await desk.price("4")
        told = await task
        assert short(told) == [
            ("price:A", 1, "1"),
            ("price:A", 2, "2"),
            ("score:B", 1, ""),
            ("score:B", "add", "g-1"),
            ("score:B", "void", "g-1"),
            ("price:A", 3, None),
            ("price:A", 4, "4"),
        ]
        assert feed.items["price:A"].data["price"] == "4"
        second = told[1]
        assert isinstance(second, ItemChange)
        assert isinstance(second.before, Item)
        assert second.before.data["price"] == "1"
        assert BLOCKED[feed.status.transport] == gate.rules
        assert feed.now_ms() > 1_700_000_000_000
    assert [status.state for status in said if status.state != "waiting"] == ["live", "ended"]


async def test_cut_off_it_goes_on_without_a_gap(gate: Gate, desk: Desk) -> None:
    await desk.goal(0)
    told: list[Change] = []
    async with asyncio.timeout(FUSE_S), Feed(gate.url, pace=QUICK) as feed:
        async for change in feed.changes():
            told.append(change)
            if len(told) == 6:
                break
            gate.cut()
            await desk.goal(len(told))
    assert short(told) == [("score:B", 1, ""), *goals(1, 5)]
    assert feed.status.resets == 0


async def test_a_cursor_that_was_stored_is_gone_on_from(gate: Gate, desk: Desk) -> None:
    await desk.price("1")
    await desk.price("1", "OLD")
    await desk.goal(1)
    async with (
        asyncio.timeout(FUSE_S),
        Feed(gate.url, pace=QUICK) as feed,
        aclosing(feed.changes("A", "OLD", "score:*")) as changes,
    ):
        cursors = [(await anext(changes)).cursor for _ in range(3)]
    assert [cursor is None for cursor in cursors] == [True, True, False]
    await desk.price("2")
    await desk.goal(2)
    await desk.say({"topic": "OLD", "set": {"price": "2"}}, {"topic": "OLD", "gone": True})
    await desk.goal(3)
    async with Feed(gate.url, pace=QUICK, cursor=cursors[-1]) as feed:
        told = await until(feed, "g-3", "A", "OLD", "score:*")
        assert feed.status.resumed
    assert short(change for change in told if isinstance(change, EventChange)) == goals(2, 3)
    assert short(change for change in told if isinstance(change, ItemChange)) == [
        ("price:A", 2, "2"),
        ("score:B", 1, ""),
        ("price:OLD", 3, None),
    ]
    assert {topic: item.v for topic, item in feed.items.items()} == {"price:A": 2, "score:B": 1}


async def test_a_cursor_of_another_log_is_a_reset(gate: Gate, desk: Desk) -> None:
    await desk.price("1")
    async with Feed(gate.url, pace=QUICK, cursor="0-7") as feed:
        told = await until(feed, "1")
        assert feed.status.resets == 1
        assert feed.cursor == "0-7", "the change in hand is not yet handled"
    assert short(told) == [("reset", "epoch"), ("price:A", 1, "1")]
    assert told[0].cursor is None
    assert told[1].cursor not in (None, "0-7")


async def test_the_cursor_moves_when_a_frame_was_handled(gate: Gate, desk: Desk) -> None:
    await desk.price("1")
    async with (
        asyncio.timeout(FUSE_S),
        Feed(gate.url, pace=QUICK) as feed,
        aclosing(feed.changes()) as changes,
    ):
        first = await anext(changes)
        assert feed.cursor is None
        await desk.price("2")
        await anext(changes)
        assert feed.cursor == first.cursor


async def test_the_cursor_stays_while_a_frame_is_handled_that_lacked_items(
    gate: Gate, desk: Desk
) -> None:
    await desk.price("1", "OLD")
    async with (
        asyncio.timeout(FUSE_S),
        Feed(gate.url, pace=QUICK) as feed,
        aclosing(feed.changes()) as changes,
    ):
        stored = (await anext(changes)).cursor
    event = {"topic": "score:B", "event": {"kind": "goal"}}
    old = {"topic": "OLD", "set": {"price": "2"}}, {"topic": "OLD", "gone": True}
    await desk.say(*old, *([event] * 3))
    cursors: list[str | None] = []
    async with (
        asyncio.timeout(FUSE_S),
        Feed(gate.url, pace=QUICK, cursor=stored) as feed,
        aclosing(feed.changes()) as changes,
    ):
        async for change in changes:
            cursors.append(feed.cursor)
            if isinstance(change, EventChange) and change.cursor:
                break
        assert cursors == [stored] * 5, "an item, one that is gone and three events"


async def test_only_some_fields(gate: Gate, desk: Desk) -> None:
    await desk.say({"topic": "A", "set": {"price": "1", "bid": "0.9"}})
    async with (
        asyncio.timeout(FUSE_S),
        Feed(gate.url, pace=QUICK, fields=["bid"], window_ms=1) as feed,
        aclosing(feed.changes("A")) as changes,
    ):
        assert (await anext(changes)).data == {"bid": "0.9"}


# ---- how it is used ----


async def test_one_loop_within_async_with() -> None:
    feed = Feed("http://127.0.0.1:1")
    with pytest.raises(Misused):
        feed.changes()
    async with feed:
        feed.changes()
        with pytest.raises(Misused):
            feed.changes()


async def test_leaving_ends_a_loop_that_waits(gate: Gate) -> None:
    said = Said()
    async with Feed(gate.url, pace=QUICK, on_status=said) as feed:

        async def read() -> int:
            return len([change async for change in feed.changes()])

        reading = asyncio.create_task(read())
        await said.live.wait()
    async with asyncio.timeout(FUSE_S):
        assert await reading == 0
    assert said[-1].state == "ended"


async def test_bad_names() -> None:
    with pytest.raises(Misused):
        Feed("localhost:8080")
    async with Feed("http://localhost") as feed:
        with pytest.raises(BadTopic):
            feed.changes("no topic")
