"""Prices that nobody has to supply: a seeded geometric Brownian motion in exact decimals."""

import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import ClassVar

import msgspec

from feed.errors import BadTopic, Fault
from feed.model.change import Change
from feed.model.codec import Json, JsonObject
from feed.model.field import decimal_text
from feed.model.topic import kind_of, parse_topic
from feed.sources.base import Config, Current
from feed.sources.policy import Trust

_MAX_DECIMALS = 12
_MAX = 10**12  # with 12 decimals well within the 28 digits that are computed with
_MAX_QUIET_S = 60.0  # after a longer pause a price does not leap, it walks on
_HOUR_S = 3600.0
_LOTS = 20  # the mean number of lots in a trade
_HALF_SPREAD = Decimal("0.0001")  # of the price, and at least its smallest step


class Ticker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One price. `topic`: `BTC-USD` or `price:BTC-USD`.

    `price` is where it starts, kept with `decimals` places; `lot` the smallest amount traded;
    `volatility_pct` how far it usually strays in an hour, in percent.
    """

    topic: str
    name: str
    price: Decimal
    currency: str = "USD"
    decimals: int = 2
    lot: Decimal = Decimal(1)
    volatility_pct: float = 1.0

    def faults(self) -> Iterator[Fault]:
        """Every field that cannot be."""
        try:
            if kind_of(parse_topic(self.topic)) != "price":
                yield Fault("topic", "expected a price")
        except BadTopic as bad:
            yield Fault("topic", str(bad))
        for field, value in (("price", self.price), ("lot", self.lot)):
            if not _fits(value):
                yield Fault(field, f"expected more than 0, under {_MAX}")
        if not 0 <= self.decimals <= _MAX_DECIMALS:
            yield Fault("decimals", f"expected 0 to {_MAX_DECIMALS}")
        if not 0 <= self.volatility_pct <= 100:  # noqa: PLR2004  (percent)
            yield Fault("volatility_pct", "expected 0 to 100")


class RandomWalkConfig(Config, frozen=True, kw_only=True, tag="random_walk"):
    """`moving`: the share of the tickers that trade in one tick, on average. `seed`: any number."""

    trust: ClassVar[Trust] = "made"

    tickers: tuple[Ticker, ...]
    moving: float = 0.4
    seed: int = 1

    def faults(self) -> Iterator[Fault]:
        """See Config."""
        yield from super().faults()
        if not self.tickers:
            yield Fault("tickers", "at least one is needed")
        if not 0 < self.moving <= 1:
            yield Fault("moving", "expected more than 0 and at most 1")
        for index, ticker in enumerate(self.tickers):
            for field, message in ticker.faults():
                yield Fault(f"tickers[{index}].{field}", message)
        topics = [ticker.topic.removeprefix("price:") for ticker in self.tickers]
        if len(set(topics)) < len(topics):
            yield Fault("tickers", "a topic is named twice")


class _Walk:
    """One price on its way."""

    def __init__(self, ticker: Ticker, chance: random.Random) -> None:
        self.topic = parse_topic(ticker.topic)
        self._ticker = ticker
        self._chance = chance
        self._step = Decimal(1).scaleb(-ticker.decimals)
        self._price = self._whole(ticker.price)
        self._open = self._prev_close = self._price
        self._volume = ticker.lot * chance.randrange(1_000, 50_000)
        self._at_ms: int | None = None

    def resume(self, item: JsonObject) -> None:
        """Go on from an item of the log; a field that it lacks stays as the settings say."""
        self._price = self._whole(_decimal(item.get("price"), self._price))
        self._open = _decimal(item.get("open"), self._price)
        self._prev_close = _decimal(item.get("prev_close"), self._open)
        self._volume = _decimal(item.get("volume"), self._volume)

    def trade(self, now_ms: int) -> Change:
        """The next trade, and what it leaves the price at."""
        quiet_s = 0.0 if self._at_ms is None else (now_ms - self._at_ms) / 1000
        self._at_ms = now_ms
        self._move(min(max(quiet_s, 0.0), _MAX_QUIET_S))
        lots = 1 + int(self._chance.expovariate(1 / _LOTS))
        size = self._ticker.lot * lots
        self._volume += size
        half = max((self._price * _HALF_SPREAD).quantize(self._step), self._step)
        patch: JsonObject = {
            "price": _text(self._price),
            "bid": _text(self._price - half),
            "ask": _text(self._price + half),
            "size": _text(size),
            "volume": _text(self._volume),
            "open": _text(self._open),
            "prev_close": _text(self._prev_close),
            "currency": self._ticker.currency,
            "name": self._ticker.name,
            "state": "live",
        }
        return Change(topic=self.topic, patch=patch, ts=now_ms)

    def _move(self, seconds: float) -> None:
        deviation = self._ticker.volatility_pct / 100 * (seconds / _HOUR_S) ** 0.5
        exponent = deviation * self._chance.gauss(0, 1) - deviation**2 / 2
        self._price = self._whole(self._price * Decimal(f"{exponent:.12f}").exp())

    def _whole(self, price: Decimal) -> Decimal:
        """The price in whole steps, at least two of them: a bid has to fit below."""
        return max(price.quantize(self._step), 2 * self._step)


class RandomWalk:
    """A source that moves a random part of its tickers at each tick, all of them at the first."""

    def __init__(self, config: RandomWalkConfig) -> None:
        config.check()
        self.name = config.name
        self.kind = config.type_name
        self.every_s = config.every_s
        self._chance = random.Random(f"{config.seed} {config.name}")
        self._moving = config.moving
        self._walks = [_Walk(ticker, self._chance) for ticker in config.tickers]
        self._begun = False

    @property
    def ended(self) -> bool:
        """Never: there is always another price."""
        return False

    def resume(self, current: Current) -> None:
        """Go on from the log's prices and volumes."""
        for walk in self._walks:
            item = current(walk.topic)
            if item is not None:
                walk.resume(item)

    async def poll(self, now_ms: int) -> Sequence[Change]:
        """One trade each of some tickers, at least of one."""
        if not self._begun:
            self._begun = True
            return [walk.trade(now_ms) for walk in self._walks]
        moved = [walk for walk in self._walks if self._chance.random() < self._moving]
        return [walk.trade(now_ms) for walk in moved or [self._chance.choice(self._walks)]]

    async def aclose(self) -> None:
        """Holds nothing."""


def _decimal(value: Json, default: Decimal) -> Decimal:
    """A decimal of an item, else the default."""
    text = decimal_text(value)
    number = default if text is None else Decimal(text)
    return number if _fits(number) else default


def _fits(number: Decimal) -> bool:
    return number.is_finite() and 0 < number < _MAX


def _text(value: Decimal) -> str:
    return format(value, "f")
