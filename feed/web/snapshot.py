"""`GET /snapshot`: whole items now, and the cursor that they are valid at (protocol section 3)."""

from aiohttp import web

from feed.hub.subscription import Subscription
from feed.model.frame import item_now
from feed.web import keys
from feed.web.answer import json_answer
from feed.web.query import need_filters, read_options


async def snapshot(request: web.Request) -> web.Response:
    """Answer the current items; 304 where the client has them (RFC 9110 section 13.1.2)."""
    wanted = Subscription(need_filters(request), read_options(request.query))
    lane = await request.app[keys.HUB].lane(wanted.options.delay_ms)
    cursor, items = lane.standing(wanted.filters)
    headers = {"ETag": f'"{cursor}"', "Cache-Control": "public, max-age=0, must-revalidate"}
    known = request.if_none_match or ()
    if any(tag.value in (cursor, "*") for tag in known):
        return web.Response(status=304, headers=headers)
    elements = (item_now(item, wanted.interest) for item in items)
    text = b",".join(element for element in elements if element)
    return json_answer(b'{"cursor":"%b","items":[%b]}' % (cursor.encode(), text), headers=headers)
