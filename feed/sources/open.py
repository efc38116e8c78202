"""From settings to sources."""

from typing import TypeAlias, assert_never

from feed.sources.base import Source
from feed.sources.made.demo import demo
from feed.sources.made.match_clock import MatchClock, MatchClockConfig
from feed.sources.made.random_walk import RandomWalk, RandomWalkConfig
from feed.sources.polled.http_json import HttpJson, HttpJsonConfig
from feed.sources.polled.presets.binance import Binance, BinanceConfig
from feed.sources.polled.presets.coinbase import Coinbase, CoinbaseConfig
from feed.sources.polled.presets.espn import Espn, EspnConfig
from feed.sources.polled.presets.football_data import FootballData, FootballDataConfig
from feed.sources.polled.presets.kraken import Kraken, KrakenConfig
from feed.sources.polled.presets.thesportsdb import TheSportsDb, TheSportsDbConfig
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
        case HttpJsonConfig():
            return HttpJson(config, allow_private=allow_private)
        case _:
            return _preset(config, allow_private=allow_private)


def _preset(config: _Preset, *, allow_private: bool) -> Source:
    match config:
        case CoinbaseConfig():
            return Coinbase(config, allow_private=allow_private)
        case KrakenConfig():
            return Kraken(config, allow_private=allow_private)
        case BinanceConfig():
            return Binance(config, allow_private=allow_private)
        case EspnConfig():
            return Espn(config, allow_private=allow_private)
        case TheSportsDbConfig():
            return TheSportsDb(config, allow_private=allow_private)
        case FootballDataConfig():
            return FootballData(config, allow_private=allow_private)
        case _:
            assert_never(config)
