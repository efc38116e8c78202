"""kill -9 in the middle of injection: what was acknowledged stays, once; viewers just go on."""

import asyncio
import random

import aiohttp

from tests.blackbox.conftest import SOAK, Serve
from tests.support.admin import Admin, Ledger
from tests.support.client import Reader, epoch, offset
from tests.support.doors import DOORS, visit
from tests.support.server import Server
from tests.support.traffic import Traffic, drive_through_crashes

CRASHES = 20 if SOAK else 3
INJECTORS = 4
ACKNOWLEDGED_BETWEEN = 60


class Run:
    """A server that is killed again and again, and what was acknowledged meanwhile."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.ledger = Ledger()
        self.up = asyncio.Event()
        self.up.set()
        self.crashes = 0
        self._complete = False

    async def crash(self, chance: random.Random) -> None:
        """Kill and start again, each time after some more changes were acknowledged."""
        while self.crashes < CRASHES:
            more = chance.randrange(ACKNOWLEDGED_BETWEEN, 2 * ACKNOWLEDGED_BETWEEN)
            await self.ledger.grown_to(len(self.ledger) + more)
            self.up.clear()
            await asyncio.to_thread(self.server.kill)
            await asyncio.to_thread(self.server.start)
            self.up.set()
            self.crashes += 1

    async def inject(self, admin: Admin) -> None:
        """Several at once, until the last crash is over."""
        traffics = [Traffic(number, f"i{number}") for number in range(INJECTORS)]
        await asyncio.gather(
            *(
                drive_through_crashes(admin, traffic, self.ledger, self.up, self._over)
                for traffic in traffics
            )
        )
        self._complete = True

    async def watch(self, session: aiohttp.ClientSession, reader: Reader) -> None:
        """See it all from one place, over every crash, at whichever door."""
        doors = random.Random(reader.name)

        def done() -> bool:
            place = -1 if reader.cursor is None else offset(reader.cursor)
            return self._complete and place >= self.ledger.last

        while not done():
            await self.up.wait()
            door = doors.choice(sorted(DOORS))
            await visit(session, door, self.server.url, {"topics": "*"}, reader, done)

    def _over(self) -> bool:
        return self.crashes == CRASHES


async def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    run = Run(await asyncio.to_thread(serve, FEED_HEARTBEAT_S="1"))
    admin, ledger = Admin(http, run.server.url), run.ledger
    readers = [Reader(f"viewer {number}") for number in range(3)]
    for reader in readers:
        await visit(http, "poll", run.server.url, {"topics": "*"}, reader, lambda: False)
    place = readers[0].cursor
    assert place is not None

    async with asyncio.timeout(30 + 10 * CRASHES), asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(run.watch(http, reader))
        group.create_task(run.inject(admin))
        group.create_task(run.crash(random.Random(7)))

    for reader in readers:
        assert reader.resets == []
        ledger.check(reader, lambda _: True)
    now = await admin.snapshot("*")
    newest = {topic: v for topic, v in ledger.newest().items() if topic in now}
    assert {topic: item["v"] for topic, item in now.items()} == newest
    assert readers[0].items == {topic: item["data"] for topic, item in now.items()}
    answer = await admin.inject({"topic": "X", "set": {"price": "1"}})
    assert epoch(answer["cursor"]) == epoch(place)
