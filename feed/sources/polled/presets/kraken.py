"""Kraken: all pairs in one request; what is wrong is said with status 200."""

from collections.abc import Sequence

from feed.model.codec import Json
from feed.sources.base import SourceFailed, Unwelcome
from feed.sources.polled.mapping import Mapped, Mapping
from feed.sources.polled.presets.quotes import PairsConfig, quoted
from feed.sources.polled.upstream import Target, Upstream, root

_ITEMS = (
    "[].{topic: pair, price: c[0], size: c[1], bid: b[0], ask: a[0],"
    " volume: v[1], high: h[1], low: l[1], open: o}"
)
_THEIRS = {"BTC": "XBT", "DOGE": "XDG"}
_LIMITED = ("EAPI:Rate limit", "EGeneral:Too many requests", "EGeneral:Temporary lockout")
_LIMITED_S = 60.0
_WARNING = "W"


class KrakenConfig(PairsConfig, frozen=True, kw_only=True, tag="kraken"):
    """The public API allows about one request a second from an address."""

    base_url: str = "https://api.kraken.com"
    per_minute: int | None = 30

    def upstream(self) -> Upstream:
        """The API, as the settings have it."""
        return _Api(self)


class _Api:
    lists_whole = False

    def __init__(self, config: KrakenConfig) -> None:
        self._mapping = Mapping("price", _ITEMS)
        self._tickers: dict[str, str] = {}
        names = []
        for ticker, (base, quote) in zip(config.tickers, config.pairs(), strict=True):
            theirs = _THEIRS.get(base, base), _THEIRS.get(quote, quote)
            names.append("".join(theirs))
            self._tickers |= dict.fromkeys(_spellings(*theirs), ticker)
        url = (root(config.base_url) / "0/public/Ticker").with_query(pair=",".join(names))
        self._target = Target(url, tuple(f"price:{ticker}" for ticker in config.tickers))

    def targets(self, now_ms: int) -> Sequence[Target]:
        """See Upstream."""
        return [self._target]

    def changes(self, answer: Json, target: Target, now_ms: int) -> Mapped:
        """See Upstream."""
        if not isinstance(answer, dict):
            raise SourceFailed("Kraken answered with no object")
        _check(answer.get("error"))
        result = answer.get("result")
        if not isinstance(result, dict):
            raise SourceFailed("Kraken answered without a result")
        rows: list[Json] = [
            {**(row if isinstance(row, dict) else {}), "pair": name} for name, row in result.items()
        ]
        return quoted(self._mapping.changes(rows, None), target, self._tickers)


def _spellings(base: str, quote: str) -> list[str]:
    """How an answer may name a pair: old assets have an X before them, and old currencies a Z."""
    return [
        before + base + between + quote for before in ("", "X", "Z") for between in ("", "X", "Z")
    ]


def _check(errors: Json) -> None:
    """Raise what the answer says is wrong; a warning is nothing wrong."""
    said = [str(error) for error in errors] if isinstance(errors, list) else []
    wrong = [error for error in said if not error.startswith(_WARNING)]
    if not wrong:
        return
    message = f"Kraken says {', '.join(wrong)!a:.200}"
    if any(error.startswith(_LIMITED) for error in wrong):
        raise Unwelcome(message, _LIMITED_S)
    raise SourceFailed(message)
