"""A topic and the sources that speak of it: which is in force, and how well the item stands."""

from bisect import insort
from collections import deque
from decimal import Decimal
from typing import NamedTuple

from feed.model.codec import JsonObject
from feed.model.topic import kind_of
from feed.sources.desk.gate import OVER, RECENT
from feed.sources.desk.line import Line, Word
from feed.sources.desk.tally import Tally


class Standing(NamedTuple):
    """An item's `state`, and `why` where it is not simply live."""

    state: str
    why: str | None = None


class Place:
    """A topic: `lines` of its sources, the preferred first; `in_force` is the one that is shown.

    `recent`: prices believed lately. `tally`: the events of its score, as the log has them.
    `told`: the state that the item is known to have.
    """

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.kind = kind_of(topic)
        self.lines: list[Line] = []
        self.in_force: Line | None = None
        self.is_named = False
        self.recent: deque[Decimal] = deque(maxlen=RECENT)
        self.tally = Tally()
        self.phase: object = None
        self.told: str | None = None
        self._own = Standing("live")

    def line(self, word: Word, now_ms: int) -> Line:
        """What a source says here; begun where it is new."""
        line = word.lines.get(self.topic)
        if line is None:
            line = word.lines[self.topic] = Line(word, self.topic, self.kind, now_ms)
            insort(self.lines, line, key=lambda each: each.word.rank)
        return line

    def choose(self, now_ms: int) -> Line:
        """The source to be in force: the most preferred that does well, if it has for a while.

        Where none does, it stays as it is.
        """
        current = self.in_force
        is_bad = current is None or current.trouble(now_ms) is not None
        for line in self.lines:
            if line is current and not is_bad:
                return line
            if line is not current and not line.trouble(now_ms) and (is_bad or not line.proof):
                return line
        return current or self.lines[0]

    def put(self, line: Line) -> None:
        """Let another source be in force."""
        if self.in_force is not None:
            self.in_force.rest()
        self.in_force = line
        self.is_named = False

    def says(self, said: JsonObject, given: JsonObject) -> None:
        """The source in force was believed: the item is `said`, of which it gave `given` now."""
        self.phase = said.get("phase")
        if given:
            state, why = given.get("state"), given.get("why")
            self._own = Standing(
                state if isinstance(state, str) else "live", why if isinstance(why, str) else None
            )

    def standing(self, line: Line, now_ms: int) -> Standing | None:
        """How the item stands by its source; None where the source says so itself.

        What is over or closed needs nobody to confirm it.
        """
        policy = line.word.policy
        trouble = line.trouble(now_ms)
        if policy.trust == "recorded":
            return None
        if policy.market and self.kind == "price" and not policy.market.is_open(now_ms):
            return Standing("closed", "the market is closed")
        if policy.trust == "checked" and self.phase in OVER:
            return Standing("closed", "the match is over")
        if trouble:
            return Standing(trouble.state, trouble.why)
        return self._own if policy.trust == "checked" else Standing("live")
