"""`feed.js` and its page: which hides, is put away, paints and asks; the test is the server."""

import pytest

from tests.support.browser_feed import FeedPage, item, patch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

A, B = "price:A", "price:B"

_HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: Boolean(hidden), configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_a_hidden_tab_asks_for_less(slow_client: FeedPage) -> None:
    clock = slow_client.screen.page.clock
    peer = await slow_client.joined([item(A, 1)], A, windowMs=50)
    peer.send("welcome", protocol=1, heartbeat_ms=60_000, now=0)
    await slow_client.screen.run(_HIDE, "yes")
    await clock.run_for(9_999)
    await slow_client.screen.run("() => follow(['B'])")
    assert (await peer.hear())["type"] == "subscribe"
    await clock.run_for(1)
    options = {"window_ms": 50, "delay_ms": 0}
    assert await peer.hear() == {"type": "set", "id": 3, "conflate_ms": 2000, **options}
    await slow_client.screen.run(_HIDE, "")
    assert await peer.hear() == {"type": "set", "id": 4, "conflate_ms": 0, **options}
    assert (await peer.hear())["type"] == "ping"


async def test_options_change_while_it_is_open(client: FeedPage) -> None:
    peer = await client.joined([item(A, 1)], A, delayMs=1000)
    await client.screen.run("() => feed.set({ delayMs: 12_000, conflateMs: 250 })")
    options = {"delay_ms": 12_000, "conflate_ms": 250}
    assert await peer.hear() == {"type": "set", "id": 2, "window_ms": 0, **options}
    await client.screen.run("() => { feed.set({ delayMs: 12_000 }); feed.set({ conflateMs: 0 }); }")
    assert (await peer.hear())["conflate_ms"] == 0
    await peer.close(1012)
    again = await client.connection()
    again.welcome()
    command = await again.hear()
    assert (command["delay_ms"], "conflate_ms" in command) == (12_000, False)


@pytest.mark.parametrize(
    "options", [{"delayMs": 600_001}, {"conflateMs": -1}, {"windowMs": 1.5}, {"windowMs": "1"}]
)
async def test_options_out_of_range_are_refused(
    client: FeedPage, options: dict[str, object]
) -> None:
    await client.joined([], A)
    refused = """(options) => [() => feed.set(options), () => new feed.constructor(options)]
      .map((act) => { try { act(); } catch (error) { return error.name; } })"""
    assert await client.screen.run(refused, options) == ["RangeError", "RangeError"]


async def test_a_page_that_is_put_away_lets_go_and_comes_back_at_once(
    slow_client: FeedPage,
) -> None:
    peer = await slow_client.joined([item(A, 1)], A)
    await slow_client.screen.run("() => dispatchEvent(new PageTransitionEvent('pagehide'))")
    await peer.left()
    await slow_client.screen.run("() => dispatchEvent(new PageTransitionEvent('pageshow'))")
    again = await slow_client.connection()
    again.welcome()
    assert (await again.hear())["cursor"] == "k3f9-1"


async def test_handlers_are_called_once_for_each_frame_of_the_screen(
    slow_client: FeedPage,
) -> None:
    clock = slow_client.screen.page.clock
    peer = await slow_client.joined([item(A, 1), item(B, 1)], "price:*", perPaint=True)
    await clock.run_for(20)
    for _ in range(2):
        await slow_client.told("item")
    events = [{"topic": A, "id": name, "op": "add", "kind": "x", "ts": 0} for name in "abc"]
    for n, event in enumerate(events):
        peer.send("update", cursor=f"k3f9-{n}", pt=0, items=[patch(A, n + 2, n=n)], events=[event])
    peer.send("update", cursor="k3f9-9", pt=0, items=[item("price:C", 1)])
    peer.send("update", cursor="k3f9-9", pt=9, items=[{"topic": "price:C", "v": 2, "gone": True}])
    await slow_client.holds("feed.items.get('price:A').v === 4 && feed.now() >= 9")
    await slow_client.nothing("item")
    await clock.run_for(20)
    assert await slow_client.told("item") == item(A, 4, n=2)
    assert [await slow_client.told("event") for _ in events] == events
    await slow_client.nothing("item")


async def test_a_hidden_tab_is_told_all_the_same(slow_client: FeedPage) -> None:
    clock = slow_client.screen.page.clock
    await slow_client.screen.run("() => { requestAnimationFrame = () => 1; }")
    await slow_client.joined([item(A, 1)], A, perPaint=True)
    await clock.run_for(1_000)
    assert await slow_client.told("item") == item(A, 1)


async def test_a_handler_that_fails_harms_nobody(client: FeedPage) -> None:
    await client.screen.run(
        "() => { window.reportError = (error) => tell('error', String(error)); }"
    )
    peer = await client.joined([item(A, 1)], A)
    await client.screen.run(
        "() => feed.subscribe(['A'], { onItem() { throw new Error('mine'); } })"
    )
    assert await client.told("error") == "Error: mine"
    peer.send("update", cursor="k3f9-2", pt=0, items=[patch(A, 2, n=1)])
    assert await client.told("item") == item(A, 2, n=1)


async def test_says_how_late_and_how_merged_it_is(client: FeedPage) -> None:
    peer = await client.joined([item(A, 1)], A)
    assert await client.screen.run("() => feed.status.lagMs") is None
    peer.send("update", cursor="k3f9-2", pt=10_000, items=[patch(A, 5, 4, n=1)])
    peer.send("update", cursor="k3f9-3", pt=9_000, items=[patch(A, 6, n=2)])
    while await client.told("item") != item(A, 6, n=2):
        pass
    status = await client.screen.run("() => feed.status")
    assert status["merged"] == 3
    assert 1_000 <= status["lagMs"] < 5_000
