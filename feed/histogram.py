"""How often what was measured fell between which bounds: two plain additions for each."""

from bisect import bisect_left
from collections.abc import Sequence


class Histogram:
    """Counts values, in seconds, by ascending upper bounds; what is above the last counts too."""

    __slots__ = ("bounds", "counts", "sum_s")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one value; it belongs to the first bound that it does not exceed."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum_s += seconds
