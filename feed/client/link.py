"""A transport in use, and one that is to come."""

import asyncio
from collections.abc import Coroutine

from feed.client.backoff import Pace
from feed.client.fault import Blocked
from feed.client.transport import Transport


class Link:
    """A connection whose frames are applied, and the one of them that is waited for.

    `patience_s`: how long it may be silent. `live_s`: since when the state is current by it.
    `stands`: how often items were had for the frame that is there.
    """

    def __init__(self, transport: Transport, rung: int, patience_s: float) -> None:
        self.transport = transport
        self.rung = rung
        self.live_s: float | None = None
        self.patience_s = patience_s
        self.is_last = False
        self.expect()

    @property
    def lived_s(self) -> float:
        """How long the state has been current by it."""
        return 0 if self.live_s is None else asyncio.get_running_loop().time() - self.live_s

    def expect(self) -> None:
        """Wait for the next frame."""
        self.stands = 0
        self.receiving = asyncio.create_task(self.transport.receive())

    async def close(self) -> None:
        """Hear nothing more from it."""
        await _end(self.receiving)
        await self.transport.close()


class Successor:
    """A connection that opens in a while, and then begins at a place.

    Opening takes nothing from the link that is there. While it `begins` nothing of that link may be
    applied: the place would no longer be the one that was asked for.
    """

    def __init__(
        self,
        transport: Transport,
        rung: int,
        delay_s: float,
        pace: Pace,
        *,
        is_climb: bool = False,
    ) -> None:
        self.transport = transport
        self.rung = rung
        self.is_climb = is_climb
        self.begins = False
        self._pace = pace
        self.opens_s = asyncio.get_running_loop().time() + delay_s
        self.task = asyncio.create_task(self._open(delay_s))

    def begin(self, cursor: str | None, *, is_beside: bool) -> None:
        """Ask for what follows a place. `is_beside`: a link waits meanwhile, and not for long."""
        self.begins = True
        limit_s = self._pace.beside_s if is_beside else self._pace.connect_s
        self.task = asyncio.create_task(_within(limit_s, self.transport.begin(cursor)))

    async def close(self) -> None:
        """Let go of it."""
        await _end(self.task)
        await self.transport.close()

    async def _open(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await _within(self._pace.connect_s, self.transport.open())


async def _within(limit_s: float, step: Coroutine[None, None, None]) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await step
    except TimeoutError as error:
        raise Blocked("no answer in time") from error


async def _end(task: asyncio.Task[object]) -> None:
    """Cancel what may be under way, and let its error be: nobody waits for it any more."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
