"""Matches that play themselves: one after another on each topic, for as long as they are asked."""

import random
from collections.abc import Iterator, Sequence
from typing import ClassVar

from feed.errors import Fault
from feed.model.change import Change
from feed.model.codec import Json, JsonObject
from feed.model.merge import merge
from feed.sources.base import Config, Current
from feed.sources.made.match_play import PLAY
from feed.sources.match import MINUTE_MS, Fixture, Moment, fits_topic, rate
from feed.sources.policy import Trust

_MAX_SPEED = 10_000
_OVER_MS = 10 * MINUTE_MS  # a final score stands so long, in the match's time


class MatchClockConfig(Config, frozen=True, kw_only=True, tag="match_clock"):
    """`speed`: how many times faster than real matches these are. `seed`: any number."""

    trust: ClassVar[Trust] = "made"

    fixtures: tuple[Fixture, ...]
    speed: float = 1.0
    seed: int = 1

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if not 0 < self.speed <= _MAX_SPEED:
            yield Fault("speed", f"expected more than 0 and at most {_MAX_SPEED}")
        if not self.fixtures:
            yield Fault("fixtures", "at least one is needed")
        for index, fixture in enumerate(self.fixtures):
            if fixture.sport not in PLAY:
                yield Fault(f"fixtures[{index}].sport", f"expected one of {', '.join(PLAY)}")
            words = (fixture.league, fixture.home.abbr, fixture.away.abbr)
            if not all(map(fits_topic, words)):
                yield Fault(
                    f"fixtures[{index}]",
                    "league and abbr are 1 to 20 characters of A-Z a-z 0-9 . _ -",
                )
        if len({fixture.topic for fixture in self.fixtures}) < len(self.fixtures):
            yield Fault("fixtures", "a topic is named twice")


class _Ground:
    """Where the matches of one fixture take place.

    A match follows from its kick-off alone, so that a restart finds the very same one again and
    goes on in the middle of it.
    """

    def __init__(self, config: MatchClockConfig, fixture: Fixture, played: float) -> None:
        self._fixture = fixture
        self._seed = config.seed
        self._speed = config.speed
        self._rate = rate(config.speed)
        self._played = played
        self._moments: list[Moment] = []
        self._start_ms = 0
        self._next = 0
        self._known: JsonObject | None = None

    @property
    def topic(self) -> str:
        return self._fixture.topic

    def resume(self, item: JsonObject | None) -> None:
        self._known = item

    def tell(self, now_ms: int) -> Iterator[Change]:
        """What has happened since it was last asked."""
        if not self._moments:
            self._open(now_ms)
        if self._next == len(self._moments) and self._over_ms() <= now_ms:
            self._kick_off(now_ms - self._wall_ms(self._announced_ms()))
        while self._next < len(self._moments):
            moment = self._moments[self._next]
            at_ms = self._start_ms + self._wall_ms(moment.after_ms)
            if at_ms > now_ms:
                return
            self._next += 1
            yield moment.change(self.topic, at_ms, self._rate)

    def _open(self, now_ms: int) -> None:
        """The first match: the one that the log knows, else one that is partly played."""
        start_ms = (self._known or {}).get("start")
        if isinstance(start_ms, int):
            self._kick_off(start_ms)
            if self._find(self._known or {}, now_ms):
                return
        self._kick_off(now_ms)
        begin_ms, end_ms = self._announced_ms(), self._moments[-1].after_ms
        self._kick_off(now_ms - self._wall_ms(begin_ms + self._played * (end_ms - begin_ms)))

    def _kick_off(self, start_ms: int) -> None:
        chance = random.Random(f"{self._seed} {self.topic} {start_ms}")
        self._moments = PLAY[self._fixture.sport](self._fixture, start_ms, chance).moments
        self._start_ms = start_ms
        self._next = 0

    def _find(self, item: JsonObject, now_ms: int) -> bool:
        """Go to after the last change so far that leaves the match as the item has it.

        What changed nothing since is told again, with the same ids, which the log knows.
        """
        state: JsonObject = {}
        for index, moment in enumerate(self._moments):
            if self._start_ms + self._wall_ms(moment.after_ms) > now_ms:
                break
            state = merge(state, moment.fields)
            if moment.fields and _standing(state) == _standing(item):
                self._next = index + 1
        return self._next > 0

    def _announced_ms(self) -> int:
        return self._moments[0].after_ms

    def _over_ms(self) -> int:
        return self._start_ms + self._wall_ms(self._moments[-1].after_ms + _OVER_MS)

    def _wall_ms(self, match_ms: float) -> int:
        return int(match_ms / self._speed)


class MatchClock:
    """A source of matches that start at different stages and are followed by new ones."""

    def __init__(self, config: MatchClockConfig) -> None:
        config.check()
        self.name = config.name
        self.kind = config.type_name
        self.every_s = config.every_s
        count = len(config.fixtures)
        self._grounds = [
            _Ground(config, fixture, index / count) for index, fixture in enumerate(config.fixtures)
        ]

    @property
    def ended(self) -> bool:
        """Never: after a match comes the next."""
        return False

    def resume(self, current: Current) -> None:
        """Go on with the matches that the log holds; one that cannot be, makes way for a new."""
        for ground in self._grounds:
            ground.resume(current(ground.topic))

    async def poll(self, now_ms: int) -> Sequence[Change]:
        """Kick-offs, scores, breaks and ends since the last poll, each at its own moment."""
        return [change for ground in self._grounds for change in ground.tell(now_ms)]

    async def aclose(self) -> None:
        """Holds nothing."""


def _standing(item: JsonObject) -> tuple[Json, ...]:
    """What tells one stage of a match from another."""
    home, away = item.get("home"), item.get("away")
    return (
        item.get("phase"),
        item.get("period"),
        home.get("score") if isinstance(home, dict) else None,
        away.get("score") if isinstance(away, dict) else None,
    )
