"""All that is wrong with a value that is to be of a type, and not only the first of it."""

import types
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Union, get_args, get_origin

import msgspec

from feed.errors import Fault


def misfits(value: object, kind: Any, path: str) -> Iterator[Fault]:
    """What keeps a value as TOML or JSON has it from being of a type; none: it can be converted.

    Structs are looked into field by field, of a union of them by their tag, and tuples one by one.
    """
    options = [each for each in _options(kind) if _is_struct(each)]
    if isinstance(value, dict) and options:
        yield from _of_structs(value, options, path)
    elif isinstance(value, list) and get_origin(kind) is tuple:
        for index, each in enumerate(value):
            yield from misfits(each, get_args(kind)[0], f"{path}[{index}]")
    else:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `$")
            yield Fault(path + place.rstrip("`"), message)


def within(path: str, field: str) -> str:
    """The path of a field."""
    return f"{path}.{field}" if path else field


def meant(word: str, known: Sequence[str]) -> str:
    """The known word that is nearest to a word, as what was maybe meant; empty: none is near."""
    near = get_close_matches(word, known, 1)
    return near[0] if near else ""


def _of_structs(value: dict[str, Any], options: Sequence[Any], path: str) -> Iterator[Fault]:
    by_tag = {each.__struct_config__.tag: each for each in options}
    tag_field = options[0].__struct_config__.tag_field
    chosen = options[0]
    if tag_field is not None:
        tag = value.get(tag_field)
        if tag is None:
            yield Fault(path, f"`{tag_field}` is missing: one of {', '.join(sorted(by_tag))}")
            return
        if tag not in by_tag:
            known = sorted(by_tag)
            near = meant(str(tag), known)
            hint = f"is {near} meant?" if near else f"expected one of {', '.join(known)}"
            yield Fault(within(path, tag_field), f"there is no {tag!r}; {hint}")
            return
        chosen = by_tag[tag]
    fields = {field.encode_name: field for field in msgspec.structs.fields(chosen)}
    for name in value:
        if name not in fields and name != tag_field:
            near = meant(name, [*fields])
            hint = f"; is {near} meant?" if near else ""
            yield Fault(within(path, name), f"there is no such field{hint}")
    for name, field in fields.items():
        if name in value:
            yield from misfits(value[name], field.type, within(path, name))
        elif field.required:
            yield Fault(path, f"`{name}` is missing")


def _options(kind: Any) -> Sequence[Any]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
