"""`feed.js` against the rules of protocol sections 2 to 5; the test is the server."""

import pytest

from tests.support.browser_feed import FeedPage, item, patch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

A, B, C = "price:A", "price:B", "price:C"


async def test_begins_with_a_snapshot_and_follows_updates(client: FeedPage) -> None:
    await client.begin("A", "score:EPL.*", conflateMs=250, windowMs=50)
    peer = await client.connection()
    peer.welcome()
    assert await peer.hear() == {
        "type": "subscribe",
        "id": 1,
        "topics": ["price:A", "score:EPL.*"],
        "conflate_ms": 250,
        "window_ms": 50,
    }
    peer.subscribed({"id": 1}, ["price:A", "score:EPL.*"], resumed=False)
    peer.send("snapshot", items=[item(A, 7, price="1")], cursor="k3f9-1")
    status = await client.status("live")
    assert (status["resumed"], status["reconnects"]) == (False, 0)
    peer.send("update", cursor="k3f9-2", pt=0, items=[patch(A, 8, price="2")])
    assert await client.told("item") == item(A, 8, price="2")
    assert await client.items() == {A: [8, {"price": "2"}]}


async def test_goes_on_from_the_page_that_it_is_given(client: FeedPage) -> None:
    start = [item(A, 7, price="1")]
    await client.begin("price:*", items=start, cursor="k3f9-41", now=0)
    peer = await client.connection()
    peer.welcome()
    command = await peer.hear()
    assert (command["topics"], command["cursor"]) == (["price:*"], "k3f9-41")
    peer.subscribed(command, ["price:*"], resumed=True)
    assert (await client.status("live"))["resumed"] is True
    peer.send("update", cursor="k3f9-42", pt=0, items=[patch(A, 10, 3, price="4")])
    await client.told("item")
    assert await client.items() == {A: [10, {"price": "4"}]}


async def test_a_patch_merges_and_harms_nobody(client: FeedPage) -> None:
    before = item(A, 1, x={"a": 1, "keep": 2}, gone="1", list=[1])
    peer = await client.joined([before], "price:*")
    element = patch(A, 2, x={"a": None, "b": {"c": 3, "d": None}}, gone=None, list=[2])
    element["set"] |= {"__proto__": {"bad": 1}, "constructor": {"prototype": {"bad": 1}}}
    peer.send("update", cursor="k3f9-2", pt=0, items=[element])
    await client.told("item")
    read = """() => {
      const { data } = feed.items.get("price:A");
      return [data.x, "gone" in data, data.list, Object.keys(data).sort(), {}.bad ?? null];
    }"""
    assert await client.screen.run(read) == [
        {"keep": 2, "b": {"c": 3}},
        False,
        [2],
        ["__proto__", "constructor", "list", "x"],
        None,
    ]


async def test_a_snapshot_counts_only_when_it_is_whole(client: FeedPage) -> None:
    await client.begin("price:*", items=[item(A, 1), item(B, 1)], cursor="k3f9-1")
    peer = await client.connection()
    peer.welcome()
    peer.subscribed(await peer.hear(), ["price:*"], resumed=False)
    peer.send("snapshot", items=[item(B, 5)], more=True)
    peer.send("reset", reason="expired")
    peer.send("snapshot", items=[item(B, 6)], more=True)
    peer.send("reset", reason="epoch")
    assert [await client.told("reset"), await client.told("reset")] == ["expired", "epoch"]
    assert await client.items() == {A: [1, {}], B: [1, {}]}
    peer.send("snapshot", items=[item(B, 7)], more=True)
    peer.send("snapshot", items=[item(C, 1)], cursor="k3f9-9")
    assert (await client.status("live"))["resumed"] is False
    assert await client.items() == {B: [7, {}], C: [1, {}]}


async def test_a_cut_in_a_snapshot_moves_nothing(client: FeedPage) -> None:
    await client.begin("price:*")
    peer = await client.connection()
    peer.welcome()
    peer.subscribed(await peer.hear(), ["price:*"], resumed=False)
    peer.send("snapshot", items=[item(A, 1)], more=True)
    await client.told("status")
    await peer.close()
    again = await client.connection()
    again.welcome()
    assert "cursor" not in await again.hear()
    assert await client.items() == {}


async def test_the_cursor_of_a_connection_without_topics_counts_for_none(client: FeedPage) -> None:
    peer = await client.joined([item(A, 1)], "price:*")
    await peer.close(1012)
    peer = await client.connection()
    peer.welcome()
    assert (await peer.hear())["cursor"] == "k3f9-1"
    peer.send("heartbeat", cursor="k3f9-9", now=0)  # the command is still on its way
    peer.send("bye", cursor="k3f9-9", reason="shutdown", reconnect=True, after_ms=0, grace_ms=9)
    again = await client.connection()
    again.welcome()
    assert (await again.hear())["cursor"] == "k3f9-1"


async def test_comes_back_with_the_last_cursor_that_counts(client: FeedPage) -> None:
    peer = await client.joined([item(A, 1)], "price:*")
    peer.send("heartbeat", cursor="k3f9-5", now=0)
    peer.send("pong", at=0, now=0)
    peer.send("new-in-version-2", cursor="k3f9-7", items=[patch(A, 9)])
    await peer.close(1012)
    again = await client.connection()
    again.welcome()
    command = await again.hear()
    assert command["cursor"] == "k3f9-5"
    again.subscribed(command, ["price:*"], resumed=True)
    status = await client.status("live")
    assert (status["resumed"], status["reconnects"], status["lost"]) == (True, 1, 0)


@pytest.mark.parametrize(
    "element",
    [patch(A, 4), patch(A, 2, 2), patch(A, 1), patch(B, 1)],
    ids=["skipped", "merged too few", "again", "of an unknown topic"],
)
async def test_a_gap_is_told_and_repaired(client: FeedPage, element: dict[str, object]) -> None:
    peer = await client.joined([item(A, 1, price="1")], "price:*")
    event = {"topic": A, "id": "e", "op": "add", "kind": "trade", "ts": 0}
    peer.send("update", cursor="k3f9-2", pt=0, items=[element], events=[event])
    assert await client.told("event") == event
    assert await client.told("reset") == "gap"
    status = await client.status("retrying")
    assert (status["lost"], status["problem"]["code"]) == (1, "gap")
    again = await client.connection()
    again.welcome()
    command = await again.hear()
    assert "cursor" not in command
    again.subscribed(command, ["price:*"], resumed=False)
    again.send("snapshot", items=[item(A, 4, price="4")], cursor="k3f9-2")
    await client.status("live")
    assert await client.items() == {A: [4, {"price": "4"}]}


async def test_gone_is_told_and_what_comes_back_begins_anew(client: FeedPage) -> None:
    peer = await client.joined([item(A, 1, price="1", bid="1")], "price:*")
    peer.send("update", cursor="k3f9-2", pt=0, items=[{"topic": A, "v": 2, "ts": 0, "gone": True}])
    assert await client.told("item") == {"topic": A}
    peer.send("update", cursor="k3f9-3", pt=0, items=[item(A, 3, price="2")])
    await client.told("item")
    assert await client.items() == {A: [3, {"price": "2"}]}


async def test_goodbye_opens_the_next_connection_before_it_leaves(client: FeedPage) -> None:
    old = await client.joined([item(A, 1, price="1")], "price:*")
    old.send("bye", reason="rotate", reconnect=True, after_ms=0, grace_ms=30_000, cursor="k3f9-2")
    new = await client.connection()
    old.send("update", cursor="k3f9-3", pt=0, items=[patch(A, 2, price="2")])
    assert await client.told("item") == item(A, 2, price="2")
    new.welcome()
    await old.left()
    command = await new.hear()
    assert command["cursor"] == "k3f9-3"
    new.subscribed(command, ["price:*"], resumed=True)
    new.send("update", cursor="k3f9-4", pt=0, items=[patch(A, 3, price="3")])
    await client.told("item")
    assert await client.items() == {A: [3, {"price": "3"}]}
    status = await client.screen.run("() => feed.status")
    assert (status["state"], status["reconnects"], status["lost"]) == ("live", 1, 0)
    assert (status["resumed"], status["resumedAfterMs"]) == (True, 0)


async def test_goodbye_for_good_is_obeyed(slow_client: FeedPage) -> None:
    peer = await slow_client.joined([], "price:*")
    peer.send("bye", reason="token", reconnect=False, after_ms=0, grace_ms=1000, cursor="k3f9-2")
    await peer.close(1001)
    await slow_client.status("stopped")
    await slow_client.screen.page.clock.run_for(60_000)
    assert slow_client.connections == 0


@pytest.mark.parametrize("code", [4400, 4401, 4403, 4429])
async def test_some_closes_are_final(slow_client: FeedPage, code: int) -> None:
    peer = await slow_client.joined([], "price:*")
    await peer.close(code, "because")
    status = await slow_client.status("stopped")
    assert status["problem"] == {"code": code, "message": "because"}
    await slow_client.screen.run("() => dispatchEvent(new Event('online'))")
    await slow_client.screen.page.clock.run_for(60_000)
    assert slow_client.connections == 0


async def test_pauses_double_up_to_half_a_minute(slow_client: FeedPage) -> None:
    clock = slow_client.screen.page.clock
    await slow_client.screen.run("() => { Math.random = () => 1; }")
    await slow_client.begin("price:*")
    for pause_ms in (500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000):
        peer = await slow_client.connection()
        await peer.close(1013)
        await slow_client.status("retrying")
        await clock.run_for(pause_ms - 1)
        assert slow_client.connections == 0
        await clock.run_for(1)
    await slow_client.connection()


async def test_silence_is_not_mistaken_for_quiet(slow_client: FeedPage) -> None:
    clock = slow_client.screen.page.clock
    peer = await slow_client.joined([item(A, 1)], "price:*")
    await clock.run_for(2_000)
    peer.send("heartbeat", cursor="k3f9-2", now=0)
    peer.send("update", cursor="k3f9-3", pt=0, items=[patch(A, 2, price="2")])
    await slow_client.told("item")
    await clock.run_for(2_499)
    assert (await slow_client.screen.run("() => feed.status.state")) == "live"
    await clock.run_for(1)
    await slow_client.status("retrying")
    await clock.run_for(1)
    assert (await slow_client.asked("/sse"))["cursor"] == "k3f9-3"


async def test_looks_at_once_when_the_network_is_back(slow_client: FeedPage) -> None:
    clock = slow_client.screen.page.clock
    peer = await slow_client.joined([], "price:*")
    await peer.close()
    await slow_client.status("retrying")
    await slow_client.screen.run("() => dispatchEvent(new Event('online'))")
    again = await slow_client.connection()
    again.welcome(heartbeat_ms=60_000)
    assert (await again.hear())["cursor"] == "k3f9-1"
    again.subscribed({"id": 1}, ["price:*"], resumed=True)
    await slow_client.status("live")

    await slow_client.screen.run("() => dispatchEvent(new Event('pageshow'))")
    assert (await again.hear())["type"] == "ping"
    await clock.run_for(4_000)  # no answer: nobody is there any more
    await slow_client.status("retrying")


async def test_what_is_no_frame_is_not_passed_over(client: FeedPage) -> None:
    peer = await client.joined([item(A, 1)], "price:*")
    peer.send("update", cursor="k3f9-2", items=7)
    status = await client.status("retrying")
    assert status["problem"]["code"] == "bad_frame"
    again = await client.connection()
    again.welcome()
    assert "cursor" not in await again.hear()


async def test_knows_the_servers_clock(slow_client: FeedPage) -> None:
    now = "() => feed.now()"
    await slow_client.begin("price:*", items=[item(A, 1)], cursor="k3f9-1", now=9_000_000)
    assert await slow_client.screen.run(now) == 9_000_000
    peer = await slow_client.connection()
    peer.send("welcome", protocol=1, heartbeat_ms=1000, now=5_000_000)
    peer.subscribed(await peer.hear(), ["price:*"], resumed=True)
    peer.send("update", cursor="k3f9-2", pt=5_000_020, items=[patch(A, 2)])  # was quicker
    peer.send("update", cursor="k3f9-3", pt=4_999_900, items=[patch(A, 3)])  # was long on its way
    while await slow_client.told("item") != item(A, 3):
        pass
    await slow_client.screen.page.clock.run_for(250)
    assert await slow_client.screen.run(now) == 5_000_270
