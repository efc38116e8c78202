"""Decimals as people read them; what is no plain decimal stays as it is. Nothing is rounded up."""

import re

_PLAIN = re.compile(r"([+-]?)([0-9]+)(\.[0-9]+)?", re.ASCII)
_UNITS = ("", "K", "M", "B", "T")
_DIGITS = 4


def grouped(decimal: str) -> str:
    """`1234.50` → `1,234.50`."""
    form = _PLAIN.fullmatch(decimal)
    if not form:
        return decimal
    sign, whole, fraction = form.groups(default="")
    return sign + re.sub(r"\B(?=(\d{3})+$)", ",", whole) + fraction


def signed(decimal: str) -> str:
    """With a `+` where it is more than nothing."""
    return f"+{grouped(decimal)}" if direction(decimal) == "up" else grouped(decimal)


def direction(decimal: str) -> str:
    """`up`, `down`, or nothing where it is zero or no decimal."""
    if not _PLAIN.fullmatch(decimal) or not re.search("[1-9]", decimal):
        return ""
    return "down" if decimal.startswith("-") else "up"


def compact(decimal: str) -> str:
    """`1234567.8` → `1.234M`: four digits, cut off."""
    form = _PLAIN.fullmatch(decimal)
    if not form:
        return decimal
    sign, whole, fraction = form.groups(default="")
    if len(whole) <= _DIGITS:
        return sign + whole + fraction[: max(0, _DIGITS - len(whole)) + 1].rstrip(".")
    unit = min((len(whole) - 1) // 3, len(_UNITS) - 1)
    head = whole[: len(whole) - 3 * unit]
    tail = whole[len(head) : _DIGITS]
    return f"{sign}{head}{tail and f'.{tail}'}{_UNITS[unit]}"
