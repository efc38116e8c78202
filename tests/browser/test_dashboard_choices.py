"""What a reader chooses on the dashboard, and how the URL says it."""

from typing import TYPE_CHECKING

import pytest

from tests.support.admin import Admin
from tests.support.browser import Screen, screen
from tests.support.dashboard import GOAL, LIVE, MATCH, row
from tests.support.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PRICES = [
    {"topic": "BTC-USD", "data": {"name": "Bitcoin", "price": "67250.00", "change_pct": "-0.5"}},
    {"topic": "ETH-USD", "data": {"name": "Ether", "price": "3480.00", "change_pct": "1.5"}},
    {"topic": "SAP", "data": {"price": "212.00", "change_pct": "0.1", "currency": "EUR"}},
]
SCORE = "score:EPL.ARS-CHE"
HIDDEN = "score:CUP.ARS-CHE"
SPURS = MATCH | {"home": {"name": "Tottenham", "score": 0}, "away": {"name": "Leeds", "score": 3}}
NAMES = "[data-list=price] tr:not([hidden]) [data-slot=name]"
FIRST = "[data-list=price] tr:first-child [data-slot=name]"


async def test_a_column_sorts_by_its_head(page: Screen, server: Server, admin: Admin) -> None:
    await admin.inject(PRICES)
    await page.open(server.url)
    await page.sees(LIVE)
    assert await page.texts(NAMES) == ["Bitcoin", "Ether", "SAP"]
    await page.page.get_by_role("button", name="Price").click()
    await page.sees("th[data-column=price][aria-sort=descending]")
    assert await page.texts(NAMES) == ["Bitcoin", "Ether", "SAP"]
    await page.page.keyboard.press("Enter")
    await page.sees("th[data-column=price][aria-sort=ascending]")
    assert await page.texts(NAMES) == ["SAP", "Ether", "Bitcoin"]
    assert await page.page.locator("[aria-sort]").count() == 1
    await page.page.wait_for_url("**/?sort=price")
    await admin.inject({"topic": "SAP", "set": {"price": "99999"}})
    await page.sees(FIRST, "Ether")
    assert await page.texts(NAMES) == ["Ether", "Bitcoin", "SAP"]


async def test_a_filter_leaves_what_is_called_so(
    page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject([*PRICES, {"topic": SCORE, "data": MATCH}])
    await page.open(server.url)
    await page.sees(LIVE)
    await page.page.keyboard.press("/")
    await page.page.keyboard.type("bit")
    await page.sees("[data-count=price]", "1 of 3")
    assert await page.texts(NAMES) == ["Bitcoin"]
    await page.sees("[data-empty=score]", "Nothing here is called “bit”.")
    await page.page.wait_for_url("**/?q=bit")
    await page.page.keyboard.press("Enter")  # is no way to press another button of the form
    assert await page.page.locator("th[data-column=name][aria-sort=ascending]").count() == 1
    await admin.inject({"topic": "BIT-EUR", "data": {"price": "1"}})
    await page.sees("[data-count=price]", "2 of 4")
    await page.page.locator("[name=q]").fill("")
    await page.sees("[data-count=price]", "4")
    assert not await page.page.locator("[data-empty=score]").is_visible()


async def test_pins_stay_at_the_top_and_keep_the_focus(
    page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject([*PRICES, {"topic": SCORE, "data": MATCH}])
    await admin.inject({"topic": "score:EPL.TOT-LEE", "data": SPURS})
    await page.open(server.url)
    await page.sees(LIVE)
    star = page.page.get_by_role("checkbox", name="Pin SAP to the top")
    await star.focus()
    await page.page.keyboard.press("Space")
    await page.sees(FIRST, "SAP")
    assert await star.evaluate("(star) => star === document.activeElement")
    await page.page.get_by_role("checkbox", name="Pin EPL.TOT-LEE to the top").click()
    await page.sees(".match:first-child [data-slot=home_name]", "Tottenham")
    await page.page.wait_for_url("**/?pin=SAP,score:EPL.TOT-LEE")
    await page.page.reload()
    await page.sees(LIVE)
    assert await page.texts(NAMES) == ["SAP", "Bitcoin", "Ether"]
    await star.uncheck()
    await page.sees(FIRST, "Bitcoin")


async def test_a_link_shows_what_was_shared(page: Screen, server: Server, admin: Admin) -> None:
    await admin.inject([*PRICES, {"topic": SCORE, "data": MATCH}])
    shared = "?q=u&sort=-change&pin=BTC-USD&delay=7&hide=1&still=1&big=1&theme=light"
    await page.open(f"{server.url}/{shared}")
    await page.sees(LIVE)
    root = "html[data-theme=light][data-hide][data-still][data-big]"
    assert await page.page.locator(root).count() == 1
    controls = """() => Object.fromEntries(
      [...new FormData(document.getElementById("view"))].filter(([name]) => name !== "pin"))"""
    assert await page.run(controls) == {
        "sort": "-change", "q": "u", "delay": "7", "hide": "1",
        "still": "1", "big": "1", "theme": "light",
    }  # fmt: skip
    await page.sees("#state", "Live, 7 s behind")
    assert await page.texts("#chosen") == ["7 s behind, scores hidden"]
    await page.page.locator(".menu summary").click()
    await page.page.get_by_label("Dark").check()
    await page.sees("html[data-theme=dark]")
    await page.page.wait_for_url(f"**/{shared.replace('light', 'dark')}")
    await page.page.keyboard.press("Escape")
    assert not await page.page.locator(".menu[open]").count()


async def test_scores_are_hidden_until_they_are_asked_for(
    page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject([{"topic": HIDDEN, "data": MATCH, "event": GOAL}])
    await admin.inject({"topic": "score:CUP.TOT-LEE", "data": SPURS})
    await page.open(f"{server.url}/?hide=1")
    await page.sees(LIVE)
    card = page.page.locator(row(HIDDEN))
    score = card.locator("[data-slot=home_score]")
    assert not await score.is_visible()
    assert not await card.locator(".events").is_visible()
    told = {"kind": "goal", "id": "g-2", "data": {"side": "home"}}
    await admin.inject({"topic": HIDDEN, "set": {"home": {"score": 2}}, "event": told})
    await page.sees(row(HIDDEN, "home_score"), "2")
    assert await page.texts("#log p") == []
    await card.get_by_role("button", name="Show score").click()
    assert await score.is_visible()
    assert await card.locator(".events").is_visible()
    assert not await page.page.locator(row("score:CUP.TOT-LEE", "home_score")).is_visible()
    await admin.inject({"topic": HIDDEN, "event": {"op": "void", "id": "g-2", "kind": "goal"}})
    await page.sees("#log p", "Goal taken back. Arsenal 2, Chelsea 0.")


async def test_the_page_can_be_as_late_as_a_television(
    page: Screen, server: Server, admin: Admin
) -> None:
    await page.open(server.url)
    await page.sees(LIVE)
    await page.page.locator(".menu summary").click()
    slider = page.page.get_by_role("slider", name="My TV is behind by")
    await slider.focus()
    await page.page.keyboard.press("ArrowRight")
    await page.sees("#behind", "1 s")
    await page.sees("#state", "Live, 1 s behind")
    await page.page.wait_for_url("**/?delay=1")
    await admin.inject({"topic": "LATE", "data": {"price": "1"}})
    await page.sees(row("price:LATE", "price"), "1")
    assert await admin.snapshot("LATE", delay_ms=1000)  # who sees it earlier sees it too early


async def test_nothing_flashes_where_the_reader_says_so(
    browser: "Browser", server: Server, admin: Admin
) -> None:
    await admin.inject(PRICES)
    async with screen(browser) as page:
        await page.open(f"{server.url}/?still=1")
        await page.sees(LIVE)
        await admin.inject({"topic": "SAP", "set": {"price": "213.00"}})
        await page.sees(row("price:SAP", "price"), "213.00")
        assert await page.run("() => document.getAnimations().length") == 0
        assert page.faults == []
