"""What `feed.js` asks for beside a connection that works, which must not suffer from it."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.admin import Admin
from tests.support.watching import DOORS, FUSE_S, MATCH, Door, Watching, blocked, goal

if TYPE_CHECKING:
    from playwright.async_api import Request, Route

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("door", DOORS)
async def test_a_topic_that_is_refused_leaves_those_beside_it(
    watching: Watching, admin: Admin, door: Door
) -> None:
    watching.screen.refusals.add(400)
    await watching.open(*blocked(door))
    await watching.follow(MATCH)
    await watching.live(door)
    await watching.screen.run("() => follow(['?', 'B'])")
    await watching.until("feed.items.has('price:B')")
    await goal(admin, f"beside-{door}")
    await watching.told([f"beside-{door}"])
    status = await watching.status()
    assert (status["transport"], status["lost"]) == (door, 0)


async def test_a_better_door_that_hangs_costs_nothing(slow: Watching, admin: Admin) -> None:
    page = slow.screen.page
    tries: asyncio.Queue[Route] = asyncio.Queue()
    places: asyncio.Queue[str] = asyncio.Queue()

    def note(request: "Request") -> None:
        url = urlsplit(request.url)
        if url.path == "/poll":
            places.put_nowait(parse_qs(url.query)["cursor"][0])

    await slow.open("ws", "sse")
    await slow.follow(MATCH)
    await slow.live("poll")
    await page.unroute_all()
    await page.route("**/sse?*", tries.put_nowait)
    await page.clock.run_for(10_000)
    async with asyncio.timeout(FUSE_S):
        await (await tries.get()).continue_()  # it comes through, and is asked with the place
        hangs = await tries.get()
        page.on("request", note)
        asked = set[str]()
        for n in range(3):
            await goal(admin, f"hangs-{n}")
            place = await places.get()
            assert place not in asked, "it goes on from what it was answered"
            asked.add(place)
    await hangs.abort()
    await slow.told([f"hangs-{n}" for n in range(3)])
    await goal(admin, "hangs-3")
    await slow.told([f"hangs-{n}" for n in range(4)])
    status = await slow.status()
    assert (status["transport"], status["lost"], status["reconnects"]) == ("poll", 0, 0)
