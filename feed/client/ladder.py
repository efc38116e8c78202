"""Which transport is tried next, and when. No I/O, no clock, no chance."""

from typing import NamedTuple

from feed.client.fault import Blocked, Cut, Lost, NoAnswer

_SHORT_S = 10.0
_SHORT_LIVES = 2
_STEADY_S = 300.0
_LONGEST_CLIMB_S = 600.0
_DOUBLINGS = 16
"""By then it waits the longest; where nothing stays for long, climbs are counted for ever."""


class Try(NamedTuple):
    """A transport by its rung; `at_once`: nothing says that the server wants to be left alone."""

    rung: int
    at_once: bool


class Climb(NamedTuple):
    """A better transport, to be opened beside the one that works, some time after that began."""

    rung: int
    after_s: float


class Ladder:
    """The best transport is rung 0. `rung`: the one in use, or the next to be tried.

    Where the server cannot be reached, or breaks off what worked, the same is tried again. What
    does not come through, or is cut soon and again, or is answered by something before the feed and
    again, leads one rung down, and below the last to the first. Whoever is below the first tries
    those above in turn, less and less often.
    """

    def __init__(self, rungs: int, first: int = 0, climb_s: float = 30.0) -> None:
        self.rung = first
        self._rungs = rungs
        self._climb_s = climb_s
        self._short_lives = 0
        self._climbs = 0
        self._refused = set[int]()

    def after(self, fault: Lost, lived_s: float = 0) -> Try | None:
        """What to do where a connection is lost; None: every transport was refused for good.

        `lived_s`: how long the state was current by it.
        """
        if lived_s >= _STEADY_S:
            self._climbs = 0
        if lived_s >= _SHORT_S:
            self._short_lives = 0
        match fault:
            case NoAnswer(is_foreign=False):
                return Try(self.rung, at_once=False)
            case Cut() | NoAnswer():
                self._short_lives += lived_s < _SHORT_S
                if self._short_lives < _SHORT_LIVES:
                    return Try(self.rung, at_once=False)
            case Blocked(is_refusal=True):
                self._refused.add(self.rung)
                if len(self._refused) == self._rungs:
                    return None
            case _:
                pass
        return self._fall()

    def live(self, rung: int) -> Climb | None:
        """The state is current by this transport. Gives what to try beside it."""
        self.rung = rung
        self._refused.clear()
        return self.climb()

    def climb(self) -> Climb | None:
        """What to try next beside the transport that works; None at the top."""
        if self.rung == 0:
            return None
        climb = Climb(
            rung=self._climbs % self.rung,
            after_s=min(_LONGEST_CLIMB_S, self._climb_s * 2 ** min(self._climbs, _DOUBLINGS)),
        )
        self._climbs += 1
        return climb

    def _fall(self) -> Try:
        self._short_lives = 0
        is_last = self.rung == self._rungs - 1
        self.rung = 0 if is_last else self.rung + 1
        return Try(self.rung, at_once=not is_last)
