"""The lease of a Redis log: a key that expires, and a term that each append is held to."""

import secrets

from feed.log.redis_store import LEASE, META, Store


class RedisLease:
    """See Lease. The key decides who may begin, and the term who may append.

    So a leader that slept beyond the key's life is refused by the log, not by a clock.
    """

    def __init__(self, store: Store, holder: str, life_s: float) -> None:
        self._store = store
        self._holder = holder
        self._life_ms = round(life_s * 1000)
        self._term = ""

    async def take(self) -> str:
        """See Lease."""
        next_term = secrets.token_hex(8)
        arguments = self._term, next_term, self._holder, self._life_ms
        held = await self._store.run("take", [LEASE, META], *arguments)
        self._term = held.decode()
        return self._term

    async def holder(self) -> str | None:
        """See Lease."""
        (held,) = await self._store.ask((b"GET", LEASE))
        return held.decode().partition(" ")[2] if held else None

    async def release(self) -> None:
        """See Lease."""
        term, self._term = self._term, ""
        if term:
            await self._store.run("release", [LEASE, META], term, self._holder)
