"""`GET /snapshot`: whole items now, and the cursor that they are valid at (protocol section 3)."""

from aiohttp import web

from feed.hub.lane import Lane
from feed.hub.subscription import Subscription
from feed.model.frame import item_now
from feed.web import keys
from feed.web.answer import Shared, fresh, share
from feed.web.query import need_filters, read_options

_FRESH_S = 1


async def snapshot(request: web.Request) -> web.Response:
    """Answer the current items; 304 where the client has them (RFC 9110 section 13.1.2)."""
    grant = request.app[keys.GRANTS].need(request)
    wanted = Subscription(need_filters(request), read_options(request.query))
    grant.allow(wanted.filters)
    lane = await request.app[keys.HUB].lane(wanted.options.delay_ms)
    key = ("items", wanted.filters, wanted.options.fields)
    return share(request, lane.kept.get(key, lambda: _items(lane, wanted)))


def _items(lane: Lane, wanted: Subscription) -> Shared:
    """The same for all who ask for it at this head of the lane."""
    cursor, items = lane.standing(wanted.filters)
    elements = (item_now(item, wanted.interest) for item in items)
    text = b",".join(element for element in elements if element)
    body = b'{"cursor":"%b","items":[%b]}' % (cursor.encode(), text)
    return Shared(body, fresh(_FRESH_S, f'"{cursor}"'))
