"""The dashboard in Chromium, on a real server."""

import asyncio
import re
from typing import TYPE_CHECKING

import aiohttp
import pytest

from feed.model.codec import encode
from feed.model.entry import Item
from feed.web.view import price_view, score_view
from tests.support.admin import Admin
from tests.support.browser import Screen, screen
from tests.support.dashboard import GOAL, LIVE, MATCH, row
from tests.support.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

MARKUP = "</script><img src=x onerror='window.bad=1'><b>&amp;\"`"


async def slots(page: Screen, topic: str) -> dict[str, str]:
    """What a row or a card says, but for what moves with time alone."""
    said: dict[str, str] = await page.run(
        """(selector) => Object.fromEntries([...document.querySelectorAll(selector)]
             .map((slot) => [slot.dataset.slot, slot.textContent]))""",
        f"{row(topic)} [data-slot]:not(.events *)",
    )
    del said["age"]
    return said


async def snapshot(http: aiohttp.ClientSession, server: Server) -> dict[str, dict[str, str]]:
    """What `/snapshot` holds, as the server would write it into the page."""
    async with http.get(f"{server.url}/snapshot?topics=*") as answer:
        items = (await answer.json())["items"]
    views = {}
    for each in items:
        item = Item(each["topic"], each["v"], each["ts"], encode(each["data"]))
        view = price_view(item, 0) if item.topic.startswith("price:") else score_view(item, 0)
        views[item.topic] = view
    return views


async def test_without_scripts_it_is_a_full_page(
    browser: "Browser", server: Server, admin: Admin
) -> None:
    await admin.inject(
        [
            {"topic": "price:BTC-USD", "data": {"name": "Bitcoin", "price": "97204.15"}},
            {"topic": "score:EPL.ARS-CHE", "data": MATCH},
        ]
    )
    async with screen(browser, java_script_enabled=False) as page:
        await page.open(server.url)
        await page.sees(row("price:BTC-USD", "price"), "97,204.15")
        await page.sees(row("score:EPL.ARS-CHE", "home_score"), "1")
        await page.sees(row("score:EPL.ARS-CHE", "clock"), "67:00")
        await page.page.locator("th.price button").click()
        await page.page.wait_for_url("**sort=-price**")
        assert await page.texts(row("price:BTC-USD", "price")) == ["97,204.15"]
        await page.page.locator("[name=q]").fill("chelsea")
        await page.page.locator("[name=q]").press("Enter")
        await page.page.wait_for_url("**q=chelsea**")
        await page.sees(f"{row('price:BTC-USD')}[hidden]")
        assert await page.page.locator(row("score:EPL.ARS-CHE")).is_visible()
        [state] = await page.texts("#state")
        assert re.fullmatch(r"As of \d\d:\d\d:\d\d UTC", state)
        assert await page.page.locator("noscript .note").is_visible()
        left = await page.page.locator(".prices").bounding_box()
        assert left is not None
        assert left["x"] < 20
        assert page.faults == []


async def test_nothing_jumps_when_the_scripts_take_over(
    browser: "Browser", page: Screen, server: Server, admin: Admin
) -> None:
    await admin.inject(
        [
            {"topic": "price:B", "data": {"name": "beta", "price": "1", "change": "-1"}},
            {"topic": "price:A", "data": {"name": "Gamma", "price": "2", "state": "stale"}},
            {"topic": "score:B", "data": MATCH | {"phase": "post"}},
            {"topic": "score:A", "data": MATCH},
        ]
    )
    measure = """() => [...document.querySelectorAll("[data-topic]")].map((row) => {
      const { x, y, width, height } = row.getBoundingClientRect();
      const drawn = / d="[^"]*"/g;  // of sparklines: the past comes when it comes
      const html = row.outerHTML.replace(drawn, "");
      return { topic: row.dataset.topic, x, y, width, height, html };
    })"""
    async with screen(browser) as bare:
        await bare.page.route(
            "**/*.js*", lambda route: route.fulfill(body="", content_type="text/javascript")
        )
        await bare.open(server.url)
        before = await bare.run(measure)
        assert bare.faults == []
    assert [each["topic"] for each in before] == ["price:B", "price:A", "score:A", "score:B"]
    await page.open(server.url)
    await page.sees(LIVE)
    for is_now, was in zip(await page.run(measure), before, strict=True):
        assert is_now == was
    assert await page.texts("[data-slot=title]") == ["Arsenal – Chelsea"] * 2
    assert await page.texts("[data-slot=name]") == ["beta", "Gamma"]


async def test_an_injected_price_and_a_goal_appear(
    page: Screen, server: Server, admin: Admin
) -> None:
    topic = "score:EPL.ARS-CHE"
    await page.open(server.url)
    await page.sees(LIVE)
    assert await page.page.locator("[data-empty=price]").is_visible()
    await admin.inject(
        [
            {"topic": "BTC-USD", "data": {"name": "Bitcoin", "price": "70000.00"}},
            {"topic": topic, "data": MATCH},
        ]
    )
    await page.sees(row("price:BTC-USD", "price"), "70,000.00")
    assert not await page.page.locator("[data-empty=price]").is_visible()
    assert await page.texts("[data-count]") == ["1", "1"]

    await admin.inject({"topic": topic, "set": {"home": {"score": 2}}, "event": GOAL})
    await page.sees(row(topic, "home_score"), "2")
    line = '[data-event="g-31"]'
    await page.sees(f"{line} .told", "Goal Saka, ARS")
    await page.sees("#log p", "Goal. Arsenal 2, Chelsea 0.")
    assert not await page.page.locator(f"{line}[data-taken]").count()

    void = {"op": "void", "id": "g-31", "data": {"why": "offside"}}
    await admin.inject({"topic": topic, "set": {"home": {"score": 1}}, "event": void})
    await page.sees(f"{line}[data-taken] .taken", "taken back: offside")
    await page.sees(row(topic, "home_score"), "1")
    struck = "(line) => getComputedStyle(document.querySelector(line)).textDecorationLine"
    assert await page.run(struck, f"{line} .told") == "line-through"

    await admin.inject({"topic": "BTC-USD", "gone": True})
    await page.page.locator(row("price:BTC-USD")).wait_for(state="detached")
    assert await page.page.locator("[data-empty=price]").is_visible()


async def test_rows_come_in_their_order(page: Screen, server: Server, admin: Admin) -> None:
    await page.open(server.url)
    await page.sees(LIVE)
    for name in ("mid", "last", "first"):
        await admin.inject({"topic": name, "data": {"price": "1"}})
        await page.sees(row(f"price:{name}"))
    await page.reads("[data-list=price] tr:last-child [data-slot=name]", "^mid$")
    assert await page.texts("[data-slot=name]") == ["first", "last", "mid"]
    await admin.inject({"topic": "first", "set": {"name": "Zulu"}})
    await page.sees("[data-list=price] tr:last-child [data-slot=name]", "Zulu")
    assert await page.texts("[data-slot=name]") == ["last", "mid", "Zulu"]


async def test_heals_after_the_server_was_killed(
    page: Screen, server: Server, admin: Admin, http: aiohttp.ClientSession
) -> None:
    await admin.inject(
        [
            {"topic": "price:BTC-USD", "data": {"price": "1.00"}},
            {"topic": "price:OLD", "data": {"price": "5"}},
            {"topic": "score:EPL.ARS-CHE", "data": MATCH},
        ]
    )
    await page.open(server.url)
    await page.sees(LIVE)
    server.kill()
    await page.sees("html[data-connection=retrying]")
    await page.sees("#state", "Reconnecting")
    await asyncio.to_thread(server.start)
    goal = {"kind": "goal", "id": "g-1", "data": {"side": "home"}}
    await admin.inject(
        [
            {"topic": "price:BTC-USD", "set": {"price": "2.00"}},
            {"topic": "price:OLD", "gone": True},
            {"topic": "price:NEW", "data": {"price": "9"}},
            {"topic": "score:EPL.ARS-CHE", "set": {"home": {"score": 2}}, "event": goal},
        ]
    )
    await page.reads("#detail", r"^resumed after \d+(\.\d)? s, \d+ caught up, 0 lost$")
    await page.sees('[data-event="g-1"] .told', "Goal ARS")
    await page.page.locator(row("price:OLD")).wait_for(state="detached")
    views = await snapshot(http, server)
    assert views.keys() == {"price:BTC-USD", "price:NEW", "score:EPL.ARS-CHE"}
    for topic, view in views.items():
        assert (await slots(page, topic)).items() <= view.items()


async def test_markup_in_every_field_stays_text(page: Screen, server: Server, admin: Admin) -> None:
    names = ("name", "currency", "why")
    team = {"name": MARKUP, "abbr": MARKUP}
    fields = ("sport", "league", "period", "name", "why")
    event = {
        "kind": MARKUP,
        "id": MARKUP,
        "data": {"side": "home", "who": MARKUP, "clock": MARKUP, "score": [MARKUP, 0]},
    }
    changes = [
        {"topic": "price:A", "data": dict.fromkeys(names, MARKUP) | {"__proto__": {"bad": 1}}},
        {
            "topic": "score:A",
            "data": dict.fromkeys(fields, MARKUP) | {"home": team, "away": team},
        },
    ]
    await page.open(server.url)
    await page.sees(LIVE)
    await admin.inject(changes)
    await admin.inject({"topic": "score:A", "event": event})
    await admin.inject(
        {"topic": "score:A", "event": {"op": "void", "id": MARKUP, "data": {"why": MARKUP}}}
    )
    await page.sees(".events .taken", f"taken back: {MARKUP}")
    await page.sees(".events .told")
    await _is_plain(page)
    await page.open(server.url)
    await page.sees(LIVE)
    await _is_plain(page)


async def _is_plain(page: Screen) -> None:
    assert await page.texts(row("price:A", "name")) == [MARKUP]
    assert await page.texts(row("score:A", "league")) == [MARKUP]
    assert await page.texts(row("score:A", "home_name")) == [MARKUP]
    assert await page.run("() => document.querySelectorAll('img, b').length") == 0
    assert await page.run("() => [window.bad ?? null, {}.bad ?? null]") == [None, None]


@pytest.mark.parametrize(("motion", "flashes"), [("no-preference", 1), ("reduce", 0)])
async def test_a_change_flashes_unless_motion_is_unwelcome(
    browser: "Browser", server: Server, admin: Admin, motion: str, flashes: int
) -> None:
    await admin.inject({"topic": "A", "data": {"price": "1"}})
    async with screen(browser, reduced_motion=motion) as page:
        await page.open(server.url)
        await page.sees(LIVE)
        await page.run(
            """(selector) => {
              const price = document.querySelector(selector);
              const seen = new MutationObserver(() => requestAnimationFrame(() => {
                document.body.dataset.flashes = String(price.getAnimations().length);
              }));
              seen.observe(price, { childList: true, characterData: true, subtree: true });
            }""",
            row("price:A", "price"),
        )
        await admin.inject({"topic": "A", "set": {"price": "2"}})
        await page.sees(f'body[data-flashes="{flashes}"]')
        assert page.faults == []


async def test_fits_every_screen(page: Screen, demo: Server) -> None:
    overflow = """() => ["html", "table"].map((selector) => {
      const box = document.querySelector(selector);
      return box.scrollWidth - box.clientWidth;
    })"""
    await page.open(demo.url)
    await page.sees(LIVE)
    for width in (320, 360, 640, 820, 1120, 1440, 2560):
        await page.page.set_viewport_size({"width": width, "height": 800})
        assert await page.run(overflow) == [0, 0], width


async def test_the_demo_moves(page: Screen, demo: Server) -> None:
    await page.open(demo.url)
    await page.run(
        """() => {
          const seen = new MutationObserver((changes) => {
            for (const { target } of changes) {
              const slot = (target.parentElement ?? target).dataset?.slot;
              if (slot === "price") document.body.dataset.price = "moved";
              if (slot === "clock") document.body.dataset.clock = "moved";
            }
          });
          const all = { childList: true, characterData: true, subtree: true };
          seen.observe(document.querySelector("main"), all);
        }"""
    )
    await page.sees("body[data-price=moved][data-clock=moved]")
