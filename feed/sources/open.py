"""From settings to sources."""

from typing import TypeAlias

from feed.sources.base import Source
from feed.sources.demo import demo
from feed.sources.http_json import HttpJson, HttpJsonConfig
from feed.sources.match_clock import MatchClock, MatchClockConfig
from feed.sources.random_walk import RandomWalk, RandomWalkConfig
from feed.sources.replay import Replay, ReplayConfig
from feed.sources.scenario import Rehearsal, ScenarioConfig

__all__ = ["SourceConfig", "demo", "open_source"]

SourceConfig: TypeAlias = (
    RandomWalkConfig | MatchClockConfig | HttpJsonConfig | ReplayConfig | ScenarioConfig
)


def open_source(config: SourceConfig, *, allow_private: bool = False) -> Source:
    """The source, ready to be asked. Raises SettingsError, which names the source and the field.

    `allow_private`: a polled one may be on loopback and private addresses.
    """
    match config:
        case RandomWalkConfig():
            return RandomWalk(config)
        case MatchClockConfig():
            return MatchClock(config)
        case HttpJsonConfig():
            return HttpJson(config, allow_private=allow_private)
        case ReplayConfig():
            return Replay(config)
        case ScenarioConfig():
            return Rehearsal(config)
