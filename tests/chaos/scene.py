"""Instances, proxies before them, clients and injectors: what faults happen to, and the verdict."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp

from tests.chaos.clients import EVERYWHERE, KINDS, Client, Kind, Program, Visitor
from tests.chaos.record import Expected
from tests.chaos.timeline import Timeline
from tests.support.admin import Admin, Ledger
from tests.support.proxy import CuttingProxy
from tests.support.server import Server, Spawned
from tests.support.traffic import Traffic, beats, drive_through_crashes

PROXIES = 2
INJECTORS = 3
"""Each makes some 40 changes a second."""

CLIENTS = 20
SETTINGS = {
    "FEED_HEARTBEAT_S": "1",
    "FEED_DRAIN_S": "1",
    "FEED_LEASE_S": "1",
    "FEED_SOURCES": "on",
    "FEED_ADMIN_CALLS_PER_S": "100000",
    "FEED_ADMIN_CALLS_BURST": "100000",
}
SOURCE = """
[[source]]
type = "random_walk"
name = "walk"
every_s = 0.2
moving = 1.0
tickers = [{ topic = "WALK", name = "A walk", price = "100" }]
"""
WALK = "price:WALK"

MOST_FAULTS = 4
SETTLED_S = 60.0
LOOKS_PER_S = 10


class Scene:
    """All of it, while it runs. `broken`: what was found wrong, and where."""

    def __init__(
        self,
        servers: Sequence[Server],
        proxies: Sequence[CuttingProxy],
        chance: random.Random,
        timeline: Timeline,
        session: aiohttp.ClientSession,
    ) -> None:
        self.servers = servers
        self.proxies = proxies
        self.chance = chance
        self.timeline = timeline
        self.broken: list[str] = []
        self.ledger = Ledger()
        self.duplicates = 0
        self.clients: list[Client] = []
        self._session = session
        self._over = False

    def people(self, stack: AsyncExitStack) -> None:
        """Let clients of every kind come, by one proxy or the other."""

        def anywhere() -> str:
            return self.chance.choice(self.proxies).url

        kinds = [*KINDS, *[Kind("hopping", EVERYWHERE, {})] * CLIENTS]
        visitors = CLIENTS - len(self.proxies)
        self.clients = [
            Visitor(f"{n:2} {kind.name}", kind, self._session, anywhere)
            for n, kind in enumerate(kinds[:visitors], 1)
        ]
        self.clients += [
            Program(f"{n:2} feed.client", proxy.url)
            for n, proxy in enumerate(self.proxies, visitors + 1)
        ]
        for client in self.clients:
            task = asyncio.create_task(self._watched(client))
            stack.push_async_callback(_ended, task)

    async def _watched(self, client: Client) -> None:
        try:
            await client.follow()
        except Exception as error:  # noqa: BLE001 - the task's border: it is told in the end
            self.broken.append(f"client {client.name}: {error!r}")
            self.timeline.note("client", f"{client.name} objects")

    async def inject(self) -> None:
        """Change things until it is over, and say again whatever got no answer until it has one."""
        up = asyncio.Event()
        up.set()
        injecting = (
            drive_through_crashes(
                Admin(self._session, self.chance.choice(self.proxies).url),
                Traffic(self.chance.randrange(10**9), f"c{number}"),
                self.ledger,
                up,
                lambda: self._over,
            )
            for number in range(INJECTORS)
        )
        try:
            self.duplicates = sum(await asyncio.gather(*injecting))
        except AssertionError as error:
            self.broken.append(f"injector: {error}")

    async def begun(self) -> None:
        """Wait until every client stands somewhere: from there on it must miss nothing."""
        await self._until("did not come", 0)

    async def ended(self, injecting: "asyncio.Task[None]") -> None:
        """Let what is under way be acknowledged, everybody read to the end, and judge."""
        self._over = True
        async with asyncio.timeout(SETTLED_S):
            for server in self.servers:
                await asyncio.to_thread(server.wait_until, "ready")
            await injecting
        last = self.ledger.last
        for client in self.clients:
            client.hurry()
        self.timeline.note("all", f"healed; {len(self.ledger)} changes are acknowledged")
        slowest = await self._until("did not catch up", last)
        self.timeline.note("all", f"everybody has read to the end, last {slowest}")
        await self._judge()

    def _behind(self, place: int) -> list[str]:
        return [client.name for client in self.clients if client.place < place]

    async def _until(self, words: str, place: int) -> str:
        """Wait for everybody to be at a place; who was there last."""
        late = self._behind(place)
        try:
            async with asyncio.timeout(SETTLED_S):
                async for _ in beats(LOOKS_PER_S):
                    before, late = late, self._behind(place)
                    if self.broken or not late:
                        return ", ".join(before)
        except TimeoutError:
            self.broken.append(f"{words} in {SETTLED_S:g} s: {', '.join(late)}")
        return ""

    async def _judge(self) -> None:
        expected = Expected(self.ledger)
        snapshots = [
            await Admin(self._session, server.url).snapshot("*") for server in self.servers
        ]
        newest = expected.newest()
        for number, snapshot in enumerate(snapshots):
            versions = {topic: item["v"] for topic, item in snapshot.items() if topic != WALK}
            if versions != newest:
                self.broken.append(f"instance {number} ends with other versions")
        for client in self.clients:
            faults, items = client.faults(expected), client.items()
            for topic, item in snapshots[0].items():
                if items and topic != WALK and items.get(topic) != (item["v"], item["data"]):
                    faults.append(f"{topic} is not as /snapshot has it")
            self.broken += [f"client {client.name}: {fault}" for fault in faults[:MOST_FAULTS]]
            if more := faults[MOST_FAULTS:]:
                self.broken.append(f"client {client.name}: and {len(more)} more")

    def verdict(self) -> list[str]:
        """A line for each client, and what was counted."""
        rows = [f"    {'client':16} {'connections':>11} {'frames':>8} {'events':>8}  verdict"]
        for client in self.clients:
            connections, frames, events = client.counts
            bad = any(line.startswith(f"client {client.name}:") for line in self.broken)
            word = "BROKEN" if bad else "kept"
            rows.append(f"    {client.name:16} {connections:11} {frames:8} {events:8}  {word}")
        cuts = sum(proxy.cuts for proxy in self.proxies)
        rows.append(
            f"    {len(self.ledger)} changes acknowledged, {self.duplicates} calls of them by an "
            f"answer that was lost before; {cuts} connections cut in mid-frame"
        )
        return rows


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def scene(
    directory: Path, count: int, seed: str, timeline: Timeline, **settings: str
) -> AsyncIterator[Scene]:
    """Start instances with these settings, and everybody; all is gone at the end."""
    chance = random.Random(seed)
    config = directory / "feed.toml"
    config.write_text(SOURCE)
    async with AsyncExitStack() as stack:
        servers: list[Server] = []
        for number in range(count):
            place = directory / f"instance-{number}"
            place.mkdir()
            server = Spawned(place, SETTINGS | {"FEED_CONFIG": str(config)} | settings)
            servers.append(server)
            stack.callback(server.__exit__, None, None, None)
            await asyncio.to_thread(server.start)
        ports = [server.port for server in servers]
        cut_after = partial(_cut_after, random.Random(f"{seed} cuts"))
        proxies = [
            await stack.enter_async_context(
                CuttingProxy(partial(random.Random(f"{seed} {n}").choice, ports), cut_after)
            )
            for n in range(PROXIES)
        ]
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=6),
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        )
        found = Scene(servers, proxies, chance, timeline, session)
        found.people(stack)
        yield found


def _cut_after(chance: random.Random) -> int | None:
    """Half of the connections are cut, somewhere in what the server says."""
    return None if chance.random() < 0.5 else chance.choice((300, 3_000, 30_000, 300_000))
