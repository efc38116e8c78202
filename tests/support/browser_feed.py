"""`feed.js` in a page of its own, with the test in the place of the server."""

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.browser import STATIC, Screen

if TYPE_CHECKING:
    from playwright.async_api import Route, WebSocketRoute

FUSE_S = 20
EPOCH = "k3f9"

NOTHING: dict[str, Any] = {"status": 404, "content_type": "text/plain", "body": ""}
"""What a door answers where there is none."""

_SITE = "http://feed.test"
_BEGIN = """async ({ filters, options }) => {
  const { Feed } = await import("/static/feed.js");
  window.feed = new Feed({ ...options, onStatus: (status) => tell("status", status) });
  window.follow = (filters) => feed.subscribe(filters, {
    onItem: (topic, item) => tell("item", { topic, ...item }),
    onEvent: (event) => tell("event", event),
    onReset: (reason) => tell("reset", reason),
  });
  window.unfollow = follow(filters);
}"""
_ITEMS = """() => Object.fromEntries(
  [...feed.items].map(([topic, { v, data }]) => [topic, [v, data]]))"""


class Peer:
    """A WebSocket of the page's, seen from the server."""

    def __init__(self, route: "WebSocketRoute") -> None:
        self._route = route
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._left = asyncio.Event()
        route.on_message(lambda text: self._heard.put_nowait(json.loads(text)))
        route.on_close(lambda _code, _reason: self._left.set())

    async def hear(self) -> dict[str, Any]:
        """The next command of the page."""
        async with asyncio.timeout(FUSE_S):
            return await self._heard.get()

    async def left(self) -> None:
        """Wait until the page has closed it."""
        async with asyncio.timeout(FUSE_S):
            await self._left.wait()

    def send(self, kind: str, **fields: Any) -> None:
        """Send a frame."""
        self._route.send(json.dumps({"type": kind, **fields}))

    async def close(self, code: int = 1006, reason: str = "") -> None:
        """End it."""
        await self._route.close(code=code if code != 1006 else None, reason=reason)

    def welcome(self, heartbeat_ms: int = 1000) -> None:
        """Send `welcome`."""
        self.send("welcome", protocol=1, heartbeat_ms=heartbeat_ms, head=f"{EPOCH}-999", now=0)

    def subscribed(self, command: dict[str, Any], topics: Sequence[str], *, resumed: bool) -> None:
        """Answer a subscribe; `topics` are all in force."""
        self.send("subscribed", id=command["id"], topics=topics, resumed=resumed, rejected=[])


def problem(status: int, code: str, **fields: Any) -> dict[str, Any]:
    """How a door refuses."""
    body = {"status": status, "code": code, "detail": f"it is {code}", **fields}
    return {"status": status, "json": body}


class FeedPage:
    """The page. `begin` makes its `Feed`; whatever that tells comes out of `told`, in order."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.doors = dict.fromkeys(("/sse", "/poll"), NOTHING)
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self._told: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._asked: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()

    async def open(self, *, virtual_time: bool = False) -> None:
        """Load an empty page that can import the client."""
        page = self.screen.page
        await page.route("**/*", self._serve)
        await page.route_web_socket("**/ws", lambda ws: self._peers.put_nowait(Peer(ws)))
        await page.expose_function("tell", lambda kind, what: self._told.put_nowait((kind, what)))
        if virtual_time:
            await page.clock.install(time=0)
            await page.clock.pause_at(1000)
        await self.screen.open(f"{_SITE}/")

    async def _serve(self, route: "Route") -> None:
        url = urlsplit(route.request.url)
        if url.path.startswith("/static/"):
            await route.fulfill(path=STATIC / url.path.removeprefix("/static/"))
        elif url.path in ("/sse", "/poll"):
            self._asked.put_nowait((url.path, dict(parse_qsl(url.query))))
            await route.fulfill(**self.doors[url.path])
        else:
            await route.fulfill(content_type="text/html", body="<!doctype html><title>Feed</title>")

    async def begin(self, *filters: str, **options: Any) -> None:
        """`new Feed(options)`, subscribed to filters."""
        await self.screen.run(_BEGIN, {"filters": filters, "options": options})

    async def connection(self) -> Peer:
        """The next connection that the page opens."""
        async with asyncio.timeout(FUSE_S):
            return await self._peers.get()

    async def asked(self, door: str) -> dict[str, str]:
        """The query of the next request at `/sse` or `/poll`, which is answered as `doors` say."""
        async with asyncio.timeout(FUSE_S):
            while True:
                of, query = await self._asked.get()
                if of == door:
                    return query

    @property
    def connections(self) -> int:
        """How many it opened that the test has not taken."""
        return self._peers.qsize()

    async def next_door(self) -> str:
        """The door of the next request."""
        async with asyncio.timeout(FUSE_S):
            return (await self._asked.get())[0]

    @property
    def requests(self) -> int:
        """How many requests the test has not taken."""
        return self._asked.qsize()

    async def nothing(self, kind: str) -> None:
        """Be sure that there is nothing more of a kind that the test has not taken."""
        await self.screen.run("(kind) => tell(kind, 'sentinel')", kind)
        assert await self.told(kind) == "sentinel"

    async def holds(self, condition: str) -> None:
        """Wait until a condition on `feed` holds. Time does not move meanwhile."""
        async with asyncio.timeout(FUSE_S):
            while not await self.screen.run(f"() => {condition}"):
                pass

    async def told(self, kind: str) -> Any:
        """The next `status`, `item`, `event` or `reset`; others before it are passed over."""
        async with asyncio.timeout(FUSE_S):
            while True:
                of, what = await self._told.get()
                if of == kind:
                    return what

    async def status(self, state: str) -> dict[str, Any]:
        """The next status with this state."""
        while True:
            status: dict[str, Any] = await self.told("status")
            if status["state"] == state:
                return status

    async def items(self) -> dict[str, list[Any]]:
        """What `feed.items` holds: topic → version and data."""
        items: dict[str, list[Any]] = await self.screen.run(_ITEMS)
        return items

    async def joined(self, items: Sequence[dict[str, Any]], *filters: str, **options: Any) -> Peer:
        """Begin, and be live with a snapshot of items at offset 1."""
        await self.begin(*filters, **options)
        peer = await self.connection()
        peer.welcome()
        command = await peer.hear()
        peer.subscribed(command, filters, resumed=False)
        peer.send("snapshot", items=items, cursor=f"{EPOCH}-1")
        await self.status("live")
        return peer


def item(topic: str, v: int, **data: Any) -> dict[str, Any]:
    """An element of `items` with its whole state."""
    return {"topic": topic, "v": v, "ts": 0, "data": data}


def patch(topic: str, v: int, merged: int | None = None, **changes: Any) -> dict[str, Any]:
    """An element of `items` with a merge patch."""
    element = {"topic": topic, "v": v, "ts": 0, "set": changes}
    return element if merged is None else element | {"merged": merged}
