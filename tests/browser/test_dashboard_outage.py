"""The dashboard while doors are blocked, the network is gone or nobody looks."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.support.admin import Admin
from tests.support.browser import Screen
from tests.support.dashboard import GOAL, LIVE, MATCH, row
from tests.support.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Route

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FUSE_S = 15
_NO_SOCKETS = """
Math.random = () => 0;
const Real = WebSocket;
window.WebSocket = class { constructor(url) { return new Real(`${url}/nothing`); } };
"""
_LOOKED_AT = """(isHidden) => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  const state = isHidden ? "hidden" : "visible";
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.mark.parametrize(
    ("blocked", "badge"), [((), "Server-Sent Events"), (("**/sse?*",), "long poll")]
)
async def test_goes_on_at_another_door_and_says_which(
    page: Screen, server: Server, admin: Admin, blocked: tuple[str, ...], badge: str
) -> None:
    await admin.inject({"topic": "A", "data": {"price": "1"}})
    await page.page.add_init_script(_NO_SOCKETS)
    for door in blocked:
        await page.page.route(door, lambda route: route.abort())
    await page.open(server.url)
    await page.sees("#detail", f"{badge} · up to date")
    await admin.inject({"topic": "A", "set": {"price": "2"}})
    await page.sees(row("price:A", "price"), "2")
    await page.page.unroute_all(behavior="ignoreErrors")


async def test_offline_and_back_is_told(page: Screen, server: Server, admin: Admin) -> None:
    await admin.inject({"topic": "A", "data": {"price": "1"}})
    await page.page.clock.install()
    await page.open(server.url)
    await page.sees(LIVE)
    await page.page.context.set_offline(True)
    await page.page.clock.run_for(2_600)  # two heartbeats and a half
    await page.sees("#state", "Reconnecting")
    await admin.inject({"topic": "A", "set": {"price": "2"}})
    await page.page.context.set_offline(False)
    await page.sees(row("price:A", "price"), "2")
    said = r"^resumed after \d+(\.\d)? s, 1 caught up, 0 lost$"
    await page.reads("#detail", said)
    await page.reads("#said", f"^Live: {said[1:]}")


async def test_the_line_of_a_price_ends_where_an_outage_begins(
    page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject({"topic": "GAP", "data": {"price": "1"}})
    await page.page.clock.install()
    await page.open(server.url)
    await page.sees(LIVE)
    await page.page.clock.run_for(2_000)
    assert await _end(page) == 100
    await page.page.context.set_offline(True)
    await page.page.clock.run_for(20_000)
    await page.sees("#state", "Reconnecting")
    assert await _end(page) < 50
    await page.page.context.set_offline(False)


async def _end(page: Screen) -> float:
    """How far the line goes, of a hundred until now."""
    line = await page.page.locator(f"{row('price:GAP')} .trend path").get_attribute("d")
    assert line
    return float(line.rsplit("L", 1)[1].split(" ")[0])


async def test_the_past_is_asked_for_until_the_server_tells_it(
    page: Screen, server: Server, admin: Admin
) -> None:
    topic = "score:OUT.ARS-CHE"
    await admin.inject(
        [{"topic": topic, "data": MATCH, "event": GOAL}, {"topic": topic, "gone": True}]
    )
    page.refusals.add(503)
    asked: asyncio.Queue[Route] = asyncio.Queue()
    await page.page.route("**/history?*", asked.put_nowait)
    await page.page.clock.install()
    await page.open(server.url)
    await page.sees(LIVE)
    await admin.inject({"topic": topic, "data": MATCH})
    async with asyncio.timeout(FUSE_S):
        await (await asked.get()).fulfill(status=503)
        await page.page.clock.run_for(2_000)
        await (await asked.get()).abort()
        await page.page.clock.run_for(4_000)
        await (await asked.get()).continue_()
    await page.sees('[data-event="g-31"] .told', "Goal Saka, ARS")
    page.faults[:] = [fault for fault in page.faults if "net::ERR_" not in fault]


async def test_a_tab_that_was_hidden_is_up_to_date_at_once(
    page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject({"topic": "A", "data": {"price": "1"}})
    await page.page.clock.install()
    await page.open(server.url)
    await page.sees(LIVE)
    await page.run(_LOOKED_AT, True)  # noqa: FBT003
    await page.page.clock.run_for(60_000)
    await admin.inject({"topic": "A", "set": {"price": "2"}})
    await page.run(_LOOKED_AT, False)  # noqa: FBT003
    await page.page.clock.resume()
    await page.sees(row("price:A", "price"), "2")
    await page.sees("#state", "Live")
