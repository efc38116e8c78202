"""Clocks of tests."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

START_MS = 1_790_000_000_000


_THREADS_S = 0.05
"""How long a thread's work is waited for at once."""


class LoopClock:
    """A wall clock that runs with the loop, so that virtual time moves both."""

    def now_ms(self) -> int:
        """See Clock."""
        return START_MS + round(asyncio.get_running_loop().time() * 1000)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes at once whenever nothing else is to be done.

    `working` counts what other threads do for it now: meanwhile no time passes.
    """

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self.working = 0
        super().__init__(_Hasty(self))

    def time(self) -> float:
        """Seconds since the loop was made; only waiting makes them pass."""
        return self._ahead_s

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self._ahead_s += seconds


class _Hasty(selectors.DefaultSelector):
    """A selector that does not wait for a deadline, but moves the clock to it."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._loop.working and timeout != 0:
            return super().select(_THREADS_S)
        if timeout is None:
            raise RuntimeError("every task waits for another: nothing will ever happen")
        ready = super().select(0)
        if not ready:
            self._loop.pass_by(max(timeout, 0))
        return ready


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time; it must leave no task behind."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
