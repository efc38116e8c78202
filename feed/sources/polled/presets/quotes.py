"""Prices of pairs such as `BTC-USD`: what the presets of markets share."""

import re
from collections.abc import Iterator
from collections.abc import Mapping as Table
from decimal import Decimal

import msgspec

from feed.errors import BadInput, Fault
from feed.model.change import Change
from feed.model.codec import Json, JsonObject
from feed.sources.polled.mapping import Mapped
from feed.sources.polled.upstream import PollingConfig, Target, root

_PAIR = re.compile(r"[A-Z0-9]{1,16}-[A-Z0-9]{1,16}", re.ASCII)
_MOST = 200


class PairsConfig(PollingConfig, frozen=True, kw_only=True):
    """Which pairs, as base and quote: `BTC-USD` is told as `price:BTC-USD`.

    `base_url`: where the API is, for a mirror of it.
    """

    tickers: tuple[str, ...]
    base_url: str
    idle_every_s: float | None = None
    unwatched_every_s: float | None = 60.0

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if not 1 <= len(self.tickers) <= _MOST or len(set(self.tickers)) < len(self.tickers):
            yield Fault("tickers", f"expected 1 to {_MOST} different ones")
        for index, ticker in enumerate(self.tickers):
            if not _PAIR.fullmatch(ticker):
                yield Fault(f"tickers[{index}]", "expected a pair, such as BTC-USD")
        try:
            root(self.base_url)
        except ValueError as error:
            yield Fault("base_url", str(error))

    def pairs(self) -> list[tuple[str, str]]:
        """Base and quote of each ticker."""
        return [(base, quote) for base, _, quote in (name.partition("-") for name in self.tickers)]


def quoted(mapped: Mapped, target: Target, tickers: Table[str, str]) -> Mapped:
    """The changes of an API under our names, each with its state; `tickers`: ours for theirs.

    What has no price above zero is refused, and what was asked for must be there. Where nobody
    bids and nobody asks, trade is halted.
    """
    told = Mapped([], list(mapped.faults))
    missing = set(target.topics)
    for change in mapped.changes:
        symbol = change.topic.partition(":")[2]
        ticker = tickers.get(symbol)
        if ticker is None:
            told.faults.append(f"{symbol}: was not asked for")
            continue
        missing.discard(f"price:{ticker}")
        try:
            told.changes.append(_quote(change, ticker))
        except BadInput as error:
            told.faults.append(f"{symbol}: {error}")
    if not mapped.faults:  # else it may be one of those
        told.faults.extend(f"{topic}: is not in the answer" for topic in sorted(missing))
    return told


def _quote(change: Change, ticker: str) -> Change:
    fields: JsonObject = {"currency": ticker.partition("-")[2], **(change.patch or {})}
    if _is_zero(fields.get("bid")) and _is_zero(fields.get("ask")):
        fields |= {
            "state": "halted",
            "why": "nobody bids and nobody asks",
            "bid": None,
            "ask": None,
        }
    else:
        fields |= {"state": "live", "why": None}
    for name in ("price", "bid", "ask"):
        value = fields.get(name)
        if isinstance(value, str) and Decimal(value) <= 0:
            raise BadInput(f"{name} {value} is not above zero")
    if not isinstance(fields.get("price"), str):
        raise BadInput("no price")
    return msgspec.structs.replace(change, topic=f"price:{ticker}", patch=fields)


def _is_zero(value: Json) -> bool:
    return isinstance(value, str) and Decimal(value) == 0
