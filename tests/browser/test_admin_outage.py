"""The admin page while the server is there, and does not answer."""

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.support.admin import Admin
from tests.support.admin_page import attend, choose, sign_in
from tests.support.browser import Screen
from tests.support.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Route

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TOPIC = "score:EPL.SILENT"
MATCH = {"phase": "live", "home": {"name": "Arsenal", "score": 1}, "away": {"score": 0}}


@pytest_asyncio.fixture(loop_scope="session")
async def patient(page: Screen, server: Server) -> Screen:
    """The page of an admin who can wait long, in no time."""
    await page.page.clock.install()
    await sign_in(page, server)
    return page


async def test_a_server_that_hangs_gives_no_answer(patient: Screen) -> None:
    await patient.page.route("**/admin/state", lambda _route: None)
    async with patient.page.expect_request("**/admin/state"):
        await patient.run("() => dispatchEvent(new Event('focus'))")
    await patient.page.clock.run_for(10_000)
    await patient.sees("#touch-words", "No answer from the server")
    await patient.page.unroute_all(behavior="ignoreErrors")
    await patient.run("() => dispatchEvent(new Event('focus'))")
    await patient.sees("#touch-words", "In touch")


async def test_what_was_sent_is_said_apart_from_what_came_to_no_answer(
    patient: Screen, admin: Admin
) -> None:
    await admin.inject({"topic": "price:SILENT", "data": {"name": "Silent", "price": "1"}})
    await attend(patient, "SILENT", "v 1 · Silent")
    await patient.page.fill("#price", "2")
    await patient.page.route("**/admin/inject?dry_run=1", lambda _route: None)
    async with patient.page.expect_request("**/admin/inject?dry_run=1"):
        await patient.page.click("#try")
    await patient.page.clock.run_for(10_000)
    await patient.sees("#says", "No answer. Nothing was sent.")
    await patient.page.unroute_all(behavior="ignoreErrors")
    await patient.page.click("#try")
    await patient.page.wait_for_selector("#send[aria-disabled=false]:focus")
    await patient.page.route("**/snapshot?*", lambda _route: None)
    await patient.page.click("#send")
    sent = await patient.reads("#says", "^Sent: price:SILENT at v 2")
    await patient.page.clock.run_for(10_000)
    await patient.page.wait_for_selector("#change[aria-busy=false]")
    assert await patient.texts("#says") == [sent]


async def test_what_may_be_done_is_said_to_be_so_and_is_done_once(
    patient: Screen, admin: Admin
) -> None:
    async def keep(route: "Route") -> None:
        await route.fetch()

    await admin.inject({"topic": TOPIC, "data": MATCH})
    await choose(patient, "kind", "event")
    await attend(patient, TOPIC, "v 1 · Arsenal 1")
    await patient.page.fill("#event_kind", "goal")
    await patient.page.select_option("#side", "home")
    await patient.page.click("#try")
    await patient.page.wait_for_selector("#send[aria-disabled=false]:focus")
    await patient.page.route("**/admin/inject", keep)
    await patient.page.click("#send")
    await patient.page.locator("#now", has_text="v 2").wait_for()
    await patient.page.clock.run_for(10_000)
    words = "No answer: it may be done, or not. Send it again, it is done only once."
    await patient.sees("#says", words)
    await patient.page.unroute_all(behavior="ignoreErrors")
    await patient.page.click("#send")
    await patient.reads("#says", f"^It was sent already: {TOPIC} at v 2")
    assert (await admin.snapshot(TOPIC))[TOPIC]["v"] == 2
