"""How long to leave alone what fails: full jitter, so that many who failed at once spread."""

import random

BACKOFF_S = 60.0
"""The longest silence that failures alone bring about."""


def backoff_s(failures: int, chance: random.Random, longest_s: float = BACKOFF_S) -> float:
    """A moment within 2 s after the first failure, within 4 s after the next in a row and so on."""
    return chance.uniform(0, min(2.0 ** min(failures, 10), longest_s))
