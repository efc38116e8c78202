"""How people read what an item says: decimals, a match's clock, and what comes first.

One wording for the page and for the terminal; each adds what is its own. What is no plain decimal
stays as it is, and nothing is rounded up.
"""

import re
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Literal

from feed.model.codec import Json, JsonObject

_ORDER = {"live": 0, "break": 0, "pre": 1, "post": 2, "postponed": 3, "abandoned": 4}
_DIGITS = 4
_UNITS = ("", "K", "M", "B", "T")
_YEAR_9999_MS = 253_370_764_800_000
_FASTEST = 100_000
_SIGNED = re.compile(r"(-?)([0-9]+)(\.[0-9]+)?")
_PLAIN = re.compile(r"([0-9]+)(\.[0-9]+)?")


def text(value: Json) -> str:
    """A text or a number as it was sent; anything else says nothing here."""
    return "" if value is None or isinstance(value, bool | list | dict) else str(value)


def integer(value: Json) -> int | None:
    """An integer; None where it is anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def kicks(data: JsonObject) -> dict[str, str]:
    """How often each side has scored in a shoot-out, by `home` and `away`; empty without one."""
    match data.get("penalties"):
        case [home, away]:
            return {"home": text(home), "away": text(away)}
        case _:
            return {}


def direction(change: str) -> Literal["up", "down", "flat"]:
    """Which way a change goes; what is zero or no number goes none."""
    if not re.search("[1-9]", change):
        return "flat"
    return "down" if change.startswith("-") else "up"


def grouped(decimal: str) -> str:
    """`1234.50` → `1,234.50`: thousands apart, and a minus as wide as a plus."""
    form = _SIGNED.fullmatch(decimal)
    if not form:
        return decimal
    sign, whole, fraction = form.groups(default="")
    return (sign and "−") + re.sub(r"\B(?=(\d{3})+$)", ",", whole) + fraction


def signed(decimal: str) -> str:
    """Grouped, with a `+` where it is more than nothing."""
    plus = _PLAIN.fullmatch(decimal) and direction(decimal) == "up"
    return ("+" if plus else "") + grouped(decimal)


def compact(decimal: str) -> str:
    """`1234567.8` → `1.234 M`: from five digits on four and a unit, cut off."""
    form = _PLAIN.fullmatch(decimal)
    if not form:
        return decimal
    whole, fraction = form.groups(default="")
    if len(whole) <= _DIGITS:
        return grouped(whole + (fraction if whole == "0" else fraction[:3]))
    unit = min((len(whole) - 1) // 3, len(_UNITS) - 1)
    head = whole[: len(whole) - 3 * unit]
    tail = whole[len(head) : max(_DIGITS, len(head))]
    return f"{grouped(head)}{tail and f'.{tail}'} {_UNITS[unit]}"


def match_order(topic: str, data: JsonObject) -> tuple[int, int, str]:
    """What is played comes first, then by the start."""
    return _ORDER.get(text(data.get("phase")), 1), integer(data.get("start")) or 0, topic


def match_clock(data: JsonObject, now_ms: int) -> str:
    """`67:12` while a match is played, else nothing.

    The clock is an anchor: so many milliseconds had been played `at` a moment. It runs at the
    `rate` of a match that is played faster than life, else at 1.
    """
    clock = data.get("clock")
    if data.get("phase") != "live" or not isinstance(clock, dict):
        return ""
    played_ms = integer(clock.get("ms"))
    if played_ms is None:
        return ""
    at_ms = integer(clock.get("at")) if clock.get("running") is True else None
    ticked_ms = 0 if at_ms is None else int(max(0, now_ms - at_ms) * _rate(clock.get("rate")))
    minutes, seconds = divmod((played_ms + ticked_ms) // 1000, 60)
    return f"{minutes}:{seconds:02}"


def _rate(value: Json) -> Decimal | int:
    """No faster than is plausible: an exponent without bounds would fill the memory."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return 1
    return value if 0 < value <= _FASTEST else 1


def instant(ms: int | None, zone: tzinfo | None) -> datetime | None:
    """Milliseconds since the Unix epoch in a time zone (None: the machine's); None beyond dates."""
    if ms is None or not 0 <= ms < _YEAR_9999_MS:
        return None
    return datetime.fromtimestamp(ms / 1000, zone)
