"""The public page: what is known now, as HTML; `static/dashboard.js` takes it from there."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp_jinja2
import msgspec
from aiohttp import web
from markupsafe import Markup

from feed.model.codec import encode
from feed.model.entry import Item
from feed.model.topic import kind_of
from feed.web import keys
from feed.web.view import price_order, price_view, score_order, score_view

_BLANKS = {
    "price": dict.fromkeys(price_view(Item("price:", 0, 0, b"{}"), 0), ""),
    "score": dict.fromkeys(score_view(Item("score:", 0, 0, b"{}"), 0), ""),
}
"""Rows that say nothing: what the page clones for topics that come later."""


async def dashboard(request: web.Request) -> web.Response:
    """`GET /`."""
    grant = request.app[keys.GRANTS].need(request)
    snapshot = request.app[keys.HUB].live.standing(grant.filters)
    context = dashboard_context(snapshot.cursor, snapshot.items, request.app[keys.CLOCK].now_ms())
    return aiohttp_jinja2.render_template("dashboard.html", request, context)


def dashboard_context(cursor: str, items: Sequence[Item], now_ms: int) -> dict[str, Any]:
    """What `dashboard.html` shows: `prices` and `scores` as (topic, view), in reading order.

    `items` are there, all of them. `start` is the same as JSON, for the page to go on from.
    """
    prices = sorted((item for item in items if kind_of(item.topic) == "price"), key=price_order)
    scores = sorted((item for item in items if kind_of(item.topic) == "score"), key=score_order)
    return {
        "rendered": f"{datetime.fromtimestamp(now_ms // 1000, UTC):%H:%M:%S} UTC",
        "prices": [(item.topic, price_view(item, now_ms)) for item in prices],
        "scores": [(item.topic, score_view(item, now_ms)) for item in scores],
        "blanks": _BLANKS,
        "start": _start(cursor, items, now_ms),
    }


def _start(cursor: str, items: Sequence[Item], now_ms: int) -> Markup:
    """JSON that may stand in a script element: no `<` can end it or open a comment."""
    elements = [
        {"topic": item.topic, "v": item.v, "ts": item.ts, "data": msgspec.Raw(item.data or b"{}")}
        for item in items
    ]
    text = encode({"cursor": cursor, "now": now_ms, "items": elements}).decode()
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704  (JSON, and escaped right here)
