"""The documents as a page shows them. It is made of them alone, so that it says what they say."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from feed.web.api.schema import Schema

Words: TypeAlias = list[tuple[str, str]]
"""A type in words: pieces of text, each with the name of the type that it links to, or none."""

_WIDTH = 72
_ALONE = {"integer": "integer", "number": "number", "string": "text", "boolean": "true or false"}


class Member(NamedTuple):
    """A field or a parameter. `place`: of a parameter.

    `usual` and `example` are as they are written, empty where there is none.
    """

    name: str
    kind: Words
    is_needed: bool
    usual: str
    example: str
    words: str
    place: str = ""


class Shown(NamedTuple):
    """An example or a sample: its title, its language, and its text."""

    title: str
    language: str
    text: str


class Reply(NamedTuple):
    """One status: what it means, what it holds, and its headers but for those of all answers."""

    status: str
    words: str
    bodies: list[tuple[str, Words]]
    headers: list[str]


class Call(NamedTuple):
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    tokens: list[str]
    is_open: bool
    parameters: list[Member]
    body: tuple[str, Words] | None
    replies: list[Reply]
    samples: list[Shown]
    examples: list[Shown]


class Said(NamedTuple):
    """A frame or a command."""

    name: str
    words: str
    members: list[Member]
    example: Shown


def calls(document: Schema) -> dict[str, tuple[str, list[Call]]]:
    """By tag what it means, and its operations, in their order."""
    found: dict[str, tuple[str, list[Call]]] = {
        tag["name"]: (tag["description"], []) for tag in document["tags"]
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            call = _call(document, path, method, operation)
            found[operation["tags"][0]][1].append(call)
    return found


def said(document: Schema, operation: str) -> list[Said]:
    """The messages of an operation of AsyncAPI, in their order."""
    messages = document["components"]["messages"]
    return [
        _said(document, messages[each["$ref"].rpartition("/")[2]])
        for each in document["operations"][operation]["messages"]
    ]


def types(document: Schema) -> list[tuple[str, str, list[Member]]]:
    """Every type by name, in the order of the alphabet: what it means, and its members."""
    return [
        (name, _one_line(told.get("description", "")), members(told))
        for name, told in sorted(document["components"]["schemas"].items())
    ]


def members(told: Schema) -> list[Member]:
    """The members of an object."""
    needed = told.get("required", [])
    return [
        Member(
            name,
            kind(each),
            name in needed,
            _usual(each),
            _example(each),
            _one_line(each.get("description", "")),
        )
        for name, each in told.get("properties", {}).items()
    ]


def kind(told: Schema) -> Words:
    """A schema in words."""
    match told:
        case {"$ref": str(target)}:
            name = target.rpartition("/")[2]
            return [(name, name)]
        case {"anyOf": [*some]} | {"allOf": [*some]}:
            return _joined([kind(each) for each in some if each.keys() != {"properties"}])
        case {"type": "array", "items": dict(inner)}:
            return [("list of ", ""), *kind(inner)]
        case _:
            return [(_alone(told), "")]


def _alone(told: Schema) -> str:
    match told:
        case {"const": value}:
            return json.dumps(value)
        case {"enum": [*values]}:
            return " · ".join(map(str, values))
        case {"type": "integer" | "number", "minimum": least, "maximum": most}:
            return f"{least} to {most}"
        case {"type": str(name)}:
            return _ALONE.get(name, name)
        case _:
            return "any JSON"


def _joined(some: list[Words]) -> Words:
    first, *rest = some
    return [*first, *(piece for each in rest for piece in [(" or ", ""), *each])]


def _call(document: Schema, path: str, method: str, operation: Schema) -> Call:
    given: Schema = operation.get("requestBody", {}).get("content", {})
    body = next(((media, kind(each["schema"])) for media, each in given.items()), None)
    replies = [
        _reply(document, status, answer) for status, answer in operation["responses"].items()
    ]
    return Call(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        words=operation.get("description", ""),
        tokens=[" and ".join(each) for each in operation["security"] if each],
        is_open={} in operation["security"],
        parameters=[_parameter(each) for each in operation["parameters"]],
        body=body,
        replies=replies,
        samples=[*_samples(operation)],
        examples=[*_examples("Request", given), *_answered(operation)],
    )


def _parameter(told: Schema) -> Member:
    return Member(
        told["name"],
        kind(told["schema"]),
        told.get("required", False),
        _usual(told["schema"]),
        _example(told["schema"]),
        told.get("description", ""),
        told["in"],
    )


def _reply(document: Schema, status: str, answer: Schema) -> Reply:
    told = _resolved(document, answer)
    known = {*document["components"]["headers"], *(() if status < "4" else ("Cache-Control",))}
    return Reply(
        status,
        told["description"],
        [(media, kind(each["schema"])) for media, each in told.get("content", {}).items()],
        [name for name in told["headers"] if name not in known],
    )


def _samples(operation: Schema) -> Iterator[Shown]:
    for each in operation.get("x-codeSamples", []):
        yield Shown(each["label"], each["lang"], each["source"])


def _answered(operation: Schema) -> Iterator[Shown]:
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from _examples("Answer", answer.get("content", {}))


def _examples(title: str, content: Mapping[str, Any]) -> Iterator[Shown]:
    for each in content.values():
        given: Schema = each.get("examples", {})
        for name, example in given.items():
            value, named = example["value"], f"{title}: {name}" if len(given) > 1 else title
            yield Shown(named, "json", value if isinstance(value, str) else _pretty(value))


def _said(document: Schema, message: Schema) -> Said:
    told = _resolved(document, message["payload"])
    shown = Shown("Example", "json", _pretty(message["examples"][0]["payload"]))
    kept = [each for each in members(told) if each.name != "type"]
    return Said(message["name"], _one_line(told.get("description", "")), kept, shown)


def _resolved(document: Any, told: Schema) -> Schema:
    """What a schema or an answer is, where it is only named."""
    if "$ref" not in told:
        return told
    found = document
    for name in told["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return _resolved(document, found)


def _usual(told: Schema) -> str:
    return json.dumps(told["default"]) if "default" in told else ""


def _example(told: Schema) -> str:
    """The first example; a list as a query string has it."""
    given = told.get("examples") or told.get("items", {}).get("examples") or [""]
    return ",".join(given[0]) if isinstance(given[0], list) else str(given[0])


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _pretty(value: Any, indent: str = "") -> str:
    """JSON that breaks only what would become too long for a line."""
    text = json.dumps(value, ensure_ascii=False)
    if len(indent + text) <= _WIDTH or not isinstance(value, dict | list):
        return text
    inner = indent + "  "
    if isinstance(value, dict):
        lines = [f"{json.dumps(name)}: {_pretty(each, inner)}" for name, each in value.items()]
    else:
        lines = [_pretty(each, inner) for each in value]
    first, last = text[0], text[-1]
    return f"{first}\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}{last}"
