"""Waiting polls: all who wait for the same are one member of the hub, and wake together."""

import asyncio
from itertools import islice

from feed.hub.hub import Hub
from feed.hub.lane import Lane
from feed.hub.member import Member
from feed.hub.subscription import Subscription
from feed.model.frame import Frame

_AT_ONCE = 256
"""So many are woken in one turn of the loop: thousands at once would keep all others waiting."""


class Waiting:
    """Requests that wait for the same; each costs a future and a timer."""

    __slots__ = ("_asleep", "count")

    def __init__(self) -> None:
        self._asleep: dict[asyncio.Future[None], None] = {}
        self.count = 0

    async def until(self, end_s: float) -> None:
        """Wait until all are woken, or the loop's time is `end_s`."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        timer = loop.call_at(end_s, _wake, future)
        self._asleep[future] = None
        self.count += 1
        try:
            await future
        finally:
            self.count -= 1
            self._asleep.pop(future, None)
            timer.cancel()

    def wake(self) -> None:
        """Let them go on, one part after the other."""
        for future in list(islice(self._asleep, _AT_ONCE)):
            del self._asleep[future]
            _wake(future)
        if self._asleep:
            asyncio.get_running_loop().call_soon(self.wake)


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


class Bell(Waiting):
    """A sink that takes nothing: with the first news it falls behind, and rings.

    Its member's cursor is the place before the news then. It rings once.
    """

    is_full = True

    __slots__ = ("has_rung", "member")

    def __init__(self, hub: Hub, lane: Lane, wanted: Subscription) -> None:
        super().__init__()
        self.has_rung = False
        self.member = Member(self)
        self.member.subscription, self.member.cursor = wanted, lane.tail.head
        hub.enter(self.member, lane)
        lane.join(self.member)

    def write(self, frame: Frame) -> None:
        """See Sink."""
        self._ring()

    async def drained(self) -> None:
        """See Sink. The hub asks for it when it has something to tell."""
        self._ring()
        raise ConnectionResetError("who waited reads for itself")

    def abort(self) -> None:
        """See Sink. What cannot be told now is asked for again."""
        self._ring()

    def _ring(self) -> None:
        self.has_rung = True
        self.wake()


class Bells:
    """One for each subscription that somebody waits for; all are woken when the server drains."""

    def __init__(self, hub: Hub, draining: asyncio.Event) -> None:
        self._hub = hub
        self._draining = draining
        self._bells: dict[tuple[Lane, Subscription], Bell] = {}
        self._gathering = Waiting()
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look out for the end."""
        self._watching = asyncio.create_task(self._wake_all_at_the_end(), name="waiting polls")

    async def _wake_all_at_the_end(self) -> None:
        await self._draining.wait()
        for waiting in (self._gathering, *self._bells.values()):
            waiting.wake()

    @property
    def is_over(self) -> bool:
        """Whether nobody may wait any longer."""
        return self._draining.is_set()

    async def pause(self, end_s: float) -> None:
        """Wait until the loop's time is `end_s`, or the server drains."""
        if not self.is_over:
            await self._gathering.until(end_s)

    async def rest(self, lane: Lane, wanted: Subscription, offset: int, end_s: float) -> int:
        """Wait for news, the loop's time `end_s` or the end; gives the place to read on from.

        Nothing that is wanted may lie between the offset and the head of the lane. It is woken
        without reason now and then.
        """
        bell = self._bells.get((lane, wanted))
        if bell is None or bell.has_rung:
            bell = self._bells[lane, wanted] = Bell(self._hub, lane, wanted)
        try:
            await bell.until(end_s)
        finally:
            if not bell.count:
                self._hub.leave(bell.member)
                if self._bells.get((lane, wanted)) is bell:
                    del self._bells[lane, wanted]
        return max(offset, lane.place(bell.member))
