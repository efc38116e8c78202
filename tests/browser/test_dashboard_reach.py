"""Who can use the dashboard: axe-core's judgement, and the keyboard alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.admin import Admin
from tests.support.browser import Screen, screen
from tests.support.dashboard import GOAL, LIVE, MATCH
from tests.support.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
JUDGE = """async () => {
  document.getAnimations().forEach((animation) => animation.finish());
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.map(({ id, impact, nodes }) => [id, impact, nodes.map(({ html }) => html)]);
}"""
ITEMS: list[dict[str, Any]] = [
    {"topic": f"{state}.X", "data": {
        "name": state, "price": "12.5", "change": change, "change_pct": change, "currency": "USD",
        "state": state, "why": "" if state == "live" else "the reason"}}
    for state, change in (("live", "1"), ("stale", "-1"), ("halted", "0"), ("down", "1"),
                          ("closed", "-1"))
]  # fmt: skip


@pytest.mark.parametrize(("theme", "size"), [("light", (1440, 900)), ("dark", (360, 740))])
async def test_nothing_keeps_people_out(
    browser: "Browser", server: Server, admin: Admin, theme: str, size: tuple[int, int]
) -> None:
    topic = f"score:REACH.{theme}-{size[0]}"
    void = {"op": "void", "id": "g-31", "kind": "goal", "data": {"why": "offside"}}
    await admin.inject([*ITEMS, {"topic": topic, "data": MATCH, "event": GOAL}])
    await admin.inject([{"topic": topic, "event": void}, {"topic": f"{topic}-2", "data": MATCH}])
    await admin.inject({"topic": f"{topic}-2", "set": {"state": "stale", "why": "no answer"}})
    viewport = {"width": size[0], "height": size[1]}
    async with screen(browser, viewport=viewport, reduced_motion="reduce") as page:
        await page.page.context.add_init_script(path=AXE)
        await page.open(f"{server.url}/?theme={theme}&pin=live.X")
        await page.sees(LIVE)
        assert await page.run(JUDGE) == []
        await page.page.locator(".menu summary").click()
        await page.page.locator("[name=hide]").check()
        assert await page.run(JUDGE) == []
        await page.page.keyboard.press("Escape")
        await page.page.locator(".badge summary").click()
        assert await page.run(JUDGE) == []
        await page.page.get_by_role("button", name="stale").click()
        await page.sees("dialog[open] canvas")
        assert await page.run(JUDGE) == []
        assert page.faults == []


async def test_everything_is_reached_by_the_keyboard(
    page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject([ITEMS[0], {"topic": "score:REACH.KEYS", "data": MATCH}])
    await page.page.set_viewport_size({"width": 1440, "height": 900})
    await page.open(server.url)
    await page.sees(LIVE)
    where = """() => {
      const { localName, name, textContent, className } = document.activeElement;
      return name || className || `${localName} ${textContent.trim().split(/\\s/)[0]}`;
    }"""
    seen = []
    for _ in range(15):
        await page.page.keyboard.press("Tab")
        seen.append(await page.run(where))
    assert seen == [
        "skip", "brand", "q", "summary View", "summary Live",
        *["sort"] * 7, "pin", "button live", "pin",
    ]  # fmt: skip


async def test_numbers_that_tick_are_not_read_out(
    page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject(ITEMS[0])
    await page.open(server.url)
    await page.sees(LIVE)
    live = """() => [...document.querySelectorAll("[aria-live], [role=log], [role=status], output")]
      .map((region) => region.id)"""
    assert sorted(await page.run(live)) == ["behind", "log", "said"]
    await admin.inject({"topic": "live.X", "set": {"price": "13"}})
    await page.sees("[data-slot=price]", "13")
    assert await page.texts("#log") == [""]
    assert await page.texts("#said") == [""]
