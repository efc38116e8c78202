"""What measurements give.

Each has a `value` that sides are compared by, with `less_is_better`, and says itself in a `cell`.
"""

import dataclasses
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

_PLAIN_BYTES = 120
_WHOLE = 0.95


@dataclass(frozen=True, slots=True)
class Held:
    """One rate, held for a while. `cpu_us`: for each delivery, of the server's whole tree.

    `share`: of what was expected if nothing was merged. `reads`: of the load, for each delivery,
    so about the writes of the server. `core`: the part of a core that the server used. The
    latencies are 0 where the time of sending is not known.
    """

    less_is_better: ClassVar[bool] = True

    cpu_us: float
    bytes_each: float
    share: float
    reads: float
    p50_ms: float
    p99_ms: float
    core: float

    @property
    def value(self) -> float:
        """Microseconds of CPU for each delivery."""
        return self.cpu_us

    def cell(self) -> str:
        """With the 99th percentile, the bytes where they are few, and what did not come."""
        parts = [f"{figure(self.cpu_us)} µs"]
        if self.p99_ms:
            parts.append(f"p99 {figure(self.p99_ms)} ms")
        if self.bytes_each < _PLAIN_BYTES:
            parts.append(f"{self.bytes_each:.0f} B")
        if self.share < _WHOLE:
            parts.append(f"only {self.share:.0%}")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class Capacity:
    """The most deliveries a second that came in time."""

    less_is_better: ClassVar[bool] = False

    per_s: float

    @property
    def value(self) -> float:
        """Deliveries a second."""
        return self.per_s

    def cell(self) -> str:
        """In millions or thousands."""
        return f"{count(self.per_s)}/s"


@dataclass(frozen=True, slots=True)
class Idle:
    """What a connection costs that is only there. `cpu_us`: of its beginning."""

    less_is_better: ClassVar[bool] = True

    bytes_each: float
    seconds: float
    cpu_us: float

    @property
    def value(self) -> float:
        """Bytes of the server's own memory for each connection."""
        return self.bytes_each

    def cell(self) -> str:
        """With the time until all are subscribed."""
        return f"{figure(self.bytes_each / 1024)} KB · {figure(self.seconds)} s"


@dataclass(frozen=True, slots=True)
class Ingest:
    """How many changes a second the log took. `cpu_us`: for each; `deliveries`: a second."""

    less_is_better: ClassVar[bool] = False

    per_s: float
    cpu_us: float
    deliveries: float

    @property
    def value(self) -> float:
        """Changes a second."""
        return self.per_s

    def cell(self) -> str:
        """With what was delivered meanwhile."""
        seen = f" · {count(self.deliveries)} deliveries/s" if self.deliveries else ""
        return f"{count(self.per_s)}/s · {figure(self.cpu_us)} µs{seen}"


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Many that resume at once. `cpu_ms` and `bytes_each`: for each of them."""

    less_is_better: ClassVar[bool] = True

    seconds: float
    cpu_ms: float
    bytes_each: float

    @property
    def value(self) -> float:
        """Seconds until the last had all."""
        return self.seconds

    def cell(self) -> str:
        """With what one of them costs."""
        size = f"{self.bytes_each / 1024:,.0f} KB"
        return f"{figure(self.seconds)} s · {figure(self.cpu_ms)} ms and {size} each"


Result: TypeAlias = Held | Capacity | Idle | Ingest | CatchUp


def median(results: Sequence[Result]) -> Result:
    """Of each figure by itself; the results are of one kind."""
    names = [field.name for field in dataclasses.fields(results[0])]
    middle = {name: statistics.median(getattr(each, name) for each in results) for name in names}
    return dataclasses.replace(results[0], **middle)


def figure(value: float) -> str:
    """Two digits that mean something, or more: 0.0012, 0.19, 4.5, 23, 150."""
    if value >= 10:
        return f"{value:,.0f}"
    if value >= 1:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def count(value: float) -> str:
    """3.1 M, 150,000, 820."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:.1f} M"
    return f"{round(value, -3 if value >= 10_000 else -1):,.0f}"
