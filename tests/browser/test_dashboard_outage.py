"""The dashboard while doors are blocked, the network is gone or nobody looks."""

import pytest

from tests.support.admin import Admin
from tests.support.browser import Screen
from tests.support.dashboard import LIVE, row
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

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
