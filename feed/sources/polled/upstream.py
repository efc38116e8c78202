"""What an API is to the poller: how often to ask it, for what, and what an answer means."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec
from yarl import URL

from feed.errors import Fault
from feed.model.codec import Json
from feed.sources.base import Config
from feed.sources.polled.mapping import Mapped
from feed.sources.polled.pace import Pace

_MAX_TIMEOUT_S = 10.0
_MAX_PER_MINUTE, _MAX_PER_DAY = 60_000, 10_000_000
_DAY_S = 86_400


class PollingConfig(Config, frozen=True, kw_only=True):
    """How to ask. `timeout_s`: for one whole tick.

    `idle_every_s` and `unwatched_every_s`: see `Pace`; None: as often as ever. `per_minute` and
    `per_day`: the requests that may be made; None: not limited.
    """

    every_s: float = 5.0
    idle_every_s: float | None = None
    unwatched_every_s: float | None = None
    per_minute: int | None = None
    per_day: int | None = None
    timeout_s: float = _MAX_TIMEOUT_S

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if not 0 < self.timeout_s <= _MAX_TIMEOUT_S:
            yield Fault("timeout_s", f"expected more than 0 and at most {_MAX_TIMEOUT_S:g}")
        for field in ("idle_every_s", "unwatched_every_s"):
            value = getattr(self, field)
            if value is not None and not self.every_s <= value <= _DAY_S:
                yield Fault(field, f"expected at least every_s, and at most {_DAY_S} seconds")
        for field, most in (("per_minute", _MAX_PER_MINUTE), ("per_day", _MAX_PER_DAY)):
            value = getattr(self, field)
            if value is not None and not 1 <= value <= most:
                yield Fault(field, f"expected 1 to {most}")

    def headers(self) -> Mapping[str, str]:
        """What goes with every request. Raises SettingsError."""
        return {}

    def pace(self) -> Pace:
        """How often to ask."""
        return Pace(
            self.every_s, self.idle_every_s or self.every_s, self.unwatched_every_s or self.every_s
        )


def root(url: str) -> URL:
    """Where an API is. Raises ValueError where that is no `http://` or `https://` with a host."""
    parsed = URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("expected http://… or https://…")
    return parsed


class Target(msgspec.Struct, frozen=True):
    """A URL to ask, and the topics that its answer is about, where that is known beforehand."""

    url: URL
    topics: tuple[str, ...] = ()


class Upstream(Protocol):
    """What is particular to one API."""

    @property
    def lists_whole(self) -> bool:
        """Whether an event that an answer no longer has did not happen."""
        ...

    def targets(self, now_ms: int) -> Sequence[Target]:
        """What to ask for at `now_ms`."""
        ...

    def changes(self, answer: Json, target: Target, now_ms: int) -> Mapped:
        """What an answer says. Raises SourceFailed where it makes no sense; may run in a thread."""
        ...
