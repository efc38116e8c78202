"""Topics that are named as the language's own things are, and markup in the page's URL."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.support.admin import Admin
from tests.support.browser import Screen, screen
from tests.support.dashboard import LIVE, row
from tests.support.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAMES = ("__proto__", "constructor", "hasOwnProperty", "toString")
MARKUP = "</title></script><img src=x onerror='window.bad=1'>"


async def _is_sound(page: Screen) -> None:
    assert await page.run("() => document.querySelectorAll('img').length") == 0
    assert await page.run("() => [window.bad ?? null, {}.price ?? null]") == [None, None]


async def test_a_topic_may_have_any_name(page: Screen, server: Server, admin: Admin) -> None:
    await admin.inject([{"topic": name, "data": {"price": "1.00"}} for name in NAMES])
    match = {"home": {"name": "A", "score": 0}, "away": {"name": "B", "score": 0}, "phase": "live"}
    await admin.inject([{"topic": f"score:{name}", "data": match} for name in NAMES])
    await page.open(server.url)
    await page.sees(LIVE)
    for name in NAMES:
        await page.sees(row(f"price:{name}", "price"), "1.00")
        event = {"kind": name, "id": name, "data": {name: name, "side": "home"}}
        await admin.inject(
            [
                {"topic": name, "set": {"price": "2.00", name: {name: "x"}}},
                {"topic": f"score:{name}", "set": {"home": {"score": 1}}, "event": event},
            ]
        )
        await page.sees(row(f"price:{name}", "price"), "2.00")
        await page.sees(row(f"score:{name}", "home_score"), "1")
    await _is_sound(page)


@pytest.mark.parametrize("scripts", [True, False])
async def test_what_the_url_says_stays_text(
    browser: "Browser", server: Server, admin: Admin, *, scripts: bool
) -> None:
    await admin.inject([{"topic": name, "data": {"price": "1.00"}} for name in NAMES])
    names = ("q", "sort", "pin", "delay", "hide", "chart", "wall", "token", "__proto__", MARKUP)
    async with screen(browser, java_script_enabled=scripts) as page:
        for says in (MARKUP, "__proto__", "-constructor", ",".join(NAMES), "\u202e\u0007"):
            query = urlencode(dict.fromkeys(names, says))
            await page.open(f"{server.url}/?{query}")
            await page.sees("main")
            if scripts:
                await page.sees(LIVE)
                await _is_sound(page)
