"""The server's and the browser's views of the same items are the same."""

import pytest

from feed.model.codec import encode
from feed.model.entry import Item
from feed.web.view import age_text, price_order, price_view, score_order, score_view
from tests.support.browser_feed import FeedPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NOW = 1_790_000_000_000
ITEMS: list[dict[str, object]] = [
    {},
    {"name": "Bitcoin", "currency": "USD", "price": "97204.15", "change": "0.05", "state": "live"},
    {"price": "-1234567.8900", "change": "-0.00", "change_pct": "0", "why": "no answer"},
    {"price": "0.00001234", "change": "-1412.55", "change_pct": "-1.43", "volume": "0.00012"},
    {"price": "1e9", "change": "<b>", "volume": "abc", "bid": 12, "ask": 0, "name": ["x"]},
    {"volume": "1204.539", "low": "999", "high": "1000", "currency": "<i>"},
    {"volume": "99999", "name": "Ärger", "change": "+1"},
    {"volume": "123456789012345678.5", "name": "äther"},
    {"phase": "live", "period": "2H", "clock": {"ms": 4020000, "at": NOW - 12900, "running": True}},
    {"phase": "live", "clock": {"ms": 61000, "at": NOW - 9000, "running": True, "rate": 30}},
    {"phase": "live", "clock": {"ms": 61000, "at": NOW - 9000, "running": False}},
    {"phase": "live", "clock": {"ms": "1", "at": True, "running": 1}, "home": 1, "away": {}},
    {"phase": "break", "start": 3, "home": {"name": "Arsenal", "abbr": "ARS", "score": 2}},
    {"phase": "post", "start": 2, "home": {"score": 10}, "away": {"score": 9, "abbr": "CHE"}},
    {"phase": "abandoned", "period": "1H", "league": "EPL", "away": {"score": "x"}},
    {"phase": "constructor", "sport": "tennis", "home": {"score": "1"}, "away": {"score": "2"}},
]
_READ = """async ({ name, items, now }) => {
  const module = await import("/static/view.js");
  return items.map(({ topic, ...item }) => module[name](topic, item, now));
}"""


def server_items(kind: str) -> list[Item]:
    return [Item(f"{kind}:A.{n}", 1, NOW - 40_000 * n, encode(d)) for n, d in enumerate(ITEMS)]


async def in_browser(client: FeedPage, name: str, kind: str) -> list[object]:
    items = [
        {"topic": item.topic, "v": item.v, "ts": item.ts, "data": data}
        for item, data in zip(server_items(kind), ITEMS, strict=True)
    ]
    said: list[object] = await client.screen.run(_READ, {"name": name, "items": items, "now": NOW})
    return said


async def test_prices_read_alike(client: FeedPage) -> None:
    said = await in_browser(client, "priceView", "price")
    assert said == [price_view(item, NOW) for item in server_items("price")]


async def test_matches_read_alike(client: FeedPage) -> None:
    said = await in_browser(client, "scoreView", "score")
    assert said == [score_view(item, NOW) for item in server_items("score")]


async def test_they_stand_in_the_same_order(client: FeedPage) -> None:
    prices = await in_browser(client, "priceOrder", "price")
    assert prices == [list(price_order(item)) for item in server_items("price")]
    scores = await in_browser(client, "scoreOrder", "score")
    assert scores == [list(score_order(item)) for item in server_items("score")]


async def test_ages_read_alike(client: FeedPage) -> None:
    ages = [-1, 0, 9_999, 10_000, 59_999, 60_000, 3_599_999, 3_600_000, 172_799_999, 172_800_000]
    script = """async (ages) => {
      const { ageText } = await import("/static/view.js");
      return ages.map(ageText);
    }"""
    assert await client.screen.run(script, ages) == [age_text(age) for age in ages]
