"""Trying whether a log that took no appends takes them again, though nobody has any to make."""

import secrets

from feed.log.base import Batch, BatchKey, EventLog


async def probe(log: EventLog, now_ms: int) -> None:
    """Write something that nobody sees, where the last append failed. Raises LogUnavailable.

    It is an answer kept for a key that no request can have, as it has a space in it.
    """
    if log.trouble:
        key = BatchKey(f"probe {secrets.token_hex(8)}", b"")
        await log.append(Batch(records=(), at_ms=now_ms, key=key, answer=b"-"))
