"""`GET /sse`: the same frames as `text/event-stream` (protocol section 3; WHATWG HTML, 9.2)."""

import random

from aiohttp import HttpVersion11, web
from msgspec.structs import replace

from feed.hub.subscription import Subscription
from feed.model.cursor import Cursor, parse_cursor
from feed.model.frame import Frame, Wrap
from feed.web import keys
from feed.web.connection import Connection, Home
from feed.web.parameter import LAST_EVENT_ID
from feed.web.query import also_filters, need_filters, read_cursor, read_options
from feed.web.reply import subscribed, welcome
from feed.web.takeover import take_over
from feed.web.wire import LAST_CHUNK, chunked_event, event

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # proxies, App Engine's among them, hold back 64 KB without it
}
_RETRY_MS = (1000, 5000)


async def sse(request: web.Request) -> web.StreamResponse:
    """Begin a stream of events, and let it go on by itself."""
    grant = request.app[keys.GRANTS].need(request)
    wanted = Subscription(need_filters(request), read_options(request.query))
    joined = replace(wanted, filters=also_filters(request, wanted.filters))
    grant.allow(joined.filters)
    cursor = _read_place(request)
    app, connections = request.app, request.app[keys.CONNECTIONS]
    address = app[keys.PEERS].address(request)
    connections.check(address)
    await connections.hub.lane(wanted.options.delay_ms)  # one too many is a 503 while it can be
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(request)
    await response.write(b"retry: %d\n\n" % random.randint(*_RETRY_MS))
    # aiohttp frames chunks in HTTP/1.1 only, and one wrapping is shared by all who get it.
    wrap = chunked_event if request.version >= HttpVersion11 else event
    stream = EventStream(address, wrap, connections)
    stream.grant = grant
    take_over(request, stream)
    connections.add(stream)
    stream.run(stream.begin(welcome(app, stream), wanted, cursor, joined))
    return response


class EventStream(Connection):
    """An open stream of events. Its client says nothing more."""

    door = "sse"

    __slots__ = ("_last",)

    def __init__(self, address: str, wrap: Wrap, home: Home) -> None:
        super().__init__(address, wrap, home)
        self.has_subscribed = True
        self._last = LAST_CHUNK if wrap is chunked_event else b""

    async def begin(
        self,
        greeting: Frame,
        wanted: Subscription,
        cursor: Cursor | None,
        joined: Subscription | None = None,
    ) -> None:
        """Greet, subscribe to what the cursor vouches for, and then to what joins that."""
        self.cork()
        self.write(greeting)
        await self._subscribe(wanted, cursor)
        if joined not in (None, wanted):
            await self._subscribe(joined, None)

    async def _subscribe(self, wanted: Subscription, cursor: Cursor | None) -> None:
        await self.home.hub.subscribe(
            self.member,
            wanted,
            lambda resumed: self.write(subscribed(wanted, resumed=resumed)),
            cursor=cursor,
        )

    def say_end(self, _code: int) -> None:
        """See Connection. There are no codes here: the body ends, and its client comes back."""
        if self.is_full:
            self.cut()  # it would not read the end of the stream either
        else:
            self.send(self._last)

    def end_writing(self) -> None:
        """See Connection. There is nothing to wait for."""
        super().end_writing()
        self._transport.close()


def _read_place(request: web.Request) -> Cursor | None:
    """`Last-Event-ID` wins over `cursor`: it is what the browser saw last."""
    last = request.headers.get(LAST_EVENT_ID.name)
    return parse_cursor(last) if last else read_cursor(request)
