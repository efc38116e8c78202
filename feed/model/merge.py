"""JSON merge patches, RFC 7396: apply one, and find the one between two states."""

from decimal import Decimal

from feed.model.codec import Json, JsonObject, encode


def merge(state: JsonObject, patch: JsonObject) -> JsonObject:
    """The state with the patch laid over it; neither argument is changed.

    `merge({}, data)` drops the nulls of `data`, as the protocol wants of a whole item.
    """
    merged = dict(state)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            inner = merged.get(name)
            merged[name] = merge(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def difference(before: JsonObject, after: JsonObject) -> JsonObject:
    """The smallest patch with `merge(before, patch) == after`; both hold no nulls."""
    patch: JsonObject = {name: None for name in before if name not in after}
    for name, new in after.items():
        if name not in before:
            patch[name] = new
            continue
        old = before[name]
        if isinstance(old, dict) and isinstance(new, dict):
            if inner := difference(old, new):
                patch[name] = inner
        elif not same(old, new):
            patch[name] = new
    return patch


def same(one: Json, other: Json) -> bool:
    """Equal as JSON text: `1`, `1.0`, `1.00` and `true` are four things, unlike in Python.

    Not for objects, whose members `difference` compares one by one.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, list | Decimal):
        return encode(one) == encode(other)
    return one == other
