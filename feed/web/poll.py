"""`GET /poll`: one answer a request, and nothing kept between them (protocol section 3)."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec
from aiohttp import web

from feed.errors import LogTrimmed
from feed.hub.catchup import snapshot_frames
from feed.hub.conflate import Held
from feed.hub.hub import Hub
from feed.hub.lane import Lane
from feed.hub.member import Member
from feed.hub.plan import Step, plan
from feed.hub.reading import Slice, next_slice
from feed.hub.subscription import Options, Subscription
from feed.model.frame import Frame, plain
from feed.web import keys
from feed.web.answer import json_answer
from feed.web.query import need_filters, read_cursor, read_options, read_wait_s


async def poll(request: web.Request) -> web.Response:
    """Answer what is newer than the cursor, at once or when it comes; a snapshot without one."""
    wanted = Subscription(need_filters(request), _gathering(read_options(request.query)))
    cursor, wait_s = read_cursor(request), read_wait_s(request)
    hub, connections = request.app[keys.HUB], request.app[keys.CONNECTIONS]
    with connections.admitted(request.app[keys.PEERS].address(request)):
        lane = await hub.lane(wanted.options.delay_ms)
        if cursor is None:
            return _answer(_snapshot(lane, wanted))
        step = plan(cursor, await hub.log.bounds(), lane.tail.first, lane.tail.head)
        if step.is_reset:
            return _answer([_reset(step), *_snapshot(lane, wanted)])
        wait = _Wait(hub, lane, wanted, cursor.offset)
        try:
            return await wait.answer(wait_s, connections.draining)
        except LogTrimmed:  # by retention, while it was read
            return _answer([_reset(Step.EXPIRED), *_snapshot(lane, wanted)])


class _Bell:
    """A sink that keeps nothing: it says that there is something to read."""

    is_full = False

    def __init__(self) -> None:
        self.rung = asyncio.Event()

    def write(self, frame: Frame) -> None:
        """Whatever it is."""
        self.rung.set()

    async def drained(self) -> None:
        """Always."""

    def abort(self) -> None:
        """What cannot be told now is asked for again."""
        self.rung.set()


class _Wait:
    """One request's wait for news, from an offset that the log is known to tell."""

    def __init__(self, hub: Hub, lane: Lane, wanted: Subscription, offset: int) -> None:
        self._hub = hub
        self._lane = lane
        self._wanted = wanted
        self._offset = offset

    async def answer(self, wait_s: float, draining: asyncio.Event) -> web.Response:
        """The first news, or an empty answer at the end of the wait. Raises LogTrimmed."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_s
        await self._gather(wait_s, draining)
        while True:
            if frame := await self._read():
                return _answer([frame], more=await self._has_more())
            left_s = until_s - loop.time()
            if left_s <= 0 or draining.is_set() or self._lane.is_closed:
                return _empty(self._lane.cursor(self._offset))
            await self._rest(left_s, draining)

    async def _gather(self, wait_s: float, draining: asyncio.Event) -> None:
        """Give what is there already the time that the client grants for gathering."""
        options = self._wanted.options
        if options.window_ms and await self._has_more() and (part := await self._next()):
            seen_ms = part.entries[0].at + options.delay_ms
            left_ms = seen_ms + options.window_ms - self._hub.clock.now_ms()
            if left_ms > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left_ms / 1000, wait_s)):
                        await draining.wait()

    async def _read(self) -> Frame | None:
        """The next news; the offset moves over what is none."""
        held = Held(resumed=True)
        while part := await self._next():
            merge = not part.is_short
            frame = self._lane.frame(part.entries, part.upto, self._wanted, held, merge=merge)
            self._offset = part.upto
            if frame:
                return frame
        return None

    async def _has_more(self) -> bool:
        """Whether anything that matches follows; the offset moves over what does not."""
        while part := await self._next():
            if part.entries:
                return True
            self._offset = part.upto
        return False

    async def _next(self) -> Slice | None:
        """What follows the offset; None at the head."""
        filters = self._wanted.filters
        return await next_slice(self._hub.log, self._lane.tail, self._offset, filters)

    async def _rest(self, left_s: float, draining: asyncio.Event) -> None:
        """Sleep until the group that wants the same has news, or the time is up."""
        bell = _Bell()
        member = Member(bell)
        member.subscription, member.cursor = self._wanted, self._offset
        member.held = Held(resumed=True)
        self._hub.enter(member, self._lane)
        self._lane.join(member)
        ends = [asyncio.create_task(bell.rung.wait()), asyncio.create_task(draining.wait())]
        try:
            await asyncio.wait(ends, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await self._hub.leave(member)


def _gathering(options: Options) -> Options:
    """On a poll, `conflate_ms` too counts from the first change (protocol section 3)."""
    window_ms = max(options.window_ms, options.conflate_ms)
    return msgspec.structs.replace(options, window_ms=window_ms)


def _snapshot(lane: Lane, wanted: Subscription) -> list[Frame]:
    """All items; every part in one answer."""
    cursor, items = lane.standing(wanted.filters)
    return list(snapshot_frames(items, cursor, wanted.interest))


def _reset(step: Step) -> Frame:
    return plain("reset", reason=step.value)


def _answer(frames: Sequence[Frame], *, more: bool = False) -> web.Response:
    """Frames, the last of which moves the cursor."""
    text = b",".join(frame.payload for frame in frames)
    cursor = (frames[-1].cursor or "").encode()
    flag = b"true" if more else b"false"
    return json_answer(b'{"cursor":"%b","frames":[%b],"more":%b}' % (cursor, text, flag))


def _empty(cursor: str) -> web.Response:
    return json_answer(b'{"cursor":"%b","frames":[],"more":false}' % cursor.encode())
