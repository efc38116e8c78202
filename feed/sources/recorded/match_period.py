"""The periods of a rehearsed match: how long they last, what ends them, and what follows."""

from collections.abc import Mapping
from typing import NamedTuple

from feed.sources.match import MINUTE_MS


class End(NamedTuple):
    """How a period may end. `shown`: the period that stands in the item then.

    `then`: the next one, empty where the match is over; `break_min` minutes later, as many as the
    file says where that is None.
    """

    shown: str
    then: str = ""
    break_min: int | None = None


class Period(NamedTuple):
    """A period, from one time of the match's clock to another; `ends` by the word for them."""

    name: str
    start_ms: int
    end_ms: int
    ends: Mapping[str, End]
    is_shoot_out: bool = False


def _period(name: str, start_min: int, end_min: int, **ends: End) -> Period:
    return Period(name, start_min * MINUTE_MS, end_min * MINUTE_MS, ends, name == "PEN")


def _overtime(number: int) -> Period:
    name = f"OT{number}"
    return _period(name, 0, 5, FT=End("FT"), END=End(name, f"OT{number + 1}", 3))


_PERIODS = {
    period.name: period
    for period in (
        _period("1H", 0, 45, HT=End("HT", "2H")),
        _period("2H", 45, 90, FT=End("FT"), ET=End("FT", "ET1", 5)),
        _period("ET1", 90, 105, ETHT=End("ETHT", "ET2", 2)),
        _period("ET2", 105, 120, FT=End("AET"), PEN=End("AET", "PEN", 5)),
        _period("PEN", 120, 120, FT=End("PEN")),
        _period("Q1", 0, 12, END=End("Q1", "Q2", 3)),
        _period("Q2", 0, 12, HT=End("HT", "Q3")),
        _period("Q3", 0, 12, END=End("Q3", "Q4", 3)),
        _period("Q4", 0, 12, FT=End("FT"), END=End("Q4", "OT1", 3)),
    )
}


def period_of(name: str) -> Period:
    """The period of a name; of overtimes there are as many as it takes."""
    return _PERIODS.get(name) or _overtime(int(name.removeprefix("OT")))
