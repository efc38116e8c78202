"""Fields of an item that sources may not overwrite for a while. Pure.

An item says itself what of it is pinned, so every reader sees it and every instance knows it:
`"pinned": {"/home/score": {"until": 1790000000000, "source": 1}}`. The name is a JSON pointer
(RFC 6901), `until` milliseconds, and `source` what a source has said meanwhile (`"gone": true`
where it took the field away).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from feed.model.codec import Json, JsonObject

FIELD = "pinned"
PINNED = f'"{FIELD}"'.encode()
"""Items with a pin have this in their JSON, as a few others may."""

MISSING: Any = object()


class Pinned(msgspec.Struct, frozen=True):
    """A field that is pinned: what it is, what its source says, and until when, milliseconds.

    `source` is None where the source has said nothing yet, and where it took the field away
    (`gone`); so is `value`, where the field is not there.
    """

    field: str
    value: Json
    source: Json
    gone: bool
    until: int


def pinned(state: JsonObject, now_ms: int) -> list[Pinned]:
    """What is pinned now, by its pointers."""
    found = []
    for pointer, pin in sorted(_pinned(state).items()):
        if isinstance(pin, dict) and _until(pin) > now_ms:
            value = _at(state, _path(pointer))
            value = None if value is MISSING else value
            gone = pin.get("gone") is True
            found.append(Pinned(pointer, value, pin.get("source"), gone, _until(pin)))
    return found


def pins(patch: JsonObject, until_ms: int) -> JsonObject:
    """The patch that pins every field which another patch gives; what a source said is kept."""
    made: JsonObject = {pointer: {"until": until_ms} for pointer, _ in _leaves(patch, "")}
    return {FIELD: made}


def is_pinned(state: JsonObject, now_ms: int) -> bool:
    """Whether any field may not be overwritten now."""
    return FIELD in state and any(_until(pin) > now_ms for pin in _pinned(state).values())


def held_back(
    state: JsonObject, patch: JsonObject, now_ms: int, whole: JsonObject | None = None
) -> JsonObject:
    """A source's patch as it may be laid over the state: what is pinned is kept beside it.

    `whole`: what the source gave, where the patch was made of that and tells only what differs.
    A pin that is over ends with the first word of a source about its field.
    """
    every = _pinned(state)
    if not every:
        return patch
    pinned = {name: pin for name, pin in every.items() if _until(pin) > now_ms}
    told: JsonObject = {}
    for name in pinned:
        if (value := _at(whole, _path(name))) is not MISSING:
            told[name] = _heard(value)
    left = patch
    for pointer, value in _leaves(patch, ""):
        if pointer in pinned:
            told[pointer] = _heard(value)
        elif not any(_touch(pointer, name) for name in pinned):
            told |= {name: None for name in every if _touch(pointer, name)}
            continue
        left = _without(left, _path(pointer))
    ended = len(told) == len(every) and not any(told.values())
    return left | {FIELD: None if ended else told} if told else left


def released(state: JsonObject, now_ms: int | None) -> JsonObject:
    """The patch that ends the pins which are over at a moment; None: all of them. Empty: none is.

    The fields take what their source has said meanwhile.
    """
    pinned = _pinned(state)
    over = [name for name, pin in pinned.items() if now_ms is None or _until(pin) <= now_ms]
    if not over:
        return {}
    patch: JsonObject = {FIELD: None if len(over) == len(pinned) else dict.fromkeys(over)}
    catch_up(patch, state, over)
    return patch


def catch_up(patch: JsonObject, state: JsonObject, names: Iterable[str]) -> None:
    """Have the patch that ends these pins of a state give what their source has said meanwhile."""
    pinned = _pinned(state)
    for pointer in names:
        pin = pinned.get(pointer)
        if isinstance(pin, dict) and ("source" in pin or "gone" in pin):
            _put(patch, _path(pointer), pin.get("source"))


def begun(before: JsonObject, after: JsonObject) -> set[str]:
    """The pins that a state has and one before it has not, by their pointers."""
    return _pinned(after).keys() - _pinned(before).keys()


def _pinned(state: JsonObject) -> JsonObject:
    pinned = state.get(FIELD)
    return pinned if isinstance(pinned, dict) else {}


def _until(pin: Json) -> int:
    until = pin.get("until") if isinstance(pin, dict) else None
    return until if isinstance(until, int) else 0


def _heard(value: Json) -> JsonObject:
    """The patch of a pin that has heard of a value."""
    if value is None:
        return {"source": None, "gone": True}
    return {"source": value, "gone": None}


def _touch(one: str, other: str) -> bool:
    """Whether two fields are the same, or one is in the other."""
    return f"{one}/".startswith(f"{other}/") or other.startswith(f"{one}/")


def _at(whole: Json, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(whole, dict) or name not in whole:
            return MISSING
        whole = whole[name]
    return whole


def _leaves(patch: JsonObject, prefix: str) -> Iterator[tuple[str, Json]]:
    for name, value in patch.items():
        pointer = f"{prefix}/{name.replace('~', '~0').replace('/', '~1')}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, pointer)
        else:
            yield pointer, value


def _path(pointer: str) -> list[str]:
    return [
        part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/")
    ]


def _without(patch: JsonObject, path: list[str]) -> JsonObject:
    """The patch but for one field, and for objects that are empty by that."""
    name, *rest = path
    inner = patch[name]
    left = {each: value for each, value in patch.items() if each != name}
    if rest and isinstance(inner, dict) and (kept := _without(inner, rest)):
        left[name] = kept
    return left


def _put(patch: JsonObject, path: list[str], value: Json) -> None:
    for name in path[:-1]:
        inner = patch.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        patch = inner
    patch[path[-1]] = value
