"""What a transport is to those who read frames, and what an answer means that is not the feed's."""

from collections.abc import Mapping
from typing import Protocol

import aiohttp

from feed.client.fault import Blocked, Cut, Ended, Lost, no_answer, read_problem, refused_for_now
from feed.client.wanted import Wanted

MOST_BYTES = 64 * 1024 * 1024
"""Of one frame: a part of a snapshot may hold 500 items of 16 KiB."""

UNTIMED = aiohttp.ClientTimeout(total=None)
"""Who reads frames knows how long it waits."""

_FINAL = range(400, 500)
_LESS_OFTEN = 429
_FOR_NOW = (408, _LESS_OFTEN, 500, 502, 503, 504)


class Transport(Protocol):
    """One connection to one door, used once: `open`, `begin`, `receive` again and again, `close`.

    The first three raise Lost, and Ended where coming back would not help. `receive` may be
    cancelled. What is not received waits in the socket, so that the server sees a slow reader.
    """

    name: str

    def __init__(self, session: aiohttp.ClientSession, wanted: Wanted) -> None: ...

    async def open(self) -> None:
        """Go as far as can be gone without a place."""
        ...

    async def begin(self, cursor: str | None) -> None:
        """Ask for what follows a place; return when frames come through."""
        ...

    async def receive(self) -> str:
        """The text of the next frame."""
        ...

    async def close(self) -> None:
        """Let go of it, in whatever state it is."""
        ...


def refused(
    url: str, status: int, headers: Mapping[str, str] | None, body: bytes = b""
) -> Lost | Ended:
    """What a status means; Ended where the feed itself says that it will not serve this."""
    headers = headers or {}
    is_feeds = headers.get("Content-Type", "").startswith("application/problem+json")
    if status in _FOR_NOW:
        is_foreign = not is_feeds and status != _LESS_OFTEN  # which is meant for all doors
        return refused_for_now(status, headers.get("Retry-After"), is_foreign=is_foreign)
    if status in _FINAL and is_feeds:
        return Ended(str(read_problem(body) or f"{url} answers {status}"))
    return Blocked(f"{url} answers {status}", is_refusal=status in _FINAL)


def broken(error: Exception) -> Lost:
    """What an error means to a connection."""
    away = no_answer(error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return away
    return Blocked(str(away)) if isinstance(error, TimeoutError) else Cut(str(away))
