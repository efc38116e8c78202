"""What `feed.js` does where a door refuses it; the test is the server."""

import json

import pytest

from tests.support.browser import Screen
from tests.support.browser_feed import FeedPage, problem

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

A, B = "price:A", "price:B"


@pytest.fixture(autouse=True)
def page(page: Screen) -> Screen:
    """One at which to be refused is no fault."""
    page.refusals |= {400, 401, 403, 404, 429, 503}
    return page


async def at_sse(client: FeedPage, *filters: str) -> None:
    """Begin, and be without WebSockets."""
    await client.screen.run("() => { WebSocket = null; Math.random = () => 1; }")
    await client.begin(*filters)


@pytest.mark.parametrize(
    ("status", "code", "final"),
    [(401, "token", 4401), (403, "no", 4403), (400, "bad_cursor", 4400)],
)
async def test_a_refusal_for_good_is_obeyed(
    client: FeedPage, status: int, code: str, final: int
) -> None:
    client.doors["/sse"] = problem(status, code)
    await at_sse(client, A)
    told = await client.status("stopped")
    assert told["problem"] == {"code": final, "message": f"it is {code}"}
    await client.screen.run("() => { dispatchEvent(new Event('online')); follow(['B']); }")
    await client.asked("/sse")
    await client.screen.run("() => fetch('/poll?sentinel=1')")
    assert await client.asked("/poll") == {"sentinel": "1"}


@pytest.mark.parametrize("door", ["/sse", "/poll"])
@pytest.mark.parametrize("status", [429, 503])
async def test_who_is_asked_to_come_later_does(
    slow_client: FeedPage, door: str, status: int
) -> None:
    clock = slow_client.screen.page.clock
    slow_client.doors[door] = problem(status, "busy") | {"headers": {"Retry-After": "7"}}
    await at_sse(slow_client, A)
    for each in ("/sse", "/poll")[: 1 + (door == "/poll")]:
        await clock.run_for(1)
        await slow_client.asked(each)
        await slow_client.holds("feed.status.problem !== null")
    told = await slow_client.status("retrying")
    assert told["problem"] == {"code": "busy", "message": "it is busy"}
    await clock.run_for(7_499)  # and half a second at most, since all were told the same
    assert slow_client.requests == 0
    await clock.run_for(1)
    await slow_client.asked(door)


async def test_a_topic_that_is_refused_leaves_the_others(client: FeedPage) -> None:
    fault = {"path": "topics=price:?", "message": "is no topic"}
    client.doors["/sse"] = problem(400, "bad_topic", errors=[fault])
    await at_sse(client, A, "?")
    assert (await client.asked("/sse"))["topics"] == "price:A,price:?"
    assert (await client.asked("/sse"))["topics"] == A
    await client.screen.run("() => follow(['B'])")
    status = await client.screen.run("() => feed.status")
    assert status["problem"]["code"] == "bad_topic"


async def test_a_refusal_of_what_nobody_asked_for_is_a_failure(client: FeedPage) -> None:
    fault = {"path": "topics=B", "message": "is no topic"}
    client.doors["/sse"] = problem(400, "bad_topic", errors=[fault])
    await at_sse(client, A)
    assert [await client.next_door() for _ in range(2)] == ["/sse", "/poll"]


async def test_who_is_refused_all_topics_waits_for_others(client: FeedPage) -> None:
    peer = await client.joined([], A)
    await client.screen.run("() => { unfollow(); window.unfollow = follow(['?']); }")
    command, _ = await peer.hear(), await peer.hear()
    rejected = {"topic": "price:?", "code": "bad_topic", "message": "is no topic"}
    peer.send("subscribed", id=command["id"], topics=[], resumed=False, rejected=[rejected])
    await peer.left()
    status = await client.screen.run("() => feed.status")
    assert (status["state"], status["problem"]) == ("connecting", rejected)
    await client.screen.run("() => follow(['B'])")
    again = await client.connection()
    again.welcome()
    assert (await again.hear())["topics"] == ["price:?", B]


async def test_what_is_no_stream_and_no_answer_is_passed_over(client: FeedPage) -> None:
    portal = {"content_type": "text/html", "body": "<h1>Sign in to our network</h1>"}
    client.doors |= {"/sse": portal, "/poll": portal}
    await at_sse(client, A)
    for door in ("/sse", "/poll", "/sse"):
        await client.asked(door)
    status = await client.status("retrying")
    assert (status["lost"], status["reconnects"]) == (0, 0)


async def test_a_door_that_lets_nobody_stay_is_given_up(client: FeedPage) -> None:
    frames = [{"type": "welcome", "heartbeat_ms": 1000, "now": 0}]
    body = "".join(f"data: {json.dumps(frame)}\n\n" for frame in frames)
    client.doors["/sse"] = {"content_type": "text/event-stream", "body": body}
    await at_sse(client, A)
    await client.screen.run("() => { Math.random = () => 0; }")
    assert [await client.next_door() for _ in range(4)] == ["/sse", "/sse", "/sse", "/poll"]


async def test_three_doors_in_turn_and_then_a_pause(slow_client: FeedPage) -> None:
    clock = slow_client.screen.page.clock
    await at_sse(slow_client, A)
    await clock.run_for(1)
    await slow_client.asked("/sse")
    await slow_client.holds("feed.status.problem?.code === 404")
    await clock.run_for(1)
    await slow_client.asked("/poll")
    await slow_client.status("retrying")
    await clock.run_for(499)
    assert slow_client.requests == 0
    for _ in range(2):  # the WebSocket, and what follows
        await clock.run_for(1)
    await slow_client.asked("/sse")
