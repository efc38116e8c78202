"""How far a source is believed, and for how long."""

from typing import Literal, TypeAlias

import msgspec

from feed.sources.market import Market

Trust: TypeAlias = Literal["checked", "made", "recorded"]
"""`checked`: somebody else's word, held against the rules. `made`: a generator's, which cannot be
wrong, but silent. `recorded`: rows that are told as they are, with the states that they bring."""

_STALE_AFTER_S = {"price": 60.0, "score": 120.0}
_POLLS = 3  # a source that is asked seldom may miss a poll, and one more


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a source. `stale_after_s`: None for what suits the kind of a topic."""

    name: str
    trust: Trust = "recorded"
    every_s: float = 1.0
    stale_after_s: float | None = None
    market: Market | None = None

    def stale_ms(self, kind: str) -> int:
        """After which silence an item of a kind is stale."""
        given = self.stale_after_s
        seconds = max(_STALE_AFTER_S[kind], _POLLS * self.every_s) if given is None else given
        return round(seconds * 1000)
