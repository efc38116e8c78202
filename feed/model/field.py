"""What the protocol says of an item's fields (section 2): their types, and exact decimals."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import assert_never

from feed.errors import Fault
from feed.model.codec import Json, JsonObject

MAX_DEPTH = 16
"""Objects and arrays within each other, the item itself counted (protocol section 6)."""

_NUMBER_CHARACTERS = 64
_LARGEST: int = 10**_NUMBER_CHARACTERS - 1
_SMALLEST: int = 1 - 10 ** (_NUMBER_CHARACTERS - 1)  # the minus sign is a character too
_MAX_TIME_MS = 8_640_000_000_000_000  # the last moment that a browser's Date can hold
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,31}(\.[0-9]{1,31})?")
"""What nearly all decimals are: never over 64 characters, and always within a double."""

_STATES = ("live", "stale", "closed", "halted", "down")
_PHASES = ("pre", "live", "break", "post", "postponed", "abandoned")

Rule = Callable[[Json], str | None]
"""What is wrong with a value, None where nothing is."""


def decimal_text(value: Json) -> str | None:
    """A decimal as the feed carries it: a string stays, a JSON number is taken by its text."""
    if isinstance(value, str):
        return value if _is_decimal(value) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if not _fits(value):
        return None
    if isinstance(value, int) or abs(value.adjusted()) > _NUMBER_CHARACTERS:
        return str(value)  # the zeros of `0e-999999999` would fill the memory
    text = format(value, "f")
    return text if len(text) <= _NUMBER_CHARACTERS else str(value)


def _is_decimal(text: str) -> bool:
    if _PLAIN_DECIMAL.fullmatch(text):
        return True
    if len(text) > _NUMBER_CHARACTERS or not _DECIMAL.fullmatch(text):
        return False
    try:
        return _fits(Decimal(text))
    except InvalidOperation:  # an exponent beyond any Decimal
        return False


def _fits(value: int | Decimal) -> bool:
    """At most 64 characters, and within what a double holds, neither infinite nor lost to zero."""
    if isinstance(value, int):
        return _SMALLEST <= value <= _LARGEST
    if not value.is_finite() or len(str(value)) > _NUMBER_CHARACTERS:
        return False
    return isfinite(float(value)) and (value == 0 or float(value) != 0)


def _decimal(value: Json) -> str | None:
    return None if decimal_text(value) else 'expected a decimal, such as "191.05"'


def _text(value: Json) -> str | None:
    return None if isinstance(value, str) else "expected a string"


def _count(value: Json) -> str | None:
    return None if type(value) is int else "expected an integer"


def moment(value: Json) -> str | None:
    """What is wrong with a time in milliseconds since the Unix epoch."""
    if type(value) is int and 0 <= value <= _MAX_TIME_MS:
        return None
    return "expected milliseconds since the Unix epoch, an integer"


def _flag(value: Json) -> str | None:
    return None if isinstance(value, bool) else "expected true or false"


def _one_of(*words: str) -> Rule:
    message = f"expected one of {', '.join(words)}"
    return lambda value: None if value in words else message


_DECIMALS = frozenset({"price", "bid", "ask", "size", "volume", "open", "high", "low"}) | {
    "prev_close",
    "change",
    "change_pct",
}
_SIDE: dict[str, Rule] = {"name": _text, "abbr": _text, "score": _count}
_CLOCK: dict[str, Rule] = {"ms": _count, "at": moment, "running": _flag}
_PLAIN: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(_DECIMALS, _PLAIN_DECIMAL.fullmatch),
    "state": frozenset(_STATES).__contains__,
}
_EVERY: dict[str, Rule] = {"state": _one_of(*_STATES), "why": _text, "name": _text}
_RULES: dict[str, dict[str, Rule]] = {
    "price": _EVERY | dict.fromkeys(_DECIMALS, _decimal) | {"currency": _text},
    "score": _EVERY
    | {"sport": _text, "league": _text, "start": moment, "period": _text}
    | {"phase": _one_of(*_PHASES)},
}
_OBJECTS: dict[str, dict[str, dict[str, Rule]]] = {
    "price": {},
    "score": {"clock": _CLOCK, "home": _SIDE, "away": _SIDE},
}


def exact(kind: str, fields: JsonObject, path: str, faults: list[Fault]) -> JsonObject:
    """A whole item or a merge patch as the feed carries it: a price's decimals by their text.

    What is wrong is added to `faults`. What most prices hold is looked at once, and is as it was.
    """
    if kind == "price" and (plain := _plain(fields)) is not None:
        return plain
    found = check_fields(kind, fields, path)
    faults += found
    if found or kind != "price":
        return fields
    return {
        name: decimal_text(value) if name in _DECIMALS and value is not None else value
        for name, value in fields.items()
    }


def _plain(fields: JsonObject) -> JsonObject | None:
    """The fields of a price as texts where they are so plain that no rule refuses any."""
    texts = fields
    for name, value in fields.items():
        if type(value) is str:
            text = value
        elif name in _DECIMALS and (type(value) is Decimal or type(value) is int) and _fits(value):
            text = str(value)
            texts = texts | {name: text}
        else:
            return None
        is_plain = _PLAIN.get(name)
        if not (is_plain(text) if is_plain else name.isascii() and text.isascii()):
            return None
    return texts


def check_fields(kind: str, fields: JsonObject, path: str) -> list[Fault]:
    """The faults of a whole item or a merge patch, whose nulls remove and so fit everywhere."""
    faults = check_value(fields, path)
    faults += _broken(_RULES[kind], fields, path)
    for name, rules in _OBJECTS[kind].items():
        inner = fields.get(name)
        if isinstance(inner, dict):
            faults += _broken(rules, inner, f"{path}.{name}")
        elif inner is not None:
            faults.append(Fault(f"{path}.{name}", "expected an object"))
    return faults


def _broken(rules: dict[str, Rule], fields: JsonObject, path: str) -> list[Fault]:
    return [
        Fault(f"{path}.{name}", message)
        for name, value in fields.items()
        if value is not None and name in rules and (message := rules[name](value))
    ]


def check_value(value: Json, path: str, depth: int = 0) -> list[Fault]:
    """The faults that no JSON value of the feed may have: depth, numbers, lone surrogates."""
    match value:
        case bool() | None:
            return []
        case int() | Decimal():
            return _check_number(value, path)
        case str():
            return _check_text(value, path)
        case dict() | list() if depth >= MAX_DEPTH:
            return [Fault(path, f"nested deeper than {MAX_DEPTH}")]
        case dict():
            return [
                fault
                for name, inner in value.items()
                for fault in _check_text(name, path)
                or check_value(inner, f"{path}.{name}", depth + 1)
            ]
        case list():
            return [
                fault
                for index, inner in enumerate(value)
                for fault in check_value(inner, f"{path}[{index}]", depth + 1)
            ]
        case _:
            assert_never(value)


def _check_number(value: int | Decimal, path: str) -> list[Fault]:
    if _fits(value):
        return []
    return [Fault(path, "a number over 64 characters or beyond a double")]


def _check_text(value: str, path: str) -> list[Fault]:
    try:
        value.encode()
    except UnicodeEncodeError:
        return [Fault(path, "a lone surrogate")]
    return []
