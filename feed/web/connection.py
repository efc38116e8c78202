"""A stream that is open: its transport as the hub's sink, and how it ends.

aiohttp reads the request; then a Connection takes the transport over, and
aiohttp's objects are let go (decision 0010). An open stream is this object and no task.
"""

import asyncio
import logging
import os
import random
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Coroutine
from enum import Enum
from typing import ClassVar, Protocol, cast

from feed.errors import LogUnavailable
from feed.hub.hub import Hub
from feed.hub.member import Member
from feed.limits import Limits
from feed.model.frame import Frame, Wrap
from feed.web.backlog import Backlog, Corked
from feed.web.close_code import name_of
from feed.web.grant import EVERYTHING, Grant, Grants

log = logging.getLogger(__name__)

FULL_BYTES = 64 * 1024
"""Waiting in the transport, beyond what the kernel holds: from here on it takes no more."""

CLOSE_S = 2.0
"""For the end of a stream, once we have said it; a peer that does not take part is cut."""

LOOK_S, CALM_S = 1.0, 30.0
"""How often a stream is looked at where something may have to be done soon, and else."""


class Home(Protocol):
    """Where a stream belongs: whose frames it is written, who reads its token, what it may ask for.

    `refused`: commands that were refused, by the code of their `error`.
    """

    hub: Hub
    grants: Grants
    limits: Limits
    refused: Counter[str]

    def remove(self, connection: "Connection") -> None:
        """Called once, when the transport is gone and nothing is done for the client any more."""
        ...


class Phase(Enum):
    """How far a stream is from its end."""

    OPEN = "open"
    LEAVING = "leaving"
    """It was told `bye`, and closes at `ends_s`."""
    CLOSING = "closing"
    """Nothing more is written to it; it is cut at `ends_s` where its peer does not close."""
    CLOSED = "closed"


class Connection(asyncio.Protocol, ABC):
    """One stream. Doors say how a frame is wrapped, what is read, and how it closes.

    `ends_s`: when its phase ends. `due_s`: when the sweep is to look at it again. `grant`: what
    it may see; None before its token has come. `ended_by`: why it ends, in a word of a few: the
    name of a close code, or of what it was cut for.
    """

    door: ClassVar[str]

    __slots__ = (
        "_backlog", "_drained", "_number", "_task", "_transport", "address", "due_s",
        "ended_by", "ends_s", "fd", "grant", "has_subscribed", "home", "is_full", "member",
        "opened_s", "phase", "wrap",
    )  # fmt: skip

    def __init__(self, address: str, wrap: Wrap, home: Home) -> None:
        self.address = sys.intern(address)  # most are the same few
        self.home = home
        self.member = Member(self)
        self.grant: Grant | None = EVERYTHING
        self.opened_s = self.now_s()
        self.ends_s = self.due_s = float("inf")
        self.phase = Phase.OPEN
        self.has_subscribed = False
        self.ended_by = "client"
        self.is_full = False
        self._number = random.getrandbits(32)
        self.wrap = wrap
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Event | None = None
        self._backlog: Backlog | Corked | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether bytes wait in the transport for the client to read."""
        return isinstance(self._backlog, Backlog)

    @property
    def is_beginning(self) -> bool:
        """Whether it is being served and has not subscribed to anything before."""
        return self._task is not None and not self.has_subscribed

    @property
    def id(self) -> str:
        """Its name for the operator."""
        return f"c-{self._number:08x}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a transport; it may still hold what aiohttp wrote."""
        self._transport = transport = cast("asyncio.Transport", transport)
        self.fd: int = transport.get_extra_info("socket").fileno()
        transport.set_write_buffer_limits(high=0)  # told of the first byte that waits
        self._reach()
        if transport.get_write_buffer_size():
            self.pause_writing()  # aiohttp may have been told of these, and not we
        if not transport.is_reading():
            transport.resume_reading()  # which aiohttp stops when a request has a large body

    def write(self, frame: Frame) -> None:
        """See Sink."""
        self.send(frame.wrapped(self.wrap))

    def send(self, data: bytes) -> None:
        """Write bytes past the transport while nothing waits in it, else behind what waits.

        A transport's own `write` costs as much again as all else here, but for the system call.
        `fd` is -1 from the moment on that nothing may be written any more: the kernel gives the
        number to another connection once this one is closed.
        """
        if self._backlog is None:
            try:
                sent = os.write(self.fd, data)
            except BlockingIOError:
                sent = 0
            except OSError:
                if self.fd >= 0:  # the peer has closed it; else we have
                    self.cut()
                return
            if sent == len(data):
                return
            data = data[sent:]
        self._send_behind(data)

    def _send_behind(self, data: bytes) -> None:
        backlog = self._backlog
        if isinstance(backlog, Corked):
            backlog.parts.append(data)
            backlog.bytes += len(data)
            if backlog.bytes > FULL_BYTES:
                self._uncork()
        elif self.fd >= 0:
            if backlog:
                backlog.handed += len(data)
            self._transport.write(data)
            self.is_full = self._transport.get_write_buffer_size() > FULL_BYTES

    def cork(self) -> None:
        """Write what comes in this turn of the loop as one, at its end."""
        if self._backlog is None:
            self._backlog = Corked()
            self._reach()
            asyncio.get_running_loop().call_soon(self._uncork)

    def _uncork(self) -> None:
        if isinstance(self._backlog, Corked):
            data, self._backlog = b"".join(self._backlog.parts), None
            self._reach()
            self.send(data)

    def pause_writing(self) -> None:
        """The kernel takes no more: what is written from now on waits in the transport."""
        now_s = self.now_s()
        self._backlog = Backlog(self._transport.get_write_buffer_size(), now_s)
        self.due_s = min(self.due_s, now_s + LOOK_S)
        self._reach()

    def resume_writing(self) -> None:
        """All that waited is with the kernel."""
        self._backlog, self.is_full = None, False
        self._reach()
        self._wake()

    async def drained(self) -> None:
        """See Sink."""
        while self.is_full and self.fd >= 0:
            self._drained = self._drained or asyncio.Event()
            await self._drained.wait()
        if self.fd < 0:
            raise ConnectionResetError("the client is gone")

    def hold_back(self, *, held: bool) -> None:
        """Read no more from the client for now, or go on."""
        if self.phase is not Phase.CLOSED:
            if held:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _wake(self) -> None:
        if self._drained:
            self._drained.set()
            self._drained = None

    def look(self, now_s: float) -> str | None:
        """Look at it from time to time; gives why it is to be cut, when it is."""
        backlog = self._backlog
        if not isinstance(backlog, Backlog):
            return None
        waiting_bytes, stall_s = self._transport.get_write_buffer_size(), self.home.limits.stall_s
        has_stalled = backlog.has_stalled(waiting_bytes, now_s, stall_s)
        return f"read nothing for {stall_s:g} s" if has_stalled else None

    def calm_s(self, _now_s: float) -> float:
        """For how long it need not be looked at, as things are."""
        return LOOK_S if self.is_waiting or not self.has_subscribed else CALM_S

    def run(self, work: Coroutine[None, None, None]) -> None:
        """Do for the client what takes time, once the last is done."""
        self._task = asyncio.create_task(work)
        self._task.add_done_callback(self._ran)

    def _ran(self, task: asyncio.Task[None]) -> None:
        if task is self._task:
            self._task = None
        if not task.cancelled() and (error := task.exception()):
            if isinstance(error, LogUnavailable):
                self.ended_by = "unavailable"
            elif not isinstance(error, ConnectionError):
                log.error("%s could not be served and is cut", self.id, exc_info=error)
                self.ended_by = "fault"
            if not self.is_ending:
                self.cut()  # it left, or cannot be brought up to date now: it comes back
        if self.phase is Phase.CLOSED and self._task is None:
            self.home.remove(self)

    def close(self, code: int) -> None:
        """End it in order; who does not take part in time is cut. Idempotent."""
        if not self.is_ending:
            self.ended_by = name_of(code)
            self.say_end(code)
            self.end_writing()

    @property
    def is_ending(self) -> bool:
        """Whether nothing more is written to it."""
        return self.phase in (Phase.CLOSING, Phase.CLOSED)

    @abstractmethod
    def say_end(self, code: int) -> None:
        """Write what the door's streams end with."""

    def end_writing(self) -> None:
        """Write nothing more, and give the peer its time to close."""
        self._uncork()
        self._forget_fd()
        self.phase = Phase.CLOSING
        self.hold_back(held=False)  # its answer to the end must be heard
        self.ends_s = self.due_s = self.now_s() + CLOSE_S
        self._wake()

    def _reach(self) -> None:
        """Let the hub write at the descriptor while nothing waits before it."""
        self.member.reach(self if self._backlog is None and self.fd >= 0 else None)

    def _forget_fd(self) -> None:
        self.member.reach(None)  # as long as the number is known
        self.fd = -1

    def abort(self) -> None:
        """See Sink. The hub asks for it where it failed."""
        self.ended_by = "fault"
        self.cut()

    def cut(self) -> None:
        """End it at once, whatever waits to be written."""
        if self.phase is not Phase.CLOSED:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone: nothing may be written to its number any more."""
        self._forget_fd()
        self.phase = Phase.CLOSED
        self._wake()
        if self._task:
            self._task.cancel()
        else:
            self.home.remove(self)

    @staticmethod
    def now_s() -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()
