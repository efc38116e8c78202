"""`GET /poll`: one answer a request, and nothing kept between them (protocol section 3).

Who wants the same from the same place gets the same bytes, made once for as long as the log does
not move, and a cache before the server may give them to others ("Polls behind a cache" in
docs/operations.md).
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web
from msgspec.structs import replace

from feed.errors import LogTrimmed
from feed.hub.catchup import snapshot
from feed.hub.conflate import Held
from feed.hub.hub import Hub
from feed.hub.kept import Kept
from feed.hub.lane import Lane
from feed.hub.plan import Step, plan
from feed.hub.reading import Slice, next_slice
from feed.hub.subscription import Subscription
from feed.hub.traffic import Sent, Traffic
from feed.model.cursor import Cursor
from feed.model.frame import Frame, plain
from feed.model.payload import Reset
from feed.model.topic import NONE, Filters
from feed.web import keys
from feed.web.answer import NOT_STORED, Shared, fresh, share
from feed.web.bell import Bells
from feed.web.parameter import KEY_SECONDS, WAIT
from feed.web.query import also_filters, need_filters, read_cursor, read_options

_NEWS_FRESH_S = 5
"""What follows a place stays true, but who comes later is told all of it faster by the server."""

_STATE_FRESH_S = 1

_STILL = {"X-Accel-Expires": "1", **NOT_STORED}
"""For an nginx alone, which tells it to those who have waited too: see `_key_s`. Its version 1.22
heeds the first of the two headers, later ones both.
"""

_KEY_SECONDS = re.compile(r"[1-9][0-9]?", re.ASCII)

_PLACE = ("cursor=", "wait=", "token=")
_read_before = Kept(256)
"""Query strings without what differs from poll to poll, and what they ask for."""


async def poll(request: web.Request) -> web.Response:
    """Answer what is newer than the cursor, at once or when it comes; a snapshot without one."""
    grant = request.app[keys.GRANTS].need(request)
    app, asked = request.app, _asked(request)
    grant.allow(asked.joined.filters)
    cursor, wait_s = read_cursor(request), min(WAIT.read(request.query), grant.ends_s - _now_s())
    with app[keys.CONNECTIONS].admitted(app[keys.PEERS].address(request)):
        lane = await app[keys.HUB].lane(asked.wanted.options.delay_ms)
        pollers, joined = (
            _Pollers(app[keys.HUB], app[keys.BELLS], lane, wanted)
            for wanted in (asked.wanted, asked.joined)
        )
        if cursor is None:
            answer = joined.standing()
        elif asked.further == NONE:
            answer = await pollers.newer(cursor, wait_s, _key_s(request))
        elif reset := await pollers.reset(cursor):
            answer = joined.standing(reset)
        else:
            answer = await pollers.joining(cursor, wait_s, asked.further)
    response = share(request, answer)
    if response.status == HTTPStatus.OK:
        _count(app[keys.HUB].traffic, answer)
    return response


def _count(traffic: Traffic, answer: Shared) -> None:
    if answer.told:
        traffic.polled.plus(answer.told)
    if answer.reset:
        traffic.resets[answer.reset] += 1


class _Asked(NamedTuple):
    """What a cursor vouches for, what it does not, and both."""

    wanted: Subscription
    further: Filters
    joined: Subscription


def _asked(request: web.Request) -> _Asked:
    """What is asked for; those who write it alike share one value."""
    texts = [
        part for part in request.rel_url.raw_query_string.split("&") if not part.startswith(_PLACE)
    ]
    return _read_before.get("&".join(texts), lambda: _read_asked(request))


def _read_asked(request: web.Request) -> _Asked:
    options = read_options(request.query)
    window_ms = max(options.window_ms, options.conflate_ms)  # both count from the first change
    wanted = Subscription(need_filters(request), replace(options, window_ms=window_ms))
    joined = replace(wanted, filters=also_filters(request, wanted.filters))
    return _Asked(wanted, joined.filters.minus(wanted.filters), joined)


def _key_s(request: web.Request) -> float:
    """The seconds in which a cache before the server changes its keys, as it says; else infinite.

    An empty answer that moves nothing must not be kept for its cursor: who got it again at once
    would ask again at once. After so long it may be, for nobody asks by its key any more.
    """
    form = _KEY_SECONDS.fullmatch(request.headers.get(KEY_SECONDS.name, ""))
    return int(form[0]) if form else float("inf")


class _News(NamedTuple):
    """What follows a place, up to another: an answer, or nothing at all.

    `since_ms`: when the first of it was appended.
    """

    upto: int
    answer: Shared | None = None
    since_ms: int = 0


class _Known:
    """What follows a place, once it has been read; who reads it has the lock."""

    def __init__(self) -> None:
        self.news: _News | None = None
        self.reading = asyncio.Lock()


class _Pollers:
    """Those who want the same from a lane."""

    def __init__(self, hub: Hub, bells: Bells, lane: Lane, wanted: Subscription) -> None:
        self._hub = hub
        self._bells = bells
        self._lane = lane
        self._wanted = wanted

    def standing(self, reset: Step | None = None) -> Shared:
        """All items as they are now; `reset`: why a cursor was of no use."""
        filters, fields = self._wanted.filters, self._wanted.options.fields
        return self._lane.kept.get(("standing", filters, fields, reset), lambda: self._stand(reset))

    def _stand(self, reset: Step | None) -> Shared:
        frames = [*snapshot(self._lane, self._wanted.filters, self._wanted.interest)]
        if reset:
            frames.insert(0, plain(Reset(reason=reset.value)))
        cursor = frames[-1].cursor
        why = reset.value if reset else None
        return _answer(frames, fresh(_STATE_FRESH_S, f'"{cursor}"'), reset=why)

    async def reset(self, cursor: Cursor) -> Step | None:
        """Why a cursor is of no use, where it is of none."""
        lane = self._lane
        if cursor.epoch == lane.epoch and cursor.offset == lane.tail.head:
            return None
        bounds = await lane.pages.bounds(cursor.offset)
        step = plan(cursor, bounds, lane.tail.first, lane.tail.head)
        return step if step.is_reset else None

    async def joining(self, cursor: Cursor, wait_s: float, further: Filters) -> Shared:
        """All that is newer than a cursor, and then the items of further filters as of there.

        Where that is more than an answer holds, or this lane is not there yet, it is told without
        these: whoever asks again from the new place gets on.
        """
        lane, offset, until_s = self._lane, cursor.offset, _now_s() + wait_s
        while lane.tail.head < offset:
            if _now_s() >= until_s or self._bells.is_over or lane.is_closed:
                return self._quiet(offset, moved=False, is_old=False)
            await self._bells.rest(lane, self._wanted, offset, until_s)
        frames, held = list[Frame](), Held(resumed=True)
        try:
            while part := await self._next(offset):
                if frames:
                    return _answer(frames, more=True)
                offset = part.upto
                merge = not part.is_short
                frame = lane.frame(part.entries, offset, self._wanted, held, merge=merge)
                frames += [frame] if frame else []
        except LogTrimmed:  # by retention, while it was read: who comes again is told so
            return self._quiet(cursor.offset, moved=False, is_old=False)
        frames += snapshot(lane, further, self._wanted.interest)
        return _answer(frames)

    async def newer(self, cursor: Cursor, wait_s: float, key_s: float) -> Shared:
        """The first news after a cursor, or an empty answer at the end of the wait."""
        lane, offset, began_s = self._lane, cursor.offset, _now_s()
        if reset := await self.reset(cursor):
            return self.standing(reset)
        until_s, gathers = began_s + wait_s, self._wanted.options.window_ms > 0
        while True:
            if offset < lane.tail.head:
                news = await self._news(offset)
                if news.answer is None:
                    offset = news.upto
                    continue
                due_s = self._due_s(news) if gathers else 0
                if not due_s:
                    return news.answer
                await self._bells.pause(min(due_s, until_s))
            elif _now_s() >= until_s or self._bells.is_over or lane.is_closed:
                is_old = _now_s() - began_s >= key_s
                return self._quiet(offset, moved=offset > cursor.offset, is_old=is_old)
            else:
                offset = await self._bells.rest(lane, self._wanted, offset, until_s)
            gathers = False  # it has, while it waited

    def _due_s(self, news: _News) -> float:
        """When what was there already was gathered for as long as the client grants; 0: it was."""
        options = self._wanted.options
        due_ms = news.since_ms + options.delay_ms + options.window_ms
        left_ms = due_ms - self._hub.clock.now_ms()
        return _now_s() + left_ms / 1000 if left_ms > 0 else 0

    async def _news(self, offset: int) -> _News:
        """What follows a place: read once, for as long as the lane does not move."""
        known: _Known = self._lane.kept.get((self._wanted, offset), _Known)
        if known.news is None:
            async with known.reading:
                if known.news is None:
                    known.news = await self._read(offset)
        return known.news

    async def _read(self, offset: int) -> _News:
        held = Held(resumed=True)
        try:
            while part := await self._next(offset):
                merge = not part.is_short
                offset = part.upto
                frame = self._lane.frame(part.entries, offset, self._wanted, held, merge=merge)
                if frame:
                    more = await self._has_more(offset)
                    tagged = fresh(_NEWS_FRESH_S, f'W/"{frame.cursor}"')  # weak: it says `pt`
                    answer = _answer([frame], tagged, more=more)
                    return _News(offset, answer, part.entries[0].at)
        except LogTrimmed:  # by retention, while it was read
            return _News(offset, self.standing(Step.EXPIRED))
        return _News(offset)

    async def _has_more(self, offset: int) -> bool:
        """Whether anything that matches follows a place."""
        while part := await self._next(offset):
            if part.entries:
                return True
            offset = part.upto
        return False

    async def _next(self, offset: int) -> Slice | None:
        """What follows a place; None at the head."""
        return await next_slice(self._lane.pages, self._lane.tail, offset, self._wanted.filters)

    def _quiet(self, offset: int, *, moved: bool, is_old: bool) -> Shared:
        """Nothing new. That the cursor has moved is news to others too."""
        body = b'{"cursor":"%b","frames":[],"more":false}' % self._lane.cursor(offset).encode()
        if moved:
            return Shared(body, fresh(_NEWS_FRESH_S, ""))
        return Shared(body, _STILL if is_old else NOT_STORED)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _answer(
    frames: Sequence[Frame],
    caching: Mapping[str, str] = NOT_STORED,
    *,
    more: bool = False,
    reset: str | None = None,
) -> Shared:
    """Frames, the last of which moves the cursor."""
    told = Sent()
    for frame in frames:
        told.add(frame)
    text = b",".join(frame.payload for frame in frames)
    cursor = (frames[-1].cursor or "").encode()
    body = b'{"cursor":"%b","frames":[%b],"more":%b}' % (
        cursor,
        text,
        b"true" if more else b"false",
    )
    return Shared(body, caching, told, reset)
