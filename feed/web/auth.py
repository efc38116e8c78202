"""Who may inject: the admin's bearer token (security notes, section 3)."""

import hashlib
import hmac
from collections.abc import Sequence

from aiohttp import web

from feed.web.limits import Bucket

_WRONG_PER_S = 10 / 60
_WRONG_BURST = 10
_ADDRESSES = 10_000
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Admins:
    """Compares digests in constant time, and refuses an address after ten wrong tokens a minute."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._digests = [_digest(token.encode()) for token in tokens]
        self._wrong: dict[str, Bucket] = {}

    def check(self, request: web.Request, address: str, now_s: float) -> None:
        """Let an admin pass; raises HTTPUnauthorized with one body for every reason."""
        bucket = self._wrong.get(address)
        if bucket is not None and (wait_s := bucket.wait_s(now_s)) > 0:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait_s) + 1)})
        given = request.headers.getall("Authorization", [])
        if self._knows(given):
            return
        if not given:  # no guess at a token
            raise web.HTTPUnauthorized(headers=_CHALLENGE)
        if bucket is None:
            if len(self._wrong) >= _ADDRESSES:
                self._wrong.clear()
            bucket = self._wrong[address] = Bucket(_WRONG_PER_S, _WRONG_BURST, now_s)
        bucket.take(now_s)
        raise web.HTTPUnauthorized(headers=_CHALLENGE)

    def _knows(self, values: Sequence[str]) -> bool:
        if len(values) != 1:
            return False
        scheme, _, token = values[0].partition(" ")
        if scheme.lower() != "bearer":
            return False
        given = _digest(token.strip().encode(errors="surrogateescape"))
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        return any(matches)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
