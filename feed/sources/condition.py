"""What is logged of how a source does: that it changed, and not each try."""

import logging
from typing import Literal, TypeAlias

log = logging.getLogger(__name__)

_MINUTE_MS = 60_000

State: TypeAlias = Literal["well", "partly", "failing"]
_SAID = {"partly": "goes on without what is bad", "failing": "fails"}


class Condition:
    """Whether a source is well, wholly or in part, or fails.

    What comes and goes within a minute is told once a minute, with how often it did.
    """

    def __init__(self, name: str) -> None:
        self.state: State = "well"
        self._name = name
        self._fields = {"source": name}
        self._said: State = "well"  # by the last line
        self._said_ms = -_MINUTE_MS
        self._unsaid = 0

    def becomes(self, state: State, why: str, now_ms: int) -> None:
        """Note how it does now; nothing is logged where the last line said so."""
        is_new, self.state = state != self.state, state
        if state == self._said:
            return
        if state == "well":
            log.warning("source %s has recovered", self._name, extra=self._fields)
            self._said = "well"
            return
        is_worse = (self._said, state) == ("partly", "failing")
        if not is_worse and 0 <= now_ms - self._said_ms < _MINUTE_MS:
            self._unsaid += is_new
            return
        more = f" ({self._unsaid} times since the last line)" if self._unsaid else ""
        said = _SAID[state]
        log.warning("source %s %s: %s%s", self._name, said, why, more, extra=self._fields)
        self._said, self._said_ms, self._unsaid = state, now_ms, 0
