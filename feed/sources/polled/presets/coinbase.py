"""Coinbase Exchange: one ticker of a product for each request."""

from collections.abc import Sequence

from feed.model.codec import Json
from feed.sources.polled.mapping import Mapped, Mapping
from feed.sources.polled.presets.quotes import PairsConfig, quoted
from feed.sources.polled.upstream import Target, Upstream, root

_ITEMS = "{price: price, size: size, bid: bid, ask: ask, volume: volume, ts: time}"


class CoinbaseConfig(PairsConfig, frozen=True, kw_only=True, tag="coinbase"):
    """The public API allows some ten requests a second from an address."""

    base_url: str = "https://api.exchange.coinbase.com"
    per_minute: int | None = 300

    def upstream(self) -> Upstream:
        """The API, as the settings have it."""
        return _Api(self)


class _Api:
    lists_whole = False

    def __init__(self, config: CoinbaseConfig) -> None:
        self._tickers = {ticker: ticker for ticker in config.tickers}
        self._mapping = Mapping("price", _ITEMS)
        self._targets = [
            Target(root(config.base_url) / "products" / ticker / "ticker", (f"price:{ticker}",))
            for ticker in config.tickers
        ]

    def targets(self, now_ms: int) -> Sequence[Target]:
        """See Upstream."""
        return self._targets

    def changes(self, answer: Json, target: Target, now_ms: int) -> Mapped:
        """See Upstream."""
        return quoted(self._mapping.changes(answer, target.topics[0]), target, self._tickers)
