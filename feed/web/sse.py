"""`GET /sse`: the same frames as `text/event-stream` (protocol section 3; WHATWG HTML, 9.2)."""

import asyncio
import random

from aiohttp import HttpVersion11, web

from feed.errors import LogUnavailable
from feed.hub.subscription import Subscription
from feed.model.cursor import Cursor, parse_cursor
from feed.web import keys
from feed.web.connections import Connection
from feed.web.greeting import subscribed, welcome
from feed.web.query import need_filters, read_cursor, read_options
from feed.web.wire import chunked_event, event

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # proxies, App Engine's among them, hold back 64 KB without it
}
_RETRY_MS = (1000, 5000)


async def sse(request: web.Request) -> web.StreamResponse:
    """Serve one stream of events until either side ends it."""
    wanted = Subscription(need_filters(request), read_options(request.query))
    cursor = _read_place(request)
    hub, connections = request.app[keys.HUB], request.app[keys.CONNECTIONS]
    address = request.app[keys.PEERS].address(request)
    response = web.StreamResponse(headers=_HEADERS)
    with connections.admitted(address):
        await response.prepare(request)
        await response.write(b"retry: %d\n\n" % random.randint(*_RETRY_MS))
        transport = request.transport
        if transport is None:
            return response
        ended = asyncio.Event()

        async def close(_code: int) -> None:
            connection.is_closing = True  # also while it is brought up to date
            ended.set()

        # aiohttp frames chunks in HTTP/1.1 only, and one wrapping is shared by all who get it.
        wrap = chunked_event if request.version >= HttpVersion11 else event
        connection = Connection("sse", transport, wrap, address, close)
        connection.has_subscribed = True
        connections.add(connection)
        try:
            connection.write(welcome(request.app, connection))
            await hub.subscribe(
                connection.member,
                wanted,
                lambda resumed: connection.write(subscribed(wanted, resumed=resumed)),
                cursor=cursor,
            )
            await ended.wait()
        except (ConnectionError, LogUnavailable):
            connection.abort()  # it left, or cannot be brought up to date now: it comes back
        finally:
            await connections.remove(connection)
        if connection.is_full:
            connection.abort()  # it would not read the end of the stream either
    return response


def _read_place(request: web.Request) -> Cursor | None:
    """`Last-Event-ID` wins over `cursor`: it is what the browser saw last."""
    last = request.headers.get("Last-Event-ID")
    return parse_cursor(last) if last else read_cursor(request)
