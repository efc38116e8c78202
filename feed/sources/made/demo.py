"""What runs where nobody has said what to run: a made-up market and made-up matches."""

from decimal import Decimal

from feed.sources.made.match_clock import MatchClockConfig
from feed.sources.made.random_walk import RandomWalkConfig, Ticker
from feed.sources.match import Fixture, Team

_COINS = (
    ("BTC-USD", "Bitcoin", "67250.00", "USD", 2, "0.0001", 1.2),
    ("ETH-USD", "Ether", "3480.00", "USD", 2, "0.001", 1.5),
    ("SOL-USD", "Solana", "172.50", "USD", 2, "0.01", 2.0),
    ("XRP-USD", "XRP", "0.5830", "USD", 4, "1", 1.8),
)
_SHARES = (
    ("AAPL", "Apple", "228.40", "USD", 2, "1", 0.8),
    ("MSFT", "Microsoft", "431.10", "USD", 2, "1", 0.7),
    ("NVDA", "NVIDIA", "126.75", "USD", 2, "1", 1.4),
    ("SAP.DE", "SAP", "212.30", "EUR", 2, "1", 0.7),
    ("7203.T", "Toyota", "2745.0", "JPY", 1, "100", 0.6),
)
_CURRENCIES = (
    ("EUR-USD", "Euro / US dollar", "1.08450", "USD", 5, "1000", 0.15),
    ("USD-JPY", "US dollar / yen", "151.320", "JPY", 3, "1000", 0.18),
    ("GBP-USD", "Pound / US dollar", "1.27180", "USD", 5, "1000", 0.16),
)
_FOOTBALL = (
    (("ARS", "Arsenal"), ("CHE", "Chelsea")),
    (("LIV", "Liverpool"), ("MCI", "Manchester City")),
    (("TOT", "Tottenham"), ("NEW", "Newcastle")),
    (("AVL", "Aston Villa"), ("EVE", "Everton")),
)
_BASKETBALL = (
    (("BOS", "Boston"), ("LAL", "Los Angeles")),
    (("NYK", "New York"), ("CHI", "Chicago")),
)


def demo() -> tuple[RandomWalkConfig | MatchClockConfig, ...]:
    """Twelve prices, four football and two basketball matches; something happens all the time."""
    return (
        RandomWalkConfig(
            name="market",
            every_s=0.5,
            moving=0.35,
            tickers=tuple(
                Ticker(
                    topic=topic,
                    name=name,
                    price=Decimal(price),
                    currency=currency,
                    decimals=decimals,
                    lot=Decimal(lot),
                    volatility_pct=volatility_pct,
                )
                for topic, name, price, currency, decimals, lot, volatility_pct in (
                    *_COINS,
                    *_SHARES,
                    *_CURRENCIES,
                )
            ),
        ),
        MatchClockConfig(
            name="football",
            every_s=0.5,
            speed=30,
            fixtures=_fixtures("football", "EPL", _FOOTBALL),
        ),
        MatchClockConfig(
            name="basketball",
            every_s=0.5,
            speed=4,
            fixtures=_fixtures("basketball", "NBA", _BASKETBALL),
        ),
    )


def _fixtures(
    sport: str, league: str, pairs: tuple[tuple[tuple[str, str], tuple[str, str]], ...]
) -> tuple[Fixture, ...]:
    return tuple(
        Fixture(
            league=league,
            sport=sport,
            home=Team(abbr=home[0], name=home[1]),
            away=Team(abbr=away[0], name=away[1]),
        )
        for home, away in pairs
    )
