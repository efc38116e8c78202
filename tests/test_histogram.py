"""A value belongs to the first bound that it does not exceed."""

from feed.histogram import Histogram


def test_values_fall_between_bounds() -> None:
    measured = Histogram((0.1, 1.0))
    for seconds in (0, 0.1, 0.2, 1.0, 1.1, 9):
        measured.observe(seconds)
    assert measured.counts == [2, 2, 2]
    assert measured.sum_s == 0 + 0.1 + 0.2 + 1.0 + 1.1 + 9
