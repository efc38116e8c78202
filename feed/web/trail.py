"""What was done with an admin's rights at this instance: each call that may change something."""

from collections import deque
from collections.abc import Sequence
from heapq import merge

import msgspec
from aiohttp import web

BY = web.RequestKey("by", str)
"""Who is known to ask: the fingerprint of the token."""

TOPICS = web.RequestKey("topics", Sequence[str])
"""What a call is about, where its URL does not say it."""

HARMLESS = web.RequestKey("harmless", bool)
"""Of a call that changes nothing though its method might: it leaves no trace."""

MOST_TOPICS = 20
_MOST, _MOST_FAILED = 1000, 100


class Act(msgspec.Struct, frozen=True):
    """One call. `at`: milliseconds. `by`: None where somebody failed to sign in.

    `status`: of the answer; 0 where whoever asked had left before.
    """

    at: int
    by: str | None
    address: str
    call: str
    status: int
    topics: Sequence[str] = ()


class Trail:
    """The newest acts. Those of nobody who is known are apart: they push no others out."""

    def __init__(self) -> None:
        self._known: deque[Act] = deque(maxlen=_MOST)
        self._failed: deque[Act] = deque(maxlen=_MOST_FAILED)

    def note(self, act: Act) -> None:
        """Remember it."""
        (self._failed if act.by is None else self._known).appendleft(act)

    def newest(self, limit: int) -> list[Act]:
        """The newest first."""
        both = merge(self._known, self._failed, key=lambda act: act.at, reverse=True)
        return [act for act, _ in zip(both, range(limit), strict=False)]
