"""What a cursor of `feed.js` vouches for, when topics come and go; the test is the server."""

import pytest

from tests.support.browser_feed import FeedPage, item

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

A, B, C = "price:A", "price:B", "price:C"


async def test_a_later_topic_is_vouched_for_only_after_its_snapshot(client: FeedPage) -> None:
    peer = await client.joined([item(A, 1)], A)
    await client.screen.run("(filters) => { window.unfollow2 = follow(filters); }", [A, "B"])
    assert await peer.hear() == {"type": "subscribe", "id": 2, "topics": [B]}
    peer.subscribed({"id": 2}, [A, B], resumed=False)
    await peer.close()

    peer = await client.connection()
    peer.welcome()
    first, second = await peer.hear(), await peer.hear()
    assert (first["topics"], first["cursor"]) == ([A], "k3f9-1")
    assert second == {"type": "subscribe", "id": 2, "topics": [B]}
    peer.subscribed(first, [A], resumed=True)
    peer.subscribed(second, [A, B], resumed=False)
    await client.status("live")
    peer.send("snapshot", items=[item(B, 1)], cursor="k3f9-2")
    assert (await client.told("item"))["topic"] == B
    assert (await client.items()).keys() == {A, B}

    await client.screen.run("(filters) => follow(filters)", ["C"])
    assert await peer.hear() == {"type": "subscribe", "id": 3, "topics": [C]}
    await client.screen.run("() => unfollow2()")
    assert await peer.hear() == {"type": "unsubscribe", "id": 4, "topics": [B]}
    assert (await client.items()).keys() == {A}


async def test_a_snapshot_vouches_for_no_topic_asked_for_after_it(client: FeedPage) -> None:
    await client.begin("A")
    peer = await client.connection()
    peer.welcome()
    first = await peer.hear()
    await client.screen.run("(filters) => follow(filters)", ["B"])
    await peer.hear()
    peer.subscribed(first, [A], resumed=False)
    peer.send("snapshot", items=[item(A, 1)], cursor="k3f9-1")
    await client.status("live")
    await peer.close()
    again = await client.connection()
    again.welcome()
    first, second = await again.hear(), await again.hear()
    assert (first["topics"], first["cursor"]) == ([A], "k3f9-1")
    assert second == {"type": "subscribe", "id": 2, "topics": [B]}


async def test_a_topic_that_was_left_is_not_vouched_for(client: FeedPage) -> None:
    peer = await client.joined([item(A, 1)], A)
    await client.screen.run("(filters) => { window.leave = follow(filters); }", [B])
    second = await peer.hear()
    await client.screen.run("() => leave()")
    assert (await peer.hear())["type"] == "unsubscribe"
    peer.subscribed(second, [A, B], resumed=False)
    peer.send("snapshot", items=[item(B, 1)], cursor="k3f9-2")
    await client.status("live")
    await client.screen.run("(filters) => follow(filters)", [B])
    assert (await peer.hear())["topics"] == [B]
    await peer.close()
    again = await client.connection()
    again.welcome()
    first, second = await again.hear(), await again.hear()
    assert (first["topics"], first["cursor"]) == ([A], "k3f9-2")
    assert (second["topics"], "cursor" in second) == ([B], False)


async def test_a_place_is_kept_until_the_reset_that_gives_it_up(client: FeedPage) -> None:
    peer = await client.joined([item(A, 1)], A)
    await peer.close()
    peer = await client.connection()
    peer.welcome()
    peer.subscribed(await peer.hear(), [A], resumed=False)
    await peer.close()

    peer = await client.connection()
    peer.welcome()
    command = await peer.hear()
    assert command["cursor"] == "k3f9-1"
    peer.subscribed(command, [A], resumed=False)
    peer.send("reset", reason="expired")
    assert await client.told("reset") == "expired"
