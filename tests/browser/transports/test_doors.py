"""`feed.js` on a real server, from a page of another site, whatever lies between the two."""

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.support.admin import Admin
from tests.support.browser import screen
from tests.support.server import Server
from tests.support.site import Site
from tests.support.watching import DOORS, MATCH, A, B, Door, Watching, blocked, goal, goals

if TYPE_CHECKING:
    from playwright.async_api import Browser, WebSocketRoute

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("door", DOORS)
async def test_each_door_alone_will_do(watching: Watching, admin: Admin, door: Door) -> None:
    await watching.open(*blocked(door))
    await watching.follow(A, "score:EPL.*")
    await watching.live(door)
    v = await goal(admin, f"{door}-1")
    await watching.told([f"{door}-1"])
    assert await watching.steps(MATCH) == [[v - 1, None], [v, v - 1]]
    await watching.has(A, (await admin.snapshot(A))[A]["v"])
    status = await watching.status()
    assert (status["resumed"], status["reconnects"], status["lost"]) == (False, 0, 0)
    assert status["lagMs"] is not None


@pytest.mark.parametrize("door", DOORS)
async def test_topics_come_and_go_and_the_others_miss_nothing(
    watching: Watching, admin: Admin, door: Door
) -> None:
    await watching.open(*blocked(door))
    await watching.follow("score:*")
    await watching.live(door)
    async with goals(admin, f"come-{door}") as accepted:
        await watching.screen.run("() => { window.unfollowA = follow(['A']); }")
        await watching.until("feed.items.has('price:A')")
        await watching.screen.run("() => { follow(['B']); unfollowA(); }")
        await watching.until("feed.items.has('price:B') && !feed.items.has('price:A')")
        await watching.screen.run("() => feed.set({ windowMs: 20 })")
        had = len(accepted)
        await watching.until("seen.events.length > argument", had + 3)
    await watching.told(accepted)
    v = (await admin.snapshot(MATCH))[MATCH]["v"]
    assert await watching.steps(MATCH) == _one_by_one(v, len(accepted))
    status = await watching.status()
    assert (status["transport"], status["reconnects"], status["lost"]) == (door, 0, 0)
    assert (await watching.items()).keys() == {MATCH, B}


def _one_by_one(v: int, steps: int) -> list[list[int | None]]:
    """So many changes up to a version, after the item as it was first seen."""
    first = v - steps
    after = list[int | None](range(first, v + 1))
    return [[after[0], None], *([v, before] for before, v in pairwise(after))]


async def test_hops_from_door_to_door_and_tells_everything_once(
    watching: Watching, server: Server, admin: Admin
) -> None:
    await watching.open()
    await watching.follow("*")
    await watching.live("ws")
    async with goals(admin, "hop") as accepted:
        for door in ("sse", "poll"):
            await watching.block(*blocked(door))
            await _cut(admin)
            await watching.live(door)
            had = len(accepted)
            await watching.until("seen.events.length > argument", had + 3)
        await watching.let_in("ws")
        had = len(accepted)
        await watching.until("seen.events.length > argument", had + 3)
    await watching.told(accepted)
    await watching.has(MATCH, (await admin.snapshot(MATCH))[MATCH]["v"])
    steps = await watching.steps(MATCH)
    assert [before for _, before in steps] == [None, *(v for v, _ in steps[:-1])]
    status = await watching.status()
    assert (status["lost"], await watching.screen.run("() => seen.resets")) == (0, [])
    transports = await watching.screen.run("() => seen.transports")
    assert transports == ["ws", "sse", "poll", "ws"]


async def _cut(admin: Admin) -> None:
    """End every stream; a client may come back."""
    for connection in (await admin.get("connections"))["connections"]:
        await admin.delete(f"connections/{connection['id']}")


@pytest.mark.parametrize("door", ["sse", "poll"])
async def test_a_door_that_swallows_everything_is_given_up(
    slow: Watching, admin: Admin, door: Door
) -> None:
    await slow.open(*blocked(door), hangs=True)
    await slow.follow(MATCH)
    for _ in blocked(door):
        await slow.screen.page.clock.run_for(5_000)
    await slow.live(door)
    await goal(admin, f"swallowed-{door}")
    await slow.told([f"swallowed-{door}"])


async def test_a_socket_that_falls_silent_is_given_up(slow: Watching, admin: Admin) -> None:
    spoken = 0

    async def mute(route: "WebSocketRoute") -> None:
        def heard(message: str | bytes) -> None:
            nonlocal spoken
            spoken += 1
            if spoken <= 3:  # welcome, subscribed, snapshot
                route.send(message)

        there = route.connect_to_server()
        there.on_message(heard)

    await slow.screen.page.route_web_socket("**/ws", mute)
    await slow.open()
    await slow.follow(MATCH)
    await slow.live("ws")
    await goal(admin, "unheard")
    await slow.screen.page.clock.run_for(2_600)
    await slow.live("sse")
    await slow.told(["unheard"])
    status = await slow.status()
    assert (status["resumed"], status["caughtUp"], status["lost"]) == (True, 2, 0)
    assert 2_500 <= status["resumedAfterMs"] < 10_000


async def test_what_worked_is_tried_first_and_better_ones_beside_it(
    slow: Watching, admin: Admin
) -> None:
    await slow.open("ws", "sse")
    await slow.follow(MATCH)
    await slow.live("poll")
    await slow.open("ws")
    await slow.follow(MATCH)
    await slow.live("poll")
    assert await slow.screen.run("() => seen.transports") == ["poll"]
    await slow.screen.page.clock.run_for(10_000)  # a better one is tried
    await slow.live("sse")
    await goal(admin, "climbed")
    await slow.told(["climbed"])
    assert await slow.screen.run("() => seen.states") == ["connecting", "live"]
    assert (await slow.status())["lost"] == 0


@pytest.mark.parametrize("door", DOORS)
async def test_a_server_that_was_killed_is_found_again(
    watching: Watching, server: Server, admin: Admin, door: Door
) -> None:
    await watching.open(*blocked(door))
    await watching.follow("*")
    await watching.live(door)
    await watching.screen.run("() => { Math.random = () => 1000; }")  # no try before it is asked
    server.kill()
    await watching.until("status.state === 'retrying'")
    await asyncio.to_thread(server.start)
    names = [f"{door}-killed-{n}" for n in range(3)]
    for name in names:
        await goal(admin, name)
    await watching.screen.run("() => dispatchEvent(new Event('online'))")
    await watching.live(door)
    await watching.told(names)
    status = await watching.status()
    assert (status["resumed"], status["reconnects"], status["lost"]) == (True, 1, 0)
    assert status["caughtUp"] == 6
    assert status["resumedAfterMs"] > 0
    held = await admin.snapshot("*")
    assert await watching.items() == {t: [item["v"], item["data"]] for t, item in held.items()}


@pytest.mark.parametrize("door", DOORS)
async def test_offline_and_back(watching: Watching, admin: Admin, door: Door) -> None:
    network = watching.screen.page.context
    await watching.open(*blocked(door))
    await watching.follow(MATCH)
    await watching.live(door)
    await network.set_offline(True)
    await watching.until("!navigator.onLine")
    await goal(admin, f"offline-{door}")
    await network.set_offline(False)
    await watching.told([f"offline-{door}"])
    await watching.live(door)
    assert (await watching.status())["lost"] == 0


async def test_rotation_is_not_noticed(
    browser: "Browser", other_site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {"FEED_MAX_AGE_S": "1", "FEED_ALLOWED_ORIGINS": other_site.origin}
    server = Server(tmp_path_factory.mktemp("rotating"), settings)
    await asyncio.to_thread(server.start)
    async with AsyncExitStack() as stack:
        stack.callback(server.kill)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        admin = Admin(session, server.url)
        pages: dict[Door, Watching] = {}
        for door in DOORS:
            page = await stack.enter_async_context(screen(browser))
            pages[door] = watching = Watching(page, other_site, server)
            await watching.open(*blocked(door))
            await watching.follow(MATCH)
            await watching.live(door)
        async with goals(admin, "rotated") as accepted:
            await pages["ws"].until("status.reconnects >= 2")
            await pages["sse"].until("status.reconnects >= 2")
        for door, watching in pages.items():
            await watching.told(accepted)
            status = await watching.status()
            assert (status["transport"], status["lost"]) == (door, 0)
            assert watching.screen.faults == []
