"""The public page: what is known now, as HTML; `static/dashboard.js` takes it from there."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import aiohttp_jinja2
import msgspec
from aiohttp import web
from markupsafe import Markup

from feed.errors import LogUnavailable
from feed.hub.lane import Lane
from feed.model.codec import encode
from feed.model.entry import Item
from feed.model.topic import Filters, kind_of
from feed.model.wording import integer
from feed.web import keys
from feed.web.choices import Choices, read_choices
from feed.web.order import is_found, sorted_prices, sorted_scores
from feed.web.timeline import SHOWN, event_view, told
from feed.web.view import View, price_view, score_view

_BLANKS = {
    "price": dict.fromkeys(price_view(Item("price:", 0, 0, b"{}"), 0), ""),
    "score": dict.fromkeys(score_view(Item("score:", 0, 0, b"{}"), 0), ""),
    "event": dict.fromkeys(("clock", "kind", "who", "score", "taken"), ""),
}
"""Rows that say nothing: what the page clones for topics that come later."""

_PATIENCE_S = 0.5
_MOST_EVENTS = 100
"""Of a match; the oldest are left out."""

Events: TypeAlias = Mapping[str, Sequence[bytes]]
"""By topic, in their order, as frames have them."""


async def dashboard(request: web.Request) -> web.Response:
    """`GET /`: as it was `delay` seconds ago, where the reader's television lags."""
    grant = request.app[keys.GRANTS].need(request)
    choices = read_choices(request.query)
    delay_ms = choices.delay_s * 1000
    lane = await request.app[keys.HUB].lane(delay_ms)
    snapshot = lane.standing(grant.filters)
    now_ms = request.app[keys.CLOCK].now_ms()
    events = await _events(request, lane, snapshot.items)
    context = dashboard_context(
        snapshot.cursor, grant.filters, snapshot.items, events, now_ms, choices
    )
    return aiohttp_jinja2.render_template("dashboard.html", request, context)


async def _events(request: web.Request, lane: Lane, items: Sequence[Item]) -> Events:
    """What happened in each match; nothing while the log is still being read."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            past = await request.app[keys.HISTORY].reached(lane)
    except (LogUnavailable, TimeoutError):
        return {}
    topics = (item.topic for item in items if kind_of(item.topic) == "score")
    return {topic: past.events(topic)[-_MOST_EVENTS:] for topic in topics}


def dashboard_context(
    cursor: str,
    filters: Filters,
    items: Sequence[Item],
    events: Events,
    now_ms: int,
    choices: Choices,
) -> dict[str, Any]:
    """What `dashboard.html` shows, as the reader sorts.

    `prices` are (topic, view), `scores` (topic, view, lines of the timeline, how many there are).
    `items` are there, all of them that `filters` show; `found` are the topics that the reader's
    own filter leaves. `start` is the same as JSON, for the page to go on from.
    """
    seen_ms = now_ms - choices.delay_s * 1000
    prices = [item for item in items if kind_of(item.topic) == "price"]
    scores = [item for item in items if kind_of(item.topic) == "score"]
    return {
        "rendered": f"{datetime.fromtimestamp(seen_ms // 1000, UTC):%H:%M:%S} UTC",
        "choices": choices,
        "prices": [
            (item.topic, price_view(item, seen_ms))
            for item in sorted_prices(prices, choices.sort, choices.pins)
        ],
        "scores": [
            _card(item, events.get(item.topic, ()), seen_ms)
            for item in sorted_scores(scores, choices.pins)
        ],
        "found": {item.topic for item in items if is_found(item, choices.q)},
        "blanks": _BLANKS,
        "start": _start(cursor, filters, items, events, now_ms),
    }


def _card(
    item: Item, events: Sequence[bytes], seen_ms: int
) -> tuple[str, View, list[dict[str, Any]], int]:
    view = score_view(item, seen_ms)
    happened = told(events, integer((item.state() or {}).get("start")) or 0)
    lines = [
        {"event": each, "is_taken": each.op == "void", "view": event_view(each, view)}
        for each in happened[:SHOWN]
    ]
    return item.topic, view, lines, len(happened)


def _start(
    cursor: str, filters: Filters, items: Sequence[Item], events: Events, now_ms: int
) -> Markup:
    """JSON that may stand in a script element: no `<` can end it or open a comment."""
    elements = [
        {"topic": item.topic, "v": item.v, "ts": item.ts, "data": msgspec.Raw(item.data or b"{}")}
        for item in items
    ]
    past = {topic: [msgspec.Raw(each) for each in some] for topic, some in events.items()}
    names = filters.names()
    start = {"cursor": cursor, "filters": names, "now": now_ms, "items": elements, "events": past}
    text = encode(start).decode()
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704  (JSON, and escaped right here)
