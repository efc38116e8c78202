"""How long to leave alone what fails: full jitter, so that many who failed at once spread."""

import random

BACKOFF_S = 60.0
"""The longest silence that failures alone bring about."""

_SHORT = 3  # failures in a row that are still a passing fault
_MOST_DOUBLINGS = 30


def backoff_s(
    failures: int, chance: random.Random, period_s: float, longest_s: float = BACKOFF_S
) -> float:
    """A moment within one and a half periods: what fails for a moment is back within two.

    From the fourth failure in a row on within twice as long each time.
    """
    doublings = min(max(0, failures - _SHORT), _MOST_DOUBLINGS)
    return chance.uniform(0, min(1.5 * period_s * 2.0**doublings, longest_s))
