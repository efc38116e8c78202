"""How often to ask for what: by what is going on there, and by whether somebody looks."""

from collections.abc import Sequence
from typing import NamedTuple

from feed.model.codec import JsonObject
from feed.sources.base import Current, Watched
from feed.sources.polled.fetch import Seen

_LINGER_MS = 60_000
"""How long a topic counts as followed after the last one left: pollers come and go."""

_AHEAD_MS = 120_000
"""So long before it starts, a match counts as going on."""

_LATE_MS = 6 * 3_600_000
"""How long after that a match still counts so, of which nobody has said that it goes on."""

_GOING_ON = ("live", "break")


class Pace(NamedTuple):
    """Seconds from one time to the next, for one part of what a source asks for.

    `every_s` where something goes on, `idle_every_s` where every match is yet to come or over and
    every market closed, and not more often than `unwatched_every_s` where nobody follows it.
    """

    every_s: float
    idle_every_s: float
    unwatched_every_s: float

    def wait_s(self, *, idle: bool, watched: bool) -> float:
        """The seconds that hold now."""
        wait_s = max(self.every_s, self.idle_every_s) if idle else self.every_s
        return wait_s if watched else max(wait_s, self.unwatched_every_s)


class Part:
    """What one URL tells of: its topics as they are in the feed, and when it was asked last.

    `wrong`: what was wrong then, empty where nothing was. `told`: the topics that its last answer
    told of; none where that could not be had. `seen`: that answer, where all of it was good.
    """

    def __init__(self, topics: Sequence[str]) -> None:
        self.topics = topics
        self.told: tuple[str, ...] = ()
        self.seen: Seen | None = None
        self.asked_ms: int | None = None
        self.has_failed = False
        self.wrong = ""
        self._watched_ms: int | None = None

    def is_due(self, pace: Pace, current: Current, watched: Watched, now_ms: int) -> bool:
        """Whether to ask at this tick; they come every `pace.every_s`, not quite exactly."""
        if self.topics and any(map(watched, self.topics)):
            self._watched_ms = now_ms
        if self.asked_ms is None or now_ms < self.asked_ms:  # never, or the clock went back
            return True
        if self.has_failed:  # how long that one is left alone is not a question of pace
            return True
        seen_ms = self._watched_ms
        wait_s = pace.wait_s(
            idle=is_idle([current(topic) for topic in self.topics], now_ms),
            watched=not self.topics or (seen_ms is not None and now_ms - seen_ms < _LINGER_MS),
        )
        slack_s = pace.every_s / 2
        return wait_s <= pace.every_s or now_ms - self.asked_ms >= (wait_s - slack_s) * 1000


def is_idle(items: Sequence[JsonObject | None], now_ms: int) -> bool:
    """Whether nothing goes on in any of these; a topic that is not there yet may be anything."""
    return all(item is not None and _is_quiet(item, now_ms) for item in items)


def _is_quiet(item: JsonObject, now_ms: int) -> bool:
    if "phase" not in item:
        return item.get("state") == "closed"
    start = item.get("start")
    if item["phase"] == "pre" and isinstance(start, int):
        return not -_LATE_MS < start - now_ms <= _AHEAD_MS
    return item["phase"] not in _GOING_ON
