import json
import re
from pathlib import Path

import jinja2
from aiohttp.test_utils import TestClient, TestServer

from feed.app import running
from feed.clock import SystemClock
from feed.model.codec import JsonObject, encode
from feed.model.entry import Item
from feed.model.topic import ALL
from feed.settings import Settings
from feed.web.choices import Choices
from feed.web.pages import dashboard_context

NOW = 1_790_000_000_000
DEFAULT = Choices()
GOAL = {"id": "g-1", "op": "add", "kind": "goal", "ts": NOW, "data": {"who": "</script><b>"}}
VOID = {"id": "g-1", "op": "void", "kind": "goal", "ts": NOW, "data": {"why": "offside"}}
EVENTS = {"score:A": [encode(GOAL), encode(VOID)]}
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
ROWS = [("A", "alpha", "5"), ("B", "beta", "-1"), ("C", "C", "2")]
MARKUP = "</script><b onclick='x'>&\"\u2028"


STATIC = Path(__file__).resolve().parents[2] / "feed" / "static"


def rendered(*items: Item, choices: Choices = DEFAULT) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.globals["static"] = lambda name: f"/static/{name}"
    context = dashboard_context("k3f9-7", ALL, items, EVENTS, NOW, choices)
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
        "filters": ["*"],
        "now": NOW,
        "events": {"score:A": [GOAL, VOID]},
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


def test_what_happened_in_a_match_is_on_its_card() -> None:
    page = rendered(item("score:A", {}), item("score:B", {}))
    said = re.findall(r'<li data-event="g-1" data-kind="goal" data-taken="">(.*?)</li>', page, re.S)
    assert ["taken back: offside" in line for line in said] == [True]
    assert '<span data-slot="who">&lt;/script&gt;&lt;b&gt;</span>' in said[0]
    assert re.findall(r"hidden>All (\d) events", page) == ["1", "0", "0"]


def test_an_empty_feed_says_so() -> None:
    page = rendered()
    assert re.search(r'<p class="empty" data-empty="price">\s*No prices yet\. They', page)
    assert re.search(r'<p class="empty" data-empty="score">\s*No matches yet\. They', page)
    assert 'data-empty="price" hidden' in rendered(item("price:A", {}))


def test_markup_in_values_stays_text() -> None:
    page = rendered(item("price:A", {"name": MARKUP}), item("score:A", {"league": MARKUP}))
    assert "<b" not in re.sub("<(body|button)", "", page)
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


def test_the_url_says_what_is_on_the_page_and_how() -> None:
    prices = [item(f"price:{key}", {"name": name, "price": p}) for key, name, p in ROWS]
    choices = Choices(
        sort="-price", q="a", pins=frozenset({"price:C"}), theme="dark", hide=True, still=True
    )
    page = rendered(*prices, choices=choices)
    assert '<html lang="en" data-theme="dark" data-hide data-still>' in page
    rows = re.findall(r'<tr role="row" data-topic="(price:\w)"([^>]*)>', page)
    assert [topic for topic, _ in rows] == ["price:C", "price:A", "price:B"]
    assert ["data-pinned" in rest for _, rest in rows] == [True, False, False]
    assert [rest.endswith(" hidden") for _, rest in rows] == [True, False, False]
    assert re.findall(r'data-column="(\w+)" aria-sort="(\w+)"', page) == [("price", "descending")]
    assert re.findall(r'name="sort" data-first="-?(\w+)" value="([^"]*)"', page)[:3] == [
        ("name", "name"),
        ("price", "price"),
        ("change", "-change"),
    ]


def test_a_delayed_page_tells_ages_and_clocks_of_then() -> None:
    clock: JsonObject = {"ms": 60_000, "at": NOW - 30_000, "running": True}
    page = rendered(item("score:A", {"phase": "live", "clock": clock}), choices=Choices(delay_s=20))
    assert '<span data-slot="clock">1:10</span>' in page


def test_every_module_of_the_page_is_fetched_ahead() -> None:
    ahead = re.findall(r'rel="modulepreload" href="/static/dashboard/(\w+)\.js"', rendered())
    assert ahead == sorted(path.stem for path in (STATIC / "dashboard").glob("*.js"))


def test_without_scripts_the_page_comes_again() -> None:
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in rendered()


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
        async with client.get("/?delay=1") as answer:
            assert answer.status == 200
        async with client.get("/") as answer:
            page = await answer.text()
    assert answer.content_type == "text/html"
    assert '<span data-slot="price">97,204.15</span>' in page
    assert start(page)["cursor"] == cursor
    assert re.search(r'src="/static/dashboard\.js\?v=[0-9a-f]+"', page)
