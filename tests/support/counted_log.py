"""A log in a file, in virtual time: none of it passes while a thread of the log works."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from feed.log.base import Appended, Batch
from feed.log.sqlite import SqliteLog
from tests.support.clock import VirtualLoop

T = TypeVar("T")


class Counted(SqliteLog):
    """Tells the loop whenever it waits for one of its threads."""

    async def append(self, batch: Batch) -> Appended:
        return await working(super().append(batch))

    async def trim(self, before: int) -> None:
        await working(super().trim(before))

    async def aclose(self) -> None:
        await working(super().aclose())

    async def _read(self, query: Callable[[Any], T]) -> T:
        return await working(super()._read(query))


async def working(work: Awaitable[T]) -> T:
    """Wait for a thread."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.working += 1
    try:
        return await work
    finally:
        loop.working -= 1
