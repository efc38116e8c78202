"""Bars: what a price was in a stretch of time, from the entries of that stretch alone."""

from decimal import Decimal

import msgspec
from msgspec import UNSET, UnsetType

from feed.model.entry import Entry

_SILENT = ("stale", "down", "halted")
"""States in which there is no word of a price: what the item shows is an old one."""


class Bar(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """The first, highest, lowest and last price of a stretch; all empty where none was told.

    `before`: the price that stood until its first entry; None: there was no word of one.
    """

    before: str | None
    open: str = ""
    high: str = ""
    low: str = ""
    close: str = ""

    def told(self, price: str) -> "Bar":
        """With one more price."""
        if price == self.close:
            return self
        if not self.close:
            return Bar(self.before, price, price, price, price)
        exact = Decimal(price)
        high = price if exact > Decimal(self.high) else self.high
        low = price if exact < Decimal(self.low) else self.low
        return Bar(self.before, self.open, high, low, price)

    def then(self, later: "Bar") -> "Bar":
        """The bar of this stretch and a later one, as one."""
        if not later.close:
            return self
        if not self.close:
            return Bar(self.before, later.open, later.high, later.low, later.close)
        high = later.high if Decimal(later.high) > Decimal(self.high) else self.high
        low = later.low if Decimal(later.low) < Decimal(self.low) else self.low
        return Bar(self.before, self.open, high, low, later.close)


class _State(msgspec.Struct, gc=False):
    """What of an item says its price."""

    price: str | None = None
    state: str | None = None


class _Back(msgspec.Struct, gc=False):
    """What of a way back does."""

    price: str | UnsetType | None = UNSET
    state: str | UnsetType | None = UNSET


_read = msgspec.json.Decoder(_State).decode
_read_way = msgspec.json.Decoder(tuple[int, _Back]).decode
_NOTHING = _State()


def standing(data: bytes | None) -> str | None:
    """The price that an item's JSON shows; None where it has none, or no word of it, or is gone."""
    return None if data is None else _shown(_read(data))


def opening(entry: Entry) -> Bar:
    """The bar of a stretch in which nothing but this entry is told of the topic."""
    state = _NOTHING if entry.data is None else _read(entry.data)
    before, price = _before(entry.undo, state), _shown(state)
    return Bar(before, price, price, price, price) if price else Bar(before)


def _before(undo: bytes | None, after: _State) -> str | None:
    if undo is None:
        return None
    back = _read_way(undo)[1]
    price = after.price if back.price is UNSET else back.price
    state = after.state if back.state is UNSET else back.state
    return None if state in _SILENT else price


def _shown(state: _State) -> str | None:
    return None if state.state in _SILENT else state.price
