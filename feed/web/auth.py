"""Who is an admin: whoever has one of the tokens (security notes, section 3)."""

import hashlib
import hmac
from collections.abc import Sequence

from aiohttp import web

from feed.limits import DEFAULTS
from feed.web.limits import Buckets

_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Admins:
    """Compares digests in constant time, and refuses an address after ten wrong tokens a minute.

    `refused`: how many wrong ones came, those of refused addresses not among them.
    """

    def __init__(
        self, tokens: Sequence[str], wrong_per_min: float = DEFAULTS.wrong_tokens_per_min
    ) -> None:
        self.refused = 0
        self._digests = [_digest(token) for token in tokens]
        self._wrong = Buckets(wrong_per_min / 60, wrong_per_min)

    def fingerprint(self, place: int) -> str:
        """What the token at a place is called where it must not be shown: 8 hexadecimal digits."""
        return _digest(f"feed: fingerprint {self._digests[place].hex()}").hex()[:8]

    def check(self, request: web.Request, address: str, now_s: float) -> int:
        """Let an admin pass, as `admit`; raises HTTPUnauthorized with one body for every reason."""
        given = request.headers.getall("Authorization", [])
        return self.admit(_bearer(given) if given else None, address, now_s)

    def admit(self, token: str | None, address: str, now_s: float) -> int:
        """The place of a token among those that are valid. None: no guess at one.

        Raises HTTPUnauthorized, and HTTPTooManyRequests whatever the token is.
        """
        self._wrong.need(address, now_s)
        if token is None:
            raise web.HTTPUnauthorized(headers=_CHALLENGE)
        given = _digest(token)
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        if any(matches):
            return matches.index(True)
        self._wrong.take(address, now_s)
        self.refused += 1
        raise web.HTTPUnauthorized(headers=_CHALLENGE)


def _bearer(values: Sequence[str]) -> str:
    """The token of an `Authorization` header; empty, which none is, where it has no such form."""
    scheme, _, token = values[0].partition(" ")
    return token.strip() if len(values) == 1 and scheme.lower() == "bearer" else ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
