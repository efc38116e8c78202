import json
import re
from pathlib import Path

import jinja2
from aiohttp.test_utils import TestClient, TestServer

from feed.app import running
from feed.clock import SystemClock
from feed.model.codec import JsonObject, encode
from feed.model.entry import Item
from feed.settings import Settings
from feed.web.pages import dashboard_context

NOW = 1_790_000_000_000
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
MARKUP = "</script><b onclick='x'>&\"\u2028"


def rendered(*items: Item) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.globals["static"] = lambda name: f"/static/{name}"
    context = dashboard_context("k3f9-7", items, NOW)
    return environment.get_template("dashboard.html").render(context)


def item(topic: str, data: JsonObject) -> Item:
    return Item(topic, 3, NOW, encode(data))


def start(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="start">(.*?)</script>', page, re.DOTALL)
    assert found
    value: dict[str, object] = json.loads(found[1])
    return value


def test_the_page_holds_every_item_and_the_place_to_go_on_from() -> None:
    page = rendered(
        item("price:BTC-USD", {"name": "Bitcoin", "price": "97204.15"}),
        item("score:EPL.ARS-CHE", {"home": {"name": "Arsenal", "score": 2}}),
    )
    assert 'data-topic="price:BTC-USD"' in page
    assert '<span data-slot="price">97,204.15</span>' in page
    assert '<span class="score" data-slot="home_score">2</span>' in page
    assert start(page) == {
        "cursor": "k3f9-7",
        "now": NOW,
        "items": [
            {
                "topic": "price:BTC-USD",
                "v": 3,
                "ts": NOW,
                "data": {"name": "Bitcoin", "price": "97204.15"},
            },
            {
                "topic": "score:EPL.ARS-CHE",
                "v": 3,
                "ts": NOW,
                "data": {"home": {"name": "Arsenal", "score": 2}},
            },
        ],
    }


def test_an_empty_feed_says_so() -> None:
    page = rendered()
    assert '<p class="empty" data-empty="price">No prices yet.</p>' in page
    assert '<p class="empty" data-empty="score">No matches yet.</p>' in page
    assert 'data-empty="price" hidden' in rendered(item("price:A", {}))


def test_markup_in_values_stays_text() -> None:
    page = rendered(item("price:A", {"name": MARKUP}), item("score:A", {"league": MARKUP}))
    assert "<b" not in page.replace("<body>", "")
    assert "&lt;/script&gt;&lt;b onclick=&#39;x&#39;&gt;&amp;&#34;" in page
    assert [i["data"] for i in start(page)["items"]] == [  # type: ignore[attr-defined]
        {"name": MARKUP},
        {"league": MARKUP},
    ]


def test_nothing_in_the_page_needs_an_exception_from_its_policy() -> None:
    page = rendered(item("price:A", {"price": "1"}), item("score:A", {}))
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    for attributes in re.findall(r"<script([^>]*)>", page):
        assert "src=" in attributes or 'type="application/json"' in attributes


async def test_the_dashboard_shows_what_the_hub_holds() -> None:
    token = "a-token-of-at-least-32-characters"
    settings = Settings(log="memory:", sources=False, drain_s=0, admin_token=(token,))
    async with (
        running(settings, SystemClock()) as app,
        TestClient(TestServer(app)) as client,
    ):
        change = {"topic": "price:BTC-USD", "data": {"price": "97204.15"}}
        authorized = {"Authorization": f"Bearer {token}"}
        async with client.post("/admin/inject", json=change, headers=authorized) as answer:
            cursor = (await answer.json())["cursor"]
        async with client.get("/") as answer:
            page = await answer.text()
    assert answer.content_type == "text/html"
    assert '<span data-slot="price">97,204.15</span>' in page
    assert start(page)["cursor"] == cursor
    assert re.search(r'src="/static/dashboard\.js\?v=[0-9a-f]+"', page)
