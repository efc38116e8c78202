"""The AsyncAPI document: by its own rules, and against the program."""

import json
from pathlib import Path

import msgspec
import pytest
from jsonschema.validators import validator_for

from feed.web.api.asyncapi import asyncapi
from feed.web.api.limit import Running
from feed.web.close_code import CLOSINGS, CloseCode
from feed.web.command import KINDS
from tests.support.api import RUNNING, Judge, Schema

OFFICIAL = Path(__file__).parents[2] / "vendor" / "asyncapi" / "3.0.0.json"
DOCUMENT = asyncapi(RUNNING)
JUDGE = Judge(DOCUMENT)
FRAMES = [
    "welcome", "subscribed", "reset", "snapshot", "update", "heartbeat", "error", "bye", "pong",
]  # fmt: skip


@pytest.mark.parametrize("running", [RUNNING, msgspec.structs.replace(RUNNING, is_public=False)])
def test_it_is_one(running: Running) -> None:
    document = asyncapi(running)
    official = json.loads(OFFICIAL.read_text(encoding="utf-8"))
    judge = validator_for(official)(official)

    assert [fault.message for fault in judge.iter_errors(document)] == []
    assert judge.is_valid({**document, "operations": {"x": {}}}) is False


def references(told: object) -> list[str]:
    """Every place that is named anywhere below."""
    match told:
        case {"$ref": str(place)}:
            return [place]
        case dict():
            return [place for each in told.values() for place in references(each)]
        case list():
            return [place for each in told for place in references(each)]
        case _:
            return []


def test_what_it_names_is_there() -> None:
    places = references(DOCUMENT)

    assert len(places) > 50
    assert all(JUDGE.at(place) for place in places)


@pytest.mark.parametrize("name", [*FRAMES, *KINDS])
def test_a_message_has_an_example_that_is_one(name: str) -> None:
    message: Schema = DOCUMENT["components"]["messages"][name]

    assert len(message["examples"]) == 1
    for example in message["examples"]:
        assert example["payload"]["type"] == name
        assert JUDGE.of_message(name, example["payload"]) == []
        assert JUDGE.of_message(name, {**example["payload"], "type": "other"}) != []


def test_each_door_says_what_it_tells() -> None:
    channels = DOCUMENT["channels"]

    assert [*channels["ws"]["messages"]] == [*FRAMES, *KINDS]
    assert [*channels["sse"]["messages"]] == [f for f in FRAMES if f not in ("error", "pong")]
    query = channels["ws"]["bindings"]["ws"]["query"]
    assert query["properties"]["conflate_ms"]["maximum"] == 60_000
    assert "required" not in query
    events = DOCUMENT["operations"]["tell"]["bindings"]["http"]["query"]
    assert events["required"] == ["topics"]
    assert {"also", "token"} <= events["properties"].keys()


def test_every_close_code_is_in_it() -> None:
    told = DOCUMENT["channels"]["ws"]["x-close-codes"]

    assert [each["code"] for each in told] == [each.code for each in CLOSINGS]
    assert {*CloseCode} | {1002, 1007, 1009} == {each["code"] for each in told}
