"""Types → JSON Schema, as both documents have it: by msgspec, which also reads and writes them."""

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias

import msgspec

from feed.model.codec import encode

Schema: TypeAlias = dict[str, Any]

COMPONENTS = "#/components/schemas/{name}"


def schemas(types: Iterable[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """A schema for each type, in their order, and what these refer to, by name."""
    found, components = msgspec.json.schema_components(types, ref_template=COMPONENTS)
    return [_plain(each) for each in found], {
        name: _plain(each) for name, each in components.items()
    }


def schema(kind: Any) -> Schema:
    """The schema of one type that refers to no other, and that is the caller's."""
    return {**_schema(kind)}


@cache
def _schema(kind: Any) -> Schema:
    (found,), _ = schemas([kind])
    return found


def as_json(value: Any) -> Any:
    """A value as the plain JSON that it is encoded to."""
    return msgspec.json.decode(encode(value))


def _plain(value: Any) -> Any:
    """A schema without the titles that say its name again, and nulls that stand for absence."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    is_schema = "type" in value or "anyOf" in value or "$ref" in value
    return {
        name: _plain(each)
        for name, each in value.items()
        if not (name == "default" and each is None)
        and not (name == "title" and is_schema and isinstance(each, str))
    }
