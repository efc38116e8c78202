"""A page of another site that follows a real server with `feed.js`, and notes all it is told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal

from tests.support.admin import Admin
from tests.support.browser import Screen
from tests.support.server import Server
from tests.support.site import Site
from tests.support.traffic import beats

if TYPE_CHECKING:
    from playwright.async_api import Route

FUSE_S = 15

Door = Literal["ws", "sse", "poll"]
DOORS: list[Door] = ["ws", "sse", "poll"]

A, B, MATCH = "price:A", "price:B", "score:EPL.ARS-CHE"

_BEGIN = """async ({ url, filters, options }) => {
  window.seen = { items: [], events: [], resets: [], states: [], transports: [] };
  const { Feed } = await import(`${url}/static/feed.js`);
  window.feed = new Feed({ url, ...options, ...window.more, onStatus: ({ state, transport }) => {
    if (seen.states.at(-1) !== state) seen.states.push(state);
    if (seen.transports.at(-1) !== transport) seen.transports.push(transport);
  } });
  window.follow = (filters) => feed.subscribe(filters, {
    onItem: (topic, item, before) => seen.items.push([topic, item?.v ?? null, before?.v ?? null]),
    onEvent: (event) => seen.events.push(event.id),
    onReset: (reason) => seen.resets.push(reason),
  });
  window.unfollow = follow(filters);
}"""

_SOCKETS = """() => {
  const Real = WebSocket;
  window.sockets = "open";
  window.WebSocket = class {
    constructor(url) {
      if (sockets === "hang") return { close() {} };
      if (sockets === "refused") url.pathname += "/nothing";
      return new Real(url);
    }
  };
  Math.random = () => 0;
}"""


class Watching:
    """The page. What is blocked is so from the next try of it on; pauses between tries are none."""

    def __init__(self, screen: Screen, site: Site, server: Server) -> None:
        self.screen = screen
        self._site = site
        self._server = server
        self._hung: list[Route] = []

    async def open(self, *blocked: Door, hangs: bool = False) -> None:
        """Load the page, on which these doors are not to be had."""
        await self.screen.open(self._site.origin)
        await self.screen.run(_SOCKETS)
        await self.block(*blocked, hangs=hangs)

    async def block(self, *doors: Door, hangs: bool = False) -> None:
        """Let these doors, and no others, be refused from now on, or answer nothing for ever."""
        how = "hang" if hangs else "refused"
        await self.screen.run("(how) => { sockets = how; }", how if "ws" in doors else "open")
        await self.screen.page.unroute_all()
        for door in doors:
            if door != "ws":
                await self.screen.page.route(
                    f"**/{door}?*", self._hang if hangs else lambda route: route.abort()
                )

    async def _hang(self, route: "Route") -> None:
        self._hung.append(route)

    async def follow(self, *filters: str, **options: Any) -> None:
        """`new Feed(options)` of the server, subscribed to filters."""
        given = {"url": self._server.url, "filters": filters, "options": options}
        await self.screen.run(_BEGIN, given)

    async def until(self, condition: str, argument: Any = None) -> None:
        """Wait until a condition on `feed`, `status` and `seen` holds; says all of it else."""
        script = f"(argument) => {{ const {{ status }} = feed; return {condition}; }}"
        try:
            await self.screen.page.wait_for_function(
                script, arg=argument, timeout=FUSE_S * 1000, polling=20
            )
        except Exception as error:
            with suppress(Exception):
                error.add_note(str(await self.screen.run("() => [feed.status, seen]")))
            raise

    async def live(self, door: Door) -> None:
        """Wait until it is live at a door."""
        await self.until("status.state === 'live' && status.transport === argument", door)

    async def has(self, topic: str, v: int) -> None:
        """Wait until it has a version of an item."""
        await self.until("feed.items.get(argument[0])?.v === argument[1]", [topic, v])

    async def told(self, events: Sequence[str]) -> None:
        """Wait until it was told events: these, in this order, each once."""
        await self.until("seen.events.length >= argument", len(events))
        assert await self.screen.run("() => seen.events") == [*events]

    async def status(self) -> dict[str, Any]:
        """What it says of itself."""
        status: dict[str, Any] = await self.screen.run("() => feed.status")
        return status

    async def items(self) -> dict[str, Any]:
        """What it holds: topic → version and data."""
        items: dict[str, Any] = await self.screen.run(
            "() => Object.fromEntries([...feed.items].map(([t, { v, data }]) => [t, [v, data]]))"
        )
        return items

    async def steps(self, topic: str) -> list[list[int | None]]:
        """The versions of an item that it was told, each with the one before."""
        steps: list[list[int | None]] = await self.screen.run(
            "(topic) => seen.items.filter(([of]) => of === topic).map(([, ...step]) => step)", topic
        )
        return steps

    async def let_in(self, door: Door) -> None:
        """All doors are there again, and the network says so: wait until it came to this one."""
        await self.block()
        await self.screen.run("() => dispatchEvent(new Event('online'))")
        await self.live(door)


async def goal(admin: Admin, name: str, topic: str = MATCH) -> int:
    """Inject an event that changes its item; the version after it."""
    event = {"kind": "goal", "id": name}
    answer = await admin.inject({"topic": topic, "set": {"last": name}, "event": event})
    v: int = answer["results"][0]["v"]
    return v


def blocked(door: Door) -> list[Door]:
    """What must be blocked for a client to come to this door."""
    return DOORS[: DOORS.index(door)]


@asynccontextmanager
async def goals(admin: Admin, run: str) -> AsyncIterator[list[str]]:
    """Inject fifty goals a second; the list of those that were accepted grows."""
    accepted: list[str] = []
    is_over = False

    async def inject() -> None:
        async for count in beats(50):
            if is_over:
                break
            await goal(admin, f"{run}-{count}")
            accepted.append(f"{run}-{count}")

    task = asyncio.create_task(inject())
    yield accepted
    is_over = True
    await task
