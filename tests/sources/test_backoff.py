import random

import pytest

from feed.sources.backoff import backoff_s

TRIES = 400


@pytest.mark.parametrize(
    ("failures", "period_s", "most_s"),
    [
        (1, 5, 7.5),
        (3, 5, 7.5),
        (4, 5, 15),
        (6, 5, 60),
        (1, 0.5, 0.75),
        (8, 0.5, 24),
        (10_000, 0.5, 60),
        (1, 300, 60),
    ],
)
def test_anywhere_within_one_and_a_half_periods_and_later_within_a_minute(
    failures: int, period_s: float, most_s: float
) -> None:
    chance = random.Random(1)
    waits_s = [backoff_s(failures, chance, period_s) for _ in range(TRIES)]
    assert 0 <= min(waits_s) < 0.02 * most_s
    assert 0.98 * most_s < max(waits_s) <= most_s


def test_what_is_our_own_is_asked_sooner() -> None:
    chance = random.Random(1)
    waits_s = [backoff_s(99, chance, 5, longest_s=5) for _ in range(TRIES)]
    assert 4.9 < max(waits_s) <= 5
