"""From settings to sources."""

from typing import TypeAlias

from feed.sources.base import Source
from feed.sources.made.demo import demo
from feed.sources.made.match_clock import MatchClock, MatchClockConfig
from feed.sources.made.random_walk import RandomWalk, RandomWalkConfig
from feed.sources.polled.http_json import HttpJsonConfig
from feed.sources.polled.polling import Polling
from feed.sources.polled.presets.binance import BinanceConfig
from feed.sources.polled.presets.coinbase import CoinbaseConfig
from feed.sources.polled.presets.espn import EspnConfig
from feed.sources.polled.presets.football_data import FootballDataConfig
from feed.sources.polled.presets.kraken import KrakenConfig
from feed.sources.polled.presets.thesportsdb import TheSportsDbConfig
from feed.sources.recorded.replay import Replay, ReplayConfig
from feed.sources.recorded.scenario import Rehearsal, ScenarioConfig

__all__ = ["SourceConfig", "demo", "open_source"]

_Made: TypeAlias = RandomWalkConfig | MatchClockConfig | ReplayConfig | ScenarioConfig
_Preset: TypeAlias = (
    CoinbaseConfig
    | KrakenConfig
    | BinanceConfig
    | EspnConfig
    | TheSportsDbConfig
    | FootballDataConfig
)
SourceConfig: TypeAlias = _Made | HttpJsonConfig | _Preset


def open_source(config: SourceConfig, *, allow_private: bool = False) -> Source:
    """The source, ready to be asked. Raises SettingsError, which names the source and the field.

    `allow_private`: a polled one may be on loopback and private addresses.
    """
    match config:
        case RandomWalkConfig():
            return RandomWalk(config)
        case MatchClockConfig():
            return MatchClock(config)
        case ReplayConfig():
            return Replay(config)
        case ScenarioConfig():
            return Rehearsal(config)
        case _:
            config.check()
            return Polling(config, config.upstream(), allow_private=allow_private)
