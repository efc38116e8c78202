"""Who is an admin: whoever has one of the tokens (security notes, section 3)."""

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
        self._digests = [_digest(token) for token in tokens]
        self._wrong: dict[str, Bucket] = {}

    def check(self, request: web.Request, address: str, now_s: float) -> None:
        """Let an admin pass; raises HTTPUnauthorized with one body for every reason."""
        given = request.headers.getall("Authorization", [])
        self.admit(_bearer(given) if given else None, address, now_s)

    def admit(self, token: str | None, address: str, now_s: float) -> int:
        """The place of a token among those that are valid. None: no guess at one.

        Raises HTTPUnauthorized, and HTTPTooManyRequests whatever the token is.
        """
        bucket = self._wrong.get(address)
        if bucket is not None and (wait_s := bucket.wait_s(now_s)) > 0:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait_s) + 1)})
        if token is None:
            raise web.HTTPUnauthorized(headers=_CHALLENGE)
        given = _digest(token)
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        if any(matches):
            return matches.index(True)
        if bucket is None:
            if len(self._wrong) >= _ADDRESSES:
                self._wrong.clear()
            bucket = self._wrong[address] = Bucket(_WRONG_PER_S, _WRONG_BURST, now_s)
        bucket.take(now_s)
        raise web.HTTPUnauthorized(headers=_CHALLENGE)


def _bearer(values: Sequence[str]) -> str:
    """The token of an `Authorization` header; empty, which none is, where it has no such form."""
    scheme, _, token = values[0].partition(" ")
    return token.strip() if len(values) == 1 and scheme.lower() == "bearer" else ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
