"""Whether a log takes appends, as of the last one."""

import logging
from collections.abc import Sequence

from feed.errors import Fenced, LogUnavailable

log = logging.getLogger(__name__)


class Trouble:
    """`words` say why the last append was not taken; empty: it was. A change is logged once."""

    def __init__(self) -> None:
        self.words = ""

    def note(self, outcomes: Sequence[object]) -> None:
        """What became of appends of the same moment: an engine that cannot write fails all."""
        wrong = next((each for each in outcomes if _is_trouble(each)), None)
        if wrong is None and self.words:
            log.info("the log takes appends again")
        elif wrong is not None and not self.words:
            log.error("nothing can be appended to the log: %s", wrong)
        self.words = "" if wrong is None else str(wrong)


def _is_trouble(outcome: object) -> bool:
    return isinstance(outcome, LogUnavailable) and not isinstance(outcome, Fenced)
