"""The open streams: who is let in, when each must end, and one sweep that sees to it."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiohttp import web

from feed.hub.hub import Hub
from feed.limits import DEFAULTS, Limits
from feed.model.frame import plain
from feed.model.payload import Bye
from feed.web.close_code import CloseCode
from feed.web.connection import LOOK_S, Connection, Phase
from feed.web.crowd import Crowd, give_back
from feed.web.grant import Grants

log = logging.getLogger(__name__)

_AUTH_S = 10.0
"""How long a ws connection without a token may take to send one (protocol section 5)."""

_NOTICE_S = 30.0
"""Between `bye` and the end of a token (protocol section 5)."""

_GRACE_S = 5.0
"""Between `bye` and the close at a rotation, where the connection lives long enough for it."""

_SPREAD, _OVERLAP = 0.6, 0.2
"""Shares of the drain time: clients that are sent away come back one by one within the first, not
as one wave, and each has the second for its new connection before the old one ends.
"""

_SWEEP_S = 0.25


class Connections:
    """Every open stream of this instance, and the sweep over them. Runs from `start` to `drain`.

    `ended` counts streams by door and reason, `refused` commands by the code of their `error`.
    """

    def __init__(
        self,
        hub: Hub,
        grants: Grants,
        *,
        max_age_s: float,
        drain_s: float,
        limits: Limits = DEFAULTS,
    ) -> None:
        self.open: dict[Connection, None] = {}
        self.draining = asyncio.Event()
        self.hub = hub
        self.grants = grants
        self.limits = limits
        self._max_age_s = max_age_s
        self._grace_s = min(_GRACE_S, max_age_s / 10)
        self._drain_s = drain_s
        self.ended: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[str] = Counter()
        self._count = 0
        self._by_address: Counter[str] = Counter()
        self._empty = asyncio.Event()
        self._sweeping: asyncio.Task[None] | None = None

    def check(self, address: str) -> None:
        """Refuse a client that is one too many, or comes too soon, before any work is done."""
        most, per_address = self.limits.max_connections, self.limits.max_connections_per_ip
        if self.draining.is_set() or self._count >= most or not self.hub.has_begun:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": str(random.randint(1, 5))})
        if per_address and self._by_address[address] >= per_address:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(random.randint(1, 5))})

    @property
    def waiting(self) -> int:
        """How many polls are being answered, or wait for something to be told."""
        return self._count - len(self.open)

    @contextmanager
    def admitted(self, address: str) -> Iterator[None]:
        """Count a client in for as long as it waits for an answer."""
        self.check(address)
        self._count_in(address)
        try:
            yield
        finally:
            self._count_out(address)

    def _count_in(self, address: str) -> None:
        self._count += 1
        self._by_address[address] += 1

    def _count_out(self, address: str) -> None:
        self._count -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def add(self, connection: Connection) -> None:
        """Take in a stream; it gets a random end in the last fifth of the age."""
        connection.ends_s = connection.opened_s + self._max_age_s * random.uniform(0.8, 1.0)
        connection.due_s = min(connection.opened_s + LOOK_S, connection.ends_s - self._grace_s)
        self.open[connection] = None
        self._empty.clear()
        self._count_in(connection.address)

    def remove(self, connection: Connection) -> None:
        """Let a stream go, whose transport is gone."""
        del self.open[connection]
        self.ended[connection.door, connection.ended_by] += 1
        self._count_out(connection.address)
        self.hub.leave(connection.member)
        if not self.open:
            self._empty.set()

    def start(self) -> None:
        """Begin to sweep."""
        self._sweeping = asyncio.create_task(self._sweep(), name="sweep")

    async def drain(self) -> None:
        """Take leave of everybody, spread over the drain time; gives when all are gone."""
        self.draining.set()
        staying = [connection for connection in self.open if connection.phase is Phase.OPEN]
        for number, connection in enumerate(staying):
            share = (number + random.uniform(0, 0.5)) / len(staying)  # no two alike
            after_s = self._drain_s * _SPREAD * share
            grace_s = after_s + self._drain_s * _OVERLAP
            self._leave(connection, "shutdown", after_s, grace_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_s):
                await self._all_gone()
        for connection in list(self.open):
            connection.close(CloseCode.RESTART)
            connection.cut()
        await self._all_gone()
        if self._sweeping:
            self._sweeping.cancel()

    async def _all_gone(self) -> None:
        if self.open:
            await self._empty.wait()

    async def _sweep(self) -> None:
        crowd = Crowd()
        while True:
            await asyncio.sleep(_SWEEP_S)
            if crowd.has_left(len(self.open)):
                give_back()
            now_s = asyncio.get_running_loop().time()
            for connection in [each for each in self.open if each.due_s <= now_s]:
                try:
                    self._look_at(connection, now_s)
                except Exception:  # of one connection, which the others must not suffer from
                    log.exception("%s could not be looked after and is cut", connection.id)
                    connection.ended_by = "fault"
                    connection.cut()

    def _look_at(self, connection: Connection, now_s: float) -> None:
        """Do what its time has come for, and say when to look again."""
        if why := connection.look(now_s):
            log.info("%s %s and is cut", connection.id, why, extra={"connection": connection.id})
            connection.ended_by = "silent"
            connection.cut()
        match connection.phase:
            case Phase.OPEN if now_s >= connection.ends_s - self._grace_s:
                after_s = self._grace_s * random.uniform(0, 0.5)
                self._leave(connection, "rotate", after_s, self._grace_s)
            case Phase.OPEN if not connection.has_subscribed and (
                now_s - connection.opened_s > self.limits.unsubscribed_s
            ):
                connection.close(CloseCode.IDLE)
            case Phase.LEAVING if now_s >= connection.ends_s:
                connection.close(CloseCode.RESTART)
            case Phase.CLOSING if now_s >= connection.ends_s:
                connection.cut()
            case _:
                pass
        grace_s = self._grace_s if connection.phase is Phase.OPEN else 0
        calm_s = connection.calm_s(now_s)
        due_s = min(now_s + calm_s, connection.ends_s - grace_s)
        connection.due_s = (
            due_s if connection.is_ending else min(due_s, self._check_grant(connection))
        )

    def _check_grant(self, connection: Connection) -> float:
        """End a stream when its token does, and tell it before; gives when there is more to do."""
        now_s, grant = connection.now_s(), connection.grant
        ends_s = connection.opened_s + _AUTH_S if grant is None else grant.ends_s
        if now_s >= ends_s:
            connection.close(CloseCode.UNAUTHORIZED)
        elif grant and not grant.is_announced:
            if now_s < ends_s - _NOTICE_S:
                return ends_s - _NOTICE_S
            connection.grant = grant._replace(is_announced=True)
            if place := self._place(connection):
                self._say_bye(connection, place, "token", 0, ends_s - now_s)
        return ends_s

    def _leave(self, connection: Connection, reason: str, after_s: float, grace_s: float) -> None:
        """Announce the end, and go on until then; its client is to come back before that.

        One that has no place yet is closed: a `bye` moves its client's, which may be older.
        """
        if place := self._place(connection):
            connection.phase = Phase.LEAVING
            connection.ends_s = connection.due_s = connection.now_s() + grace_s
            self._say_bye(connection, place, reason, after_s, grace_s)
        else:
            connection.close(CloseCode.RESTART)

    def _place(self, connection: Connection) -> str | None:
        """Where its client may come back; None where that is still what it came with."""
        return None if connection.is_beginning else self.hub.place(connection.member)

    @staticmethod
    def _say_bye(
        connection: Connection, place: str, reason: str, after_s: float, grace_s: float
    ) -> None:
        bye = Bye(
            cursor=place,
            reason=reason,
            reconnect=True,
            after_ms=round(after_s * 1000),
            grace_ms=round(grace_s * 1000),
        )
        connection.write(plain(bye))
