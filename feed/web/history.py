"""`GET /history`: the points of a chart, and what happened in a match (protocol section 9)."""

import hashlib
from collections.abc import Sequence

import msgspec
from aiohttp import web

from feed.errors import BadQuery, Fault
from feed.hub.delay import lasting
from feed.hub.fold import MINUTE_MS
from feed.hub.lane import Lane
from feed.hub.points import Point, Span, span_of
from feed.model.codec import encode
from feed.model.topic import Filters, kind_of
from feed.web import keys
from feed.web.answer import Shared, fresh, share
from feed.web.grant import Grant
from feed.web.parameter import BAR_FIELDS, DELAY_MS, POINTS, SPAN_S
from feed.web.query import need_filters, need_topic

_FIELDS = ("open", "high", "low", "close")
_MOST_TOPICS = 100
_MOST_TOLD = 10_000
"""Points in one answer: below a megabyte."""

_MOST_READ = 50_000
"""Minutes times topics for one answer: a month of one topic, a day of thirty."""

_FRESH_S = 1


async def history(request: web.Request) -> web.Response:
    """Answer what was, oldest first; 304 where the client has it (RFC 9110 section 13.1.2)."""
    grant = request.app[keys.GRANTS].need(request)
    points, span_s = POINTS.read(request.query), SPAN_S.find(request.query)
    fields = _fields(request)
    delay_ms = lasting(DELAY_MS.read(request.query))
    lane = await request.app[keys.HUB].lane(delay_ms)
    topics = _topics(request, grant, lane)
    past = await request.app[keys.HISTORY].reached(lane)
    span = span_of(
        points,
        span_s and span_s * 1000,
        past.now_ms - delay_ms,
        past.fine_since_ms,
        is_over=delay_ms > 0,
    )
    prices = [topic for topic in topics if kind_of(topic) == "price"]
    _check_size(span, len(prices))
    found = await past.points(prices, span)
    told = [
        {"topic": topic, "points": _shown(found[topic], fields)}
        if topic in found
        else {"topic": topic, "events": [msgspec.Raw(event) for event in past.events(topic)]}
        for topic in topics
    ]
    heading = {
        "step_ms": span.step_ms,
        "from": span.first * span.step_ms,
        "to": (span.last + 1) * span.step_ms,
    }
    rest = heading | (told[0] if "topic" in request.query else {"history": told})
    tag = hashlib.sha256(encode(rest)).hexdigest()[:16]  # without the cursor, so it is a weak one
    body = encode({"cursor": past.cursor, **rest})
    return share(request, Shared(body, fresh(_FRESH_S, f'W/"{tag}"')))


def _topics(request: web.Request, grant: Grant, lane: Lane) -> Sequence[str]:
    """What is asked for: one `topic`, or those that `topics` names and its filters match now."""
    if "topic" in request.query:
        if "topics" in request.query or len(request.query.getall("topic")) > 1:
            raise BadQuery([Fault("topic", "either one `topic`, or `topics`")])
        topic = need_topic(request)
        grant.allow(Filters.of([topic]))
        return [topic]
    filters = need_filters(request)
    grant.allow(filters)
    matching = (item.topic for item in lane.tail.current(filters))
    topics = sorted(filters.topics.union(matching))
    if len(topics) > _MOST_TOPICS:
        fault = Fault("topics", f"{len(topics)} topics, at most {_MOST_TOPICS} at once")
        raise BadQuery([fault], "too_many_topics")
    return topics


def _fields(request: web.Request) -> Sequence[str]:
    """Which of a bar are wanted, in their order."""
    text = request.query.get(BAR_FIELDS.name)
    names = text.split(",") if text else _FIELDS
    if not set(names) <= set(_FIELDS):
        raise BadQuery([Fault("fields", f"expected some of {', '.join(_FIELDS)}")])
    return [name for name in _FIELDS if name in names]


def _check_size(span: Span, topics: int) -> None:
    points = span.last + 1 - span.first
    read = 0 if span.is_fine else points * span.step_ms // MINUTE_MS
    if points * topics > _MOST_TOLD or read * topics > _MOST_READ:
        message = "too much for one answer: fewer topics, fewer points or a shorter span"
        raise BadQuery([Fault("topics", message)], "too_much")


def _shown(points: Sequence[Point], fields: Sequence[str]) -> list[dict[str, object]]:
    return [{"ts": ts, **{field: getattr(bar, field) for field in fields}} for ts, bar in points]
