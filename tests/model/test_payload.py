"""What is joined of bytes, and what a client may say, against the types that the documents show."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import BadCursor, BadTopic
from feed.hub.plan import Step
from feed.model.codec import JsonObject, encode
from feed.model.cursor import parse_cursor
from feed.model.frame import heading, item_gone, item_set, item_whole, snapshot, update
from feed.model.payload import (
    FRAMES,
    AnyFrame,
    CursorText,
    FilterName,
    Reset,
    Snapshot,
    TopicName,
    Update,
)
from feed.model.topic import parse_filter, parse_topic
from tests.model.values import STATES

EVENT = encode({"topic": "price:A", "id": "e", "op": "add", "kind": "x", "ts": 7, "data": {}})


def exactly(text: bytes) -> AnyFrame:
    """A frame as its type reads it; nothing of it is left over."""
    frame: AnyFrame = msgspec.json.decode(text, type=AnyFrame)
    assert msgspec.json.decode(msgspec.json.encode(frame)) == msgspec.json.decode(text)
    return frame


@given(STATES)
def test_an_update_is_of_its_type(state: JsonObject) -> None:
    data = encode(state)
    items = [
        item_whole("price:A", 1, 7, data),
        item_set("price:A", 2, 7, state),
        item_set("price:A", 9, 7, state, 7),
        item_gone("price:A", 10, 7),
    ]
    head = heading("k3f9-7", 1790000000000)

    for frame in (update(head, items, []), update(head, items, [EVENT]), update(head, [], [EVENT])):
        assert isinstance(exactly(frame.payload), Update)


@pytest.mark.parametrize("cursor", [None, "k3f9-7"])
def test_a_snapshot_is_of_its_type(cursor: str | None) -> None:
    frame = exactly(snapshot([item_whole("price:A", 1, 7, b"{}")], cursor).payload)

    assert isinstance(frame, Snapshot)
    assert (frame.more, frame.cursor) == (cursor is None, cursor or msgspec.UNSET)


def test_a_type_of_frame_is_named_as_it_is_written() -> None:
    assert [kind.__struct_config__.tag for kind in FRAMES] == [
        "welcome", "subscribed", "reset", "snapshot", "update", "heartbeat", "error", "bye", "pong",
    ]  # fmt: skip


def test_every_reason_of_a_reset_is_told() -> None:
    schema = msgspec.json.schema_components([Reset])[1]["Reset"]

    reasons = [step.value for step in Step if step.is_reset]
    assert schema["properties"]["reason"]["enum"] == reasons


def is_admitted(text: str, kind: object) -> bool:
    """Whether a text is of the form that a type of ours says."""
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


def texts(some: str, form: str) -> st.SearchStrategy[str]:
    """Of these letters, or with this in them.

    Not with the end of a line at their end: Python, not JSON Schema, lets it pass a pattern there.
    """
    made = st.text(some, max_size=70) | st.from_regex(form)
    return made.filter(lambda text: not text.endswith("\n"))


@given(texts("pricescore:-*A.0/ é\n", r"((price|score|fx):)?[A-Z.*]{0,66}"))
def test_the_forms_of_topics_are_those_that_are_read(text: str) -> None:
    try:
        is_filter, full = True, parse_filter(text)
    except BadTopic:
        is_filter, full = False, ""
    try:
        is_topic = parse_topic(text) == text
    except BadTopic:
        is_topic = False

    assert is_admitted(text, FilterName) == is_filter
    assert is_admitted(text, TopicName) == is_topic
    assert not is_filter or is_admitted(full, FilterName)


@given(texts("k3-0_K\n", r"[a-z0-9]{1,33}-[0-9]{1,19}"))
def test_the_form_of_a_cursor_is_the_one_that_is_read(text: str) -> None:
    try:
        is_cursor = bool(parse_cursor(text))
    except BadCursor:
        is_cursor = False

    assert is_admitted(text, CursorText) == is_cursor
