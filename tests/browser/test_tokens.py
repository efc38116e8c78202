"""`feed.js` on a feed that is not for everybody."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import pytest_asyncio

from feed.clock import SystemClock
from tests.support.admin import Admin
from tests.support.browser import Screen
from tests.support.server import Server
from tests.support.site import Site, site
from tests.support.token import SECRET, token
from tests.support.watching import Door, Watching

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DOORS: list[Door] = ["ws", "sse", "poll"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other_site() -> AsyncIterator[Site]:
    async with site() as served:
        yield served


@pytest.fixture(scope="module")
def server(other_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"FEED_SUBSCRIBER_SECRET": SECRET, "FEED_ALLOWED_ORIGINS": other_site.origin}
    with Server(tmp_path_factory.mktemp("tokens"), settings) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def watching(page: Screen, other_site: Site, server: Server) -> Watching:
    page.refusals |= {401, 403}
    return Watching(page, other_site, server)


def lasting(*topics: str, left_s: float = 3600) -> str:
    return token(*topics, exp_s=SystemClock().now_ms() / 1000 + left_s)


@pytest.mark.parametrize("door", DOORS)
async def test_a_token_opens_each_door_to_what_it_names(
    watching: Watching, server: Server, http: aiohttp.ClientSession, door: Door
) -> None:
    answer = await Admin(http, server.url).inject([{"topic": t, "set": {"n": 1}} for t in "AB"])
    await watching.open(*DOORS[: DOORS.index(door)])
    await watching.follow("A", "B", token=lasting("A"))
    await watching.live(door)
    await watching.has("price:A", answer["results"][0]["v"])
    assert list(await watching.items()) == ["price:A"]


@pytest.mark.parametrize("door", DOORS)
async def test_without_one_it_stops_and_says_why(watching: Watching, door: Door) -> None:
    await watching.open(*DOORS[: DOORS.index(door)])
    await watching.follow("A", token="x")
    await watching.until("status.state === 'stopped'")
    assert (await watching.status())["problem"]["code"] == 4401


async def test_what_gives_fresh_ones_is_asked_each_time(watching: Watching) -> None:
    await watching.open()
    tokens = [lasting("A", left_s=1), lasting("A")]
    await watching.screen.run("(tokens) => { more = { token: () => tokens.shift() }; }", tokens)
    await watching.follow("A")
    await watching.live("ws")
    await watching.until("status.reconnects === 1 && status.state === 'live'")
    assert (await watching.status())["lost"] == 0


async def test_the_dashboard_shows_what_its_token_names(
    page: Screen, server: Server, http: aiohttp.ClientSession
) -> None:
    page.refusals.add(401)
    admin = Admin(http, server.url)
    await admin.inject([{"topic": topic, "set": {"price": "1"}} for topic in ("OURS", "THEIRS")])
    shown = lasting("OURS", "score:*")
    await page.open(f"{server.url}/?token={shown}")
    await page.sees("#state", "Live")
    await admin.inject([{"topic": topic, "set": {"price": "2.5"}} for topic in ("OURS", "THEIRS")])
    await page.sees("[data-topic='price:OURS'] [data-slot=price]", "2.5")
    assert await page.run("() => document.querySelectorAll('tr[data-topic]').length") == 1
    await page.page.fill("[name=q]", "our")
    await page.page.wait_for_url("**q=our**")
    assert f"token={shown}" in page.page.url, "who reloads sees the same"
