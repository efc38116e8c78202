import pytest

from feed.web.api import view
from feed.web.api.asyncapi import asyncapi
from feed.web.api.openapi import openapi
from feed.web.api.schema import Schema
from tests.support.api import RUNNING

OPENAPI, ASYNCAPI = openapi(RUNNING), asyncapi(RUNNING)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": "integer", "minimum": 0, "maximum": 55}, "0 to 55"),
        ({"type": "integer", "minimum": 0}, "integer"),
        ({"type": "boolean"}, "true or false"),
        ({"const": 400}, "400"),
        ({"enum": ["add", "void"]}, "add · void"),
        ({"$ref": "#/components/schemas/Event"}, "[Event]"),
        ({"type": "array", "items": {"$ref": "#/x/Event"}}, "list of [Event]"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or null"),
        ({"allOf": [{"$ref": "#/x/Problem"}, {"properties": {}}]}, "[Problem]"),
        ({"type": "object"}, "object"),
        ({"type": "array"}, "array"),
        ({}, "any JSON"),
    ],
)
def test_a_type_in_words(told: Schema, words: str) -> None:
    pieces = view.kind(told)

    assert "".join(f"[{text}]" if name else text for text, name in pieces) == words
    assert all(name in ("", text) for text, name in pieces)


def test_every_operation_is_shown() -> None:
    groups = view.calls(OPENAPI)
    shown = [(call.method.lower(), call.path) for _, some in groups.values() for call in some]
    told = [(method, path) for path, each in OPENAPI["paths"].items() for method in each]

    assert sorted(shown) == sorted(told)
    assert [*groups] == ["doors", "health", "documents", "pages", "admin"]
    poll = next(call for call in groups["doors"][1] if call.id == "poll")
    assert [reply.status for reply in poll.replies][:3] == ["200", "304", "400"]
    assert poll.is_open
    wait = next(each for each in poll.parameters if each.name == "wait")
    assert (wait.kind, wait.usual, wait.is_needed) == ([("0 to 55", "")], "25", False)
    assert [sample.title for sample in poll.samples] == ["curl", "JavaScript"]
    assert [example.title for example in poll.examples] == ["Answer"]


def test_every_message_is_shown() -> None:
    frames, commands = view.said(ASYNCAPI, "say"), view.said(ASYNCAPI, "hear")

    told = [each.name for each in (*frames, *commands)]
    assert told == [*ASYNCAPI["components"]["messages"]]
    update = frames[4]
    assert [member.name for member in update.members] == ["cursor", "pt", "items", "events"]
    assert update.example.text.splitlines()[:3] == [
        "{",
        '  "type": "update",',
        '  "cursor": "k3f9-18233",',
    ]


def test_what_is_linked_to_is_there() -> None:
    shown = {name for name, _, _ in view.types(OPENAPI)}
    linked = {
        name
        for _, some in view.calls(OPENAPI).values()
        for call in some
        for pieces in (
            *(member.kind for member in call.parameters),
            *([call.body[1]] if call.body else []),
            *(words for reply in call.replies for _, words in reply.bodies),
        )
        for _, name in pieces
        if name
    }
    for each in (*view.said(ASYNCAPI, "say"), *view.said(ASYNCAPI, "hear")):
        linked |= {name for member in each.members for _, name in member.kind if name}

    assert {"Polled", "Problem", "Element", "Rejected"} <= linked
    assert linked <= shown
