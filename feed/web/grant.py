"""What a subscriber may see, and until when: by a JSON Web Token (security notes, section 3)."""

import asyncio
from typing import NamedTuple

import jwt
from aiohttp import web

from feed.clock import Clock
from feed.errors import BadInput, BadTopic, Fault, Forbidden
from feed.limits import DEFAULTS
from feed.model.topic import ALL, Filters, parse_filter
from feed.web.limits import Buckets

_LEEWAY_S = 30
"""How far the clocks of who signs and who reads may be apart."""

_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Grant(NamedTuple):
    """The topics that may be seen, until the loop's time is `ends_s`.

    `is_announced`: the client was told that it ends, or came when it was too late to tell.
    """

    filters: Filters = ALL
    ends_s: float = float("inf")
    is_announced: bool = False

    def refused(self, filters: Filters) -> list[str]:
        """Those of the filters that match more than may be seen, as a client writes them."""
        if self.filters is ALL:
            return []
        return [name for name in filters.names() if not self.filters.covers(name)]

    def allow(self, filters: Filters) -> None:
        """Raises Forbidden where any of the filters matches more than may be seen."""
        if names := self.refused(filters):
            raise Forbidden([Fault(f"topics={name}", "not in this token") for name in names])


EVERYTHING = Grant()
"""For everybody where the feed is public, and for admins."""

GRANT = web.RequestKey("grant", Grant)
"""What a request was granted before it came to its door."""


class BadToken(BadInput):
    """It is not said why: who has a good one need not know, nor need who guesses."""

    code = "unauthorized"


class ExpiredToken(BadToken):
    """It was good once: nobody guesses it."""


class Grants:
    """Reads tokens that were signed with the secret (HS256); without one it is a public feed.

    An address that brought ten wrong ones in a minute is heard no more until later; one that is
    over is not wrong. `refused`: how many it did not take.
    """

    def __init__(
        self,
        secret: str,
        clock: Clock,
        wrong_per_min: float = DEFAULTS.wrong_tokens_per_min,
    ) -> None:
        self.refused = 0
        self._secret = secret
        self._clock = clock
        self._wrong = Buckets(wrong_per_min / 60, wrong_per_min)

    @property
    def are_needed(self) -> bool:
        """Whether a token must be had."""
        return bool(self._secret)

    def of(self, request: web.Request) -> Grant | None:
        """What the token of a request grants; None where there is none. Raises BadToken.

        It is in the header, or in the query, for those who cannot send headers.
        """
        if not self._secret:
            return EVERYTHING
        if GRANT in request:
            return request[GRANT]
        if given := request.headers.getall("Authorization", []):
            scheme, _, token = given[0].partition(" ")
            return self.read(token.strip() if (len(given), scheme.lower()) == (1, "bearer") else "")
        tokens = request.query.getall("token", [])
        return self.read(tokens[0] if len(tokens) == 1 else "") if tokens else None

    def need(self, request: web.Request) -> Grant:
        """What a request over HTTP may see; raises HTTPUnauthorized, the same for every reason."""
        try:
            grant = self.of(request)
        except BadToken:
            grant = None
        if grant is None:
            raise web.HTTPUnauthorized(headers=_CHALLENGE)
        return grant

    def admit(self, request: web.Request, address: str) -> None:
        """Let a request pass to where its token is needed; a wrong one is counted.

        Raises HTTPTooManyRequests, whatever the token is.
        """
        self._wrong.need(address, asyncio.get_running_loop().time())
        try:
            if grant := self.of(request):
                request[GRANT] = grant
        except BadToken as error:
            self.count(error, address)

    def count(self, error: BadToken, address: str) -> None:
        """Note what an address brought."""
        if not isinstance(error, ExpiredToken):
            self._wrong.take(address, asyncio.get_running_loop().time())

    def read(self, token: str) -> Grant:
        """What a token grants now. Raises BadToken.

        Its time is compared with our clock. Within the leeway it is as good as new.
        """
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                leeway=_LEEWAY_S,
                options={"require": ["exp", "topics"], "verify_exp": False},
            )
            filters = Filters.of(parse_filter(text) for text in _texts(claims["topics"]))
            left_s = float(claims["exp"]) - self._clock.now_ms() / 1000
        except (jwt.InvalidTokenError, BadTopic, ValueError, TypeError, OverflowError) as error:
            self.refused += 1
            raise BadToken("the token is not valid") from error
        if not left_s > -_LEEWAY_S:
            self.refused += 1
            raise ExpiredToken("the token is not valid")
        if left_s <= 0:
            left_s += _LEEWAY_S
        now_s = asyncio.get_running_loop().time()
        return Grant(filters, now_s + left_s, is_announced=left_s <= _LEEWAY_S)


def _texts(topics: object) -> list[str]:
    if not isinstance(topics, list) or not all(isinstance(text, str) for text in topics):
        raise TypeError
    return topics
