"""The server's and the browser's views of the same items are the same."""

import pytest

from feed.model.codec import encode
from feed.model.entry import Item
from feed.web.order import COLUMNS, is_found, sorted_prices, sorted_scores
from feed.web.timeline import event_view, told
from feed.web.view import age_text, price_view, score_view
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
    {"volume": "123456789012345678.5", "name": "äther", "state": "down", "ask": "000.10"},
    {"price": "97204.150", "bid": "-0", "ask": "0.1", "state": "halted", "pinned": {"/bid": "x"}},
    {"price": "97204.16", "bid": "0", "ask": "00.09", "pinned": {"/bid": {"until": NOW}}},
    {"price": "9999999999999999.9999999999999999", "bid": "-3.5", "high": "-3.49"},
    {"price": "9999999999999999.9999999999999998", "bid": "-12", "high": "-3.5"},
    {"phase": "live", "period": "2H", "clock": {"ms": 4020000, "at": NOW - 12900, "running": True}},
    {"phase": "live", "clock": {"ms": 61000, "at": NOW - 9000, "running": True, "rate": 30}},
    {"phase": "live", "clock": {"ms": 61000, "at": NOW - 9000, "running": False}},
    {"phase": "live", "clock": {"ms": "1", "at": True, "running": 1}, "home": 1, "away": {}},
    {"phase": "break", "start": 3, "home": {"name": "Arsenal", "abbr": "ARS", "score": 2}},
    {"phase": "post", "start": 2, "home": {"score": 10}, "away": {"score": 9, "abbr": "CHE"}},
    {"phase": "post", "home": {"score": 1}, "away": {"score": 1}, "penalties": [4, 2]},
    {"phase": "live", "home": {"score": 0}, "away": {"score": 0}, "penalties": ["2", 3]},
    {"phase": "live", "penalties": [1], "home": {"score": 1}},
    {"phase": "live", "penalties": "12", "away": {"score": 1}},
    {"phase": "abandoned", "period": "1H", "league": "EPL", "away": {"score": "x"}},
    {"phase": "constructor", "sport": "tennis", "home": {"score": "1"}, "away": {"score": "2"}},
]
_READ = """async ({ name, items, now }) => {
  const module = await import("/static/dashboard/view.js");
  return items.map(({ topic, ...item }) => module[name](topic, item, now));
}"""


def server_items(kind: str) -> list[Item]:
    return [Item(f"{kind}:A.{n}", 1, NOW - 40_000 * n, encode(d)) for n, d in enumerate(ITEMS)]


def browser_items(kind: str) -> list[dict[str, object]]:
    return [
        {"topic": item.topic, "v": item.v, "ts": item.ts, "data": data}
        for item, data in zip(server_items(kind), ITEMS, strict=True)
    ]


async def in_browser(client: FeedPage, name: str, kind: str) -> list[object]:
    argument = {"name": name, "items": browser_items(kind), "now": NOW}
    said: list[object] = await client.screen.run(_READ, argument)
    return said


async def test_prices_read_alike(client: FeedPage) -> None:
    said = await in_browser(client, "priceView", "price")
    assert said == [price_view(item, NOW) for item in server_items("price")]


async def test_matches_read_alike(client: FeedPage) -> None:
    said = await in_browser(client, "scoreView", "score")
    assert said == [score_view(item, NOW) for item in server_items("score")]


_SORT = """async ({ items, sorts, pins }) => {
  const { sortedPrices, sortedScores } = await import("/static/dashboard/order.js");
  const entries = items.map(({ topic, ...item }) => ({ topic, item }));
  const topics = (sorted) => sorted.map(({ topic }) => topic);
  return [...sorts.map((sort) => topics(sortedPrices(entries, sort, new Set(pins)))),
    topics(sortedScores(entries, new Set(pins)))];
}"""
_FIND = """async ({ items, words }) => {
  const { isFound } = await import("/static/dashboard/order.js");
  return items.map(({ topic, ...item }) => words.map((q) => isFound({ topic, item }, q)));
}"""


async def test_they_stand_in_the_same_order(client: FeedPage) -> None:
    items = server_items("price")
    sorts = [way + column for column in COLUMNS for way in ("", "-")]
    for pins in ([], ["price:A.3", "price:A.12"]):
        ours = [sorted_prices(items, sort, pins) for sort in sorts] + [sorted_scores(items, pins)]
        said = await client.screen.run(
            _SORT, {"items": browser_items("price"), "sorts": sorts, "pins": pins}
        )
        assert said == [[item.topic for item in each] for each in ours]


@pytest.mark.parametrize("kind", ["price", "score"])
async def test_the_same_are_found(client: FeedPage, kind: str) -> None:
    words = ["", " ", "bit", "USD bitcoin", "ÄRGER", "ars", "epl che", "a.1", "<i>", "tennis"]
    said = await client.screen.run(_FIND, {"items": browser_items(kind), "words": words})
    assert said == [[is_found(item, q) for q in words] for item in server_items(kind)]


_TELL = """async ({ events, item, now }) => {
  const { Timeline } = await import("/static/dashboard/timeline.js");
  const { eventView, scoreView } = await import("/static/dashboard/view.js");
  const timeline = new Timeline();
  timeline.recall(events);
  const match = scoreView("score:A", item, now);
  return timeline.newest(now).map((told) => [told.event.id, told.state, eventView(told, match)]);
}"""
STATES = {"add": "stands", "amend": "amended", "void": "taken"}
_MISSED = {"side": "away", "scored": False, "penalties": None, "score": [1, 1]}
_SIDE = {"side": "home", "clock": "1:00", "score": [1, "0", None]}
EVENTS: list[dict[str, object]] = [
    {"id": "1", "op": "add", "kind": "goal", "ts": NOW, "data": _SIDE | {"who": "Saka"}},
    {"id": "2", "op": "add", "kind": "yellow_card", "ts": NOW, "data": {"clock": 7, "who": ["x"]}},
    {
        "id": "1",
        "op": "amend",
        "kind": "goal",
        "ts": NOW + 60_000,
        "data": _SIDE | {"why": "scorer"},
    },
    {"id": "3", "op": "void", "kind": "goal", "ts": NOW, "data": {"clock": "2", "why": "offside"}},
    {"id": "2", "op": "void", "kind": "<b>", "ts": NOW, "data": {"why": 7}},
    {"id": "4", "op": "add", "kind": "", "ts": NOW, "data": {"clock": "3", "score": {"x": 1}}},
    {
        "id": "6",
        "op": "add",
        "kind": "penalty",
        "ts": NOW,
        "data": _SIDE | {"scored": False, "penalties": None},
    },
    {"id": "7", "op": "add", "kind": "penalty", "ts": NOW, "data": _SIDE | {"penalties": [1, 0]}},
    {"id": "5", "op": "add", "kind": "goal", "ts": NOW - 1, "data": {"clock": "90:00"}},
]


async def test_matches_are_told_alike(client: FeedPage) -> None:
    data = {"home": {"abbr": "ARS"}}
    card = score_view(Item("score:A", 1, NOW, encode(data)), NOW)
    item = {"v": 1, "ts": NOW, "data": data}
    said = await client.screen.run(_TELL, {"events": EVENTS, "item": item, "now": NOW})
    ours = told((encode(event) for event in EVENTS), NOW)
    assert said == [[each.id, STATES[each.op], event_view(each, card)] for each in ours]


async def test_ages_read_alike(client: FeedPage) -> None:
    ages = [-1, 0, 9_999, 10_000, 59_999, 60_000, 3_599_999, 3_600_000, 172_799_999, 172_800_000]
    script = """async (ages) => {
      const { ageText } = await import("/static/dashboard/wording.js");
      return ages.map(ageText);
    }"""
    assert await client.screen.run(script, ages) == [age_text(age) for age in ages]
