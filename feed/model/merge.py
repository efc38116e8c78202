"""JSON merge patches, RFC 7396: apply one and the way back, and find the one between two states."""

from decimal import Decimal

from feed.model.codec import Json, JsonObject, encode


def merge(state: JsonObject, patch: JsonObject) -> JsonObject:
    """The state with the patch laid over it; neither argument is changed.

    `merge({}, data)` drops the nulls of `data`, as the protocol wants of a whole item.
    """
    return lay(state, patch)[0]


def lay(state: JsonObject, patch: JsonObject) -> tuple[JsonObject, JsonObject]:
    """What `merge` gives, and the patch that leads back to the state, which holds no nulls then."""
    merged = state | patch
    back: JsonObject = {}
    for name, value in patch.items():
        old = back[name] = state.get(name)
        if value is None:
            del merged[name]
        elif type(value) is dict:
            if type(old) is dict:
                merged[name], back[name] = lay(old, value)
            else:
                merged[name] = merge({}, value)
    return merged, back


def news(state: JsonObject, patch: JsonObject) -> JsonObject:
    """What of the patch changes the state, which holds no nulls; empty where nothing does."""
    new: JsonObject = {}
    for name, value in patch.items():
        old = state.get(name)
        if type(value) is str:  # most are, and need no further look
            if old != value:
                new[name] = value
        elif type(value) is dict and type(old) is dict:
            if inner := news(old, value):
                new[name] = inner
        elif not same(old, value):
            new[name] = value
    return new


def difference(before: JsonObject, after: JsonObject) -> JsonObject:
    """The smallest patch with `merge(before, patch) == after`; both hold no nulls."""
    patch: JsonObject = {name: None for name in before if name not in after}
    for name, new in after.items():
        old = before.get(name)
        if type(new) is dict and type(old) is dict:
            if inner := difference(old, new):
                patch[name] = inner
        elif not same(old, new):
            patch[name] = new
    return patch


def same(one: Json, other: Json) -> bool:
    """Equal as JSON text: `1`, `1.0`, `1.00` and `true` are four things, unlike in Python.

    Not for objects, whose members are compared one by one.
    """
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is list or kind is Decimal:
        return encode(one) == encode(other)
    return one == other
