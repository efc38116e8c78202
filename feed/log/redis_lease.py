"""The lease of a Redis log: a key that expires, and a term that each append is held to."""

import secrets

from feed.errors import LogReplaced
from feed.log.redis_seen import ANOTHER
from feed.log.redis_store import LEASE, META, Store


class RedisLease:
    """See Lease. The key decides who may begin, and the term who may append.

    So a leader that slept beyond the key's life is refused by the log, not by a clock.
    """

    def __init__(self, store: Store, epoch: str, holder: str, life_s: float) -> None:
        self._store = store
        self._epoch = epoch
        self._holder = holder
        self._life_ms = round(life_s * 1000)
        self._term = ""
        self._asked = ""

    async def take(self) -> str:
        """See Lease. What was asked for without an answer was maybe given: it asks for it again.

        Raises LogReplaced.
        """
        self._asked = self._asked or secrets.token_hex(8)
        arguments = self._epoch, self._term, self._asked, self._holder, self._life_ms
        held = await self._store.run("take", [LEASE, META], *arguments)
        if held is None:
            raise LogReplaced(ANOTHER)
        self._term, self._asked = held.decode(), ""
        return self._term

    async def holder(self) -> str | None:
        """See Lease."""
        _, held = await self._store.ask((b"GET", LEASE))
        return held.decode().partition(" ")[2] if held else None

    async def release(self) -> None:
        """See Lease."""
        terms = self._term, self._asked
        self._term = self._asked = ""
        if any(terms):
            await self._store.run("release", [LEASE, META], *terms, self._holder)
