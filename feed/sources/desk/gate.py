"""What of a source's word is not believed at once. Pure rules, one for each field.

A value in doubt is held until the source has stood by it for `POLLS` polls, or an admin says.
"""

from collections.abc import Container, Sequence
from decimal import Decimal
from typing import NamedTuple

from feed.model.codec import Json, JsonObject
from feed.model.field import decimal_text

POLLS = 3
"""Polls in a row that must say the same of a value in doubt; the last of them is published."""

RECENT = 10
"""Prices that the band is laid around."""

SIDES = ("home", "away")
OVER = frozenset({"post", "abandoned"})
"""The phases in which a match is over."""

_BAND = Decimal("0.2")  # of the largest recent price: seldom crossed in one poll, and only held
_ANEW_MS = 6 * 3_600_000  # no match lasts so long: a later start is another one's

_PLAYED = frozenset({"live", "break", "post", "postponed", "abandoned"})
_AFTER: dict[str, frozenset[str]] = {
    "pre": _PLAYED | {"pre"},
    "live": _PLAYED,
    "break": _PLAYED,
    "post": frozenset({"post"}),
    "postponed": _PLAYED | {"pre"},
    "abandoned": frozenset({"abandoned"}),
}
"""The phases that may follow one at once."""


class Doubt(NamedTuple):
    """A value that is not believed: its field, what was said, what stands, and why."""

    field: str
    value: Json
    shown: Json
    why: str


def doubts(
    kind: str,
    shown: JsonObject,
    said: JsonObject,
    recent: Sequence[Decimal] = (),
    explained: Container[str] = (),
) -> tuple[Doubt, ...]:
    """What of a whole item that a source says is in doubt, after the item that is shown.

    `recent`: prices that were believed lately. `explained`: sides whose fall is told by events.
    """
    if kind == "price":
        return _price(shown, said, recent)
    if begins_anew(shown, said):
        return ()
    return (*_phase(shown, said), *_falls(shown, said, explained))


def begins_anew(shown: JsonObject, said: JsonObject) -> bool:
    """Whether a match that is over, or put off, is followed by another one on its topic."""
    before, after = shown.get("start"), said.get("start")
    if not isinstance(before, int) or not isinstance(after, int):
        return False
    return shown.get("phase") in OVER | {"postponed"} and after - before >= _ANEW_MS


def is_another(shown: JsonObject, said: JsonObject) -> bool:
    """Whether the match on a topic is another one than before, with a score of its own."""
    is_back = shown.get("phase") in OVER and said.get("phase") == "pre"
    return is_back or begins_anew(shown, said)


def alike(one: Sequence[Doubt], other: Sequence[Doubt]) -> bool:
    """Whether a source stands by what it said: the same values, of prices about the same."""
    if [doubt.field for doubt in one] != [doubt.field for doubt in other]:
        return False
    return all(
        _within(number(new.value), [number(old.value)])
        if old.field in ("price", "bid", "ask")
        else old.value == new.value
        for old, new in zip(one, other, strict=True)
    )


def pinned(item: JsonObject, now_ms: int) -> list[str]:
    """The fields of an item that an admin holds now, as JSON pointers (protocol section 6)."""
    pins = item.get("pinned")
    return [
        pointer
        for pointer, pin in (pins.items() if isinstance(pins, dict) else ())
        if isinstance(pin, dict) and isinstance(until := pin.get("until"), int) and until > now_ms
    ]


def as_pinned(shown: JsonObject, said: JsonObject, now_ms: int) -> JsonObject:
    """What a source says, but for what an admin holds: of that nothing is judged."""
    for pointer in pinned(shown, now_ms):
        field, _, inner = pointer.removeprefix("/").partition("/")
        team = shown.get(field)
        if not inner:
            said = said | {field: team}
        elif isinstance(team, dict) and isinstance(there := said.get(field), dict):
            said = said | {field: there | {inner: team.get(inner)}}
    return said


def score(item: JsonObject) -> dict[str, int]:
    """The points of the sides that have any."""
    found = {}
    for side in SIDES:
        team = item.get(side)
        points = team.get("score") if isinstance(team, dict) else None
        if isinstance(points, int):
            found[side] = points
    return found


def number(value: Json) -> Decimal | None:
    """A price as a number."""
    text = decimal_text(value)
    return None if text is None else Decimal(text)


def _price(shown: JsonObject, said: JsonObject, recent: Sequence[Decimal]) -> tuple[Doubt, ...]:
    """Of the price; of bid and ask only where there is none, as quotes far off are no rarity."""
    has_price = "price" in shown or "price" in said
    known = [*recent] if has_price else []
    why = f"further than {_BAND:.0%} from what was shown lately"
    return tuple(
        Doubt(field, said[field], shown.get(field), why)
        for field in (("price",) if has_price else ("bid", "ask"))
        if not _within(number(said.get(field)), [*known, number(shown.get(field))])
    )


def _within(price: Decimal | None, recent: Sequence[Decimal | None]) -> bool:
    known = [each for each in recent if each is not None]
    if price is None or not known:
        return True
    low, high = min(known), max(known)
    width = max(abs(low), abs(high)) * _BAND
    return low - width <= price <= high + width


def _phase(shown: JsonObject, said: JsonObject) -> tuple[Doubt, ...]:
    before, after = shown.get("phase"), said.get("phase")
    if not isinstance(before, str) or not isinstance(after, str) or after in _AFTER[before]:
        return ()
    return (Doubt("phase", after, before, f"{after} after {before}"),)


def _falls(shown: JsonObject, said: JsonObject, explained: Container[str]) -> tuple[Doubt, ...]:
    before, after = score(shown), score(said)
    return tuple(
        Doubt(f"{side}.score", points, before[side], "the score falls without a correction")
        for side, points in after.items()
        if side in before and points < before[side] and side not in explained
    )
