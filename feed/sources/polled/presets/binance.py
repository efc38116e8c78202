"""Binance: the last 24 hours of up to twenty symbols for each request."""

from collections.abc import Sequence

from feed.model.codec import Json, encode
from feed.sources.polled.mapping import Mapped, Mapping
from feed.sources.polled.presets.quotes import PairsConfig, quoted
from feed.sources.polled.upstream import Target, Upstream, root

_ITEMS = (
    "[].{topic: symbol, price: lastPrice, size: lastQty, bid: bidPrice, ask: askPrice,"
    " volume: volume, high: highPrice, low: lowPrice, open: openPrice, ts: closeTime}"
)
_AT_ONCE = 20
"""Symbols for which a request still weighs as little as for one: 2 of 6000 a minute."""


class BinanceConfig(PairsConfig, frozen=True, kw_only=True, tag="binance"):
    """Who goes on after 429 is answered 418, and banned for minutes to days."""

    base_url: str = "https://api.binance.com"
    per_minute: int | None = 300

    def upstream(self) -> Upstream:
        """The API, as the settings have it."""
        return _Api(self)


class _Api:
    lists_whole = False

    def __init__(self, config: BinanceConfig) -> None:
        self._mapping = Mapping("price", _ITEMS)
        symbols = ["".join(pair) for pair in config.pairs()]
        self._tickers = dict(zip(symbols, config.tickers, strict=True))
        url = root(config.base_url) / "api/v3/ticker/24hr"
        self._targets = [
            Target(
                url.with_query(symbols=encode(some).decode()),
                tuple(f"price:{self._tickers[symbol]}" for symbol in some),
            )
            for some in (symbols[i : i + _AT_ONCE] for i in range(0, len(symbols), _AT_ONCE))
        ]

    def targets(self, now_ms: int) -> Sequence[Target]:
        """See Upstream."""
        return self._targets

    def changes(self, answer: Json, target: Target, now_ms: int) -> Mapped:
        """See Upstream."""
        return quoted(self._mapping.changes(answer, None), target, self._tickers)
