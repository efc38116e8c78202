"""The page of the API: who can use it, on which screen, and what it gives to copy."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.test_dashboard_reach import AXE, JUDGE
from tests.support.browser import Screen, screen
from tests.support.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_OPEN_ALL = "() => document.querySelectorAll('details').forEach((each) => (each.open = true))"
_WIDTHS = "() => [document.documentElement.scrollWidth, innerWidth]"


@pytest.mark.parametrize(("scheme", "size"), [("light", (1440, 900)), ("dark", (360, 740))])
async def test_nothing_keeps_people_out(
    browser: "Browser", server: Server, scheme: str, size: tuple[int, int]
) -> None:
    width, height = size
    viewport = {"width": width, "height": height}
    async with screen(browser, viewport=viewport, color_scheme=scheme) as page:
        await page.page.context.add_init_script(path=AXE)
        await page.open(f"{server.url}/api")
        await page.sees(".copy")
        for call in ("poll", "inject", "frame-update", "type-Problem"):
            await page.page.locator(f"#{call}").evaluate("(each) => (each.open = true)")
        assert await page.run(JUDGE) == []
        await page.run(_OPEN_ALL)
        assert await page.run(_WIDTHS) == [width, width]
        assert page.faults == []


async def test_samples_go_to_this_server_and_are_copied(page: Screen, server: Server) -> None:
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.open(f"{server.url}/api#sse")
    await page.sees("#sse[open] .copy")
    await page.page.get_by_role("button", name="Copy: Python alone").click()
    await page.sees("#said", "Copied: Python alone")

    copied = await page.run("() => navigator.clipboard.readText()")
    assert copied.splitlines() == [
        "from urllib.request import urlopen",
        f'with urlopen("{server.url}/sse?topics=BTC-USD") as stream:',
        "    for line in stream:",
        '        print(line.decode(), end="")',
    ]


async def test_a_link_opens_what_it_leads_to(page: Screen, server: Server) -> None:
    await page.open(f"{server.url}/api")
    await page.page.locator("#ws .replies a").first.click()
    await page.sees("#type-Problem[open] td")
    await page.page.get_by_role("navigation", name="Contents").get_by_text("Close codes").click()
    await page.sees("#closings td", "too many commands for too long")
    await page.page.get_by_role("link", name="AsyncAPI").click()
    await page.page.wait_for_url("**/asyncapi.json")
    assert await page.run("() => JSON.parse(document.body.textContent).asyncapi") == "3.0.0"


async def test_without_scripts_it_is_whole(browser: "Browser", server: Server) -> None:
    async with screen(browser, java_script_enabled=False) as page:
        await page.open(f"{server.url}/api#poll")
        await page.page.locator("#poll summary").click()
        shown = page.page.locator("#poll .code code").first
        assert (await shown.text_content() or "").startswith("curl 'http://localhost:8080/poll")
        assert await page.page.locator(".copy").count() == 0
        assert page.faults == []
