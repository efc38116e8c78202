"""What can go wrong, and how it is put right again. One thing has one fault at a time."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from tests.chaos.scene import Scene
from tests.support.faulty_disk import Fault, FaultyDisk
from tests.support.proxy import CuttingProxy
from tests.support.server import Server, Spawned
from tests.support.valkey import Valkey

Happening: TypeAlias = Callable[[], Awaitable[None]]

EXITS_S = 15.0


async def go_wrong(
    scene: Scene, seed: str, seconds: float, valkey: Valkey | None, disk: FaultyDisk | None
) -> None:
    """Let things go wrong for so long, two at a time, and put all of them right."""
    busy: dict[object, asyncio.Lock] = {}
    hands = [Hand(scene, random.Random(f"{seed} {n}"), busy, valkey, disk) for n in range(2)]
    until_s = scene.timeline.now_s + seconds
    await asyncio.gather(*(hand.play(until_s) for hand in hands))


class Hand:
    """Does to a scene what its chance says, one thing after the other; `busy` is what others do."""

    def __init__(
        self,
        scene: Scene,
        chance: random.Random,
        busy: dict[object, asyncio.Lock],
        valkey: Valkey | None,
        disk: FaultyDisk | None,
    ) -> None:
        self._scene = scene
        self._chance = chance
        self._busy = busy
        self._valkey = valkey
        self._disk = disk
        self._kinds: list[Happening] = [
            self._kill,
            self._kill,
            self._leave,
            self._stop,
            self._cut,
            self._stall,
        ]
        if valkey:
            self._kinds += [self._kill_store, self._stop_store]
        if disk:
            self._kinds += [self._fail_disk, self._fail_disk, self._fail_and_kill]

    async def play(self, until_s: float) -> None:
        """Until so many seconds after the beginning, or until something is broken."""
        while self._scene.timeline.now_s < until_s and not self._scene.broken:
            await asyncio.sleep(self._between(0.3, 2.5))
            await self._chance.choice(self._kinds)()

    def _between(self, least: float, most: float) -> float:
        return self._chance.uniform(least, most)

    @asynccontextmanager
    async def _only(self, thing: object) -> AsyncIterator[None]:
        async with self._busy.setdefault(thing, asyncio.Lock()):
            yield

    def _server(self) -> Server:
        return self._chance.choice(self._scene.servers)

    def _note(self, thing: object, words: str) -> None:
        name = {Spawned: "instance", Valkey: "store", FaultyDisk: "disk", CuttingProxy: "proxy"}
        numbers = {id(each): f" {n}" for n, each in enumerate(self._scene.servers)}
        numbers |= {id(each): f" {n}" for n, each in enumerate(self._scene.proxies)}
        self._scene.timeline.note(name[type(thing)] + numbers.get(id(thing), ""), words)

    async def _kill(self) -> None:
        server, away_s = self._server(), self._between(0, 2)
        async with self._only(server):
            self._note(server, f"kill -9, back after {away_s:.1f} s")
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(away_s)
            await self._start(server)

    async def _leave(self) -> None:
        server = self._server()
        async with self._only(server):
            self._note(server, "SIGTERM, and back at once")
            code = await asyncio.to_thread(server.stop)
            if code:
                self._scene.broken.append(f"an instance that took its leave exited with {code}")
            await self._start(server)

    async def _stop(self) -> None:
        server, for_s = self._server(), self._between(0.3, 6)
        async with self._only(server):
            self._note(server, f"SIGSTOP for {for_s:.1f} s")
            server.pause()
            await asyncio.sleep(for_s)
            server.go_on()

    async def _start(self, server: Server) -> None:
        """As a supervisor does: again, where it ends at once."""
        server.begin()
        try:
            await asyncio.to_thread(server.wait_until, "live")
        except AssertionError as error:
            self._scene.broken.append(f"an instance did not start: {error}")

    async def _cut(self) -> None:
        proxy = self._chance.choice(self._scene.proxies)
        self._note(proxy, f"all of its {proxy.cut()} connections are cut")

    async def _stall(self) -> None:
        proxy, for_s = self._chance.choice(self._scene.proxies), self._between(0.3, 4)
        async with self._only(proxy):
            self._note(proxy, f"passes nothing on for {for_s:.1f} s")
            proxy.gate.clear()
            await asyncio.sleep(for_s)
            proxy.gate.set()

    async def _kill_store(self) -> None:
        assert self._valkey
        away_s = self._between(0, 3)
        async with self._only(self._valkey):
            self._note(self._valkey, f"kill -9, back after {away_s:.1f} s")
            await asyncio.to_thread(self._valkey.kill)
            await asyncio.sleep(away_s)
            await asyncio.to_thread(self._valkey.start)

    async def _stop_store(self) -> None:
        assert self._valkey
        for_s = self._between(0.3, 4)
        async with self._only(self._valkey):
            self._note(self._valkey, f"SIGSTOP for {for_s:.1f} s")
            self._valkey.pause()
            await asyncio.sleep(for_s)
            self._valkey.go_on()

    async def _fail_disk(self) -> None:
        """It fails for a while under an instance that runs, and recovers without a restart."""
        assert self._disk
        (server,), for_s = self._scene.servers, self._between(0.3, 5)
        fault = self._fault()
        async with self._only(server):
            self._note(self._disk, f"fails ({fault}) for {for_s:.1f} s")
            self._disk.fail(fault)
            await asyncio.sleep(for_s)
            self._disk.mend()
            if not server.running:
                self._scene.broken.append(f"the instance ended when its disk failed ({fault})")

    async def _fail_and_kill(self) -> None:
        """It fails, the instance is killed then, and cannot start before it is mended.

        Unless nothing is to be synced, as all of the log is in the database.
        """
        assert self._disk
        (server,), for_s = self._scene.servers, self._between(0.3, 2)
        fault = self._fault()
        async with self._only(server):
            self._note(self._disk, f"fails ({fault}), kill -9 after {for_s:.1f} s, a vain start")
            self._disk.fail(fault)
            await asyncio.sleep(for_s)
            await asyncio.to_thread(server.kill)
            server.begin()
            code = await asyncio.to_thread(server.exited_within, EXITS_S)
            if code is None and fault == "sync":
                await asyncio.to_thread(server.kill)
            elif code != 1:
                self._scene.broken.append(f"it started on a disk that fails ({fault}): {code}")
            self._disk.mend()
            if not server.running:
                await self._start(server)

    def _fault(self) -> Fault:
        faults: list[Fault] = ["full", "sync", "sync", "write", "read-only"]
        return self._chance.choice(faults)
