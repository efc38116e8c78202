import json
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import BadChange
from feed.hub.planner import checked_all
from feed.model.change import Change, EventChange
from feed.model.codec import Json
from feed.web.inject import NotJson, idempotency_key, read, read_body, read_changes
from tests.support.request import asked


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b" [1]\n", [1]),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"a":{"b":1},"a":{"c":2}}', {"a": {"c": 2}}),
        (b"70000.00", Decimal("70000.00")),
        (b"0.10", Decimal("0.10")),
        (b"1e5", Decimal("1E+5")),
        (b"-0.0", Decimal("-0.0")),
        (b"1E-400", Decimal("1E-400")),
        (b"9007199254740993", 9007199254740993),
        (b"9" * 64, int("9" * 64)),
        (b"9" * 65, Decimal("9" * 65)),
        (b"1e999999999999999999999", Decimal("Infinity")),  # refused later, by its path
        (b"1e-999999999999999999999", Decimal("Infinity")),
        ('"–\U0001f600"'.encode(), "–\U0001f600"),
        (b'"\\ud800"', "\ud800"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\u0000"', "\0"),
    ],
)
def test_json_is_read_to_the_last_digit(body: bytes, value: Json) -> None:
    read = read_body(body)
    assert (repr(read), type(read)) == (repr(value), type(value))


def test_five_thousand_digits_are_no_fault_of_the_server() -> None:
    read = read_body(b"9" * 5000)
    assert isinstance(read, Decimal)
    assert read.adjusted() == 4999


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}{}",
        b'{"a":1,}',
        b"{'a':1}",
        b"NaN",
        b'{"a":-Infinity}',
        b'[{"a":Infinity}]',
        b"nan",
        b"01",
        b".5",
        b"1.",
        b"+1",
        b"0x10",
        b'"\n"',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32-le"),
        b"topic=A",
    ],
)
def test_no_json(body: bytes) -> None:
    with pytest.raises(NotJson, match=r"^the body is not "):
        read_body(body)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_json_nested_beyond_reason_is_a_change_at_fault(opening: bytes) -> None:
    with pytest.raises(BadChange, match=re.escape("$: nested too deep")):
        read_body(opening * 100_000)


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ({"topic": "A"}, Change(topic="price:A")),
        ({"topic": "score:A", "set": {"x": None}}, Change(topic="score:A", patch={"x": None})),
        ({"topic": "A", "data": {}, "ts": 0}, Change(topic="price:A", data={}, ts=0)),
        ({"topic": "A", "gone": True, "if_v": 3}, Change(topic="price:A", gone=True, if_v=3)),
        ({"topic": "A", "gone": False, "why": "x" * 500}, Change(topic="price:A", why="x" * 500)),
        ({"topic": "A", "event": {}}, Change(topic="price:A", event=EventChange())),
        (
            {"topic": "A", "event": {"op": "void", "kind": "goal", "id": "g", "ts": 5}},
            Change(topic="price:A", event=EventChange(op="void", kind="goal", id="g", ts=5)),
        ),
        (
            {"topic": "A", "event": {"data": {"a": 1}}},
            Change(topic="price:A", event=EventChange(data={"a": 1})),
        ),
    ],
)
def test_a_change(value: Json, change: Change) -> None:
    assert read_changes(value) == [change]


def test_changes_stay_in_their_order() -> None:
    value: Json = [{"topic": f"T{n}"} for n in range(1000)]
    assert [change.topic for change in read_changes(value)] == [f"price:T{n}" for n in range(1000)]


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ([], ["$"]),
        ([{"topic": "A"}] * 1001, ["$"]),
        (None, ["$[0]"]),
        (7, ["$[0]"]),
        ("A", ["$[0]"]),
        ([[{"topic": "A"}]], ["$[0]"]),
        ([{"topic": "A"}, None, 7], ["$[1]", "$[2]"]),
        ({}, ["$[0].topic"]),
        ({"topic": None}, ["$[0].topic"]),
        ({"topic": 7}, ["$[0].topic"]),
        ({"topic": ""}, ["$[0].topic"]),
        ({"topic": "price:*"}, ["$[0].topic"]),
        ({"topic": "fx:A"}, ["$[0].topic"]),
        ({"topic": "A\ud800"}, ["$[0].topic"]),
        ({"topic": "A", "set": None}, ["$[0].set"]),
        ({"topic": "A", "set": []}, ["$[0].set"]),
        ({"topic": "A", "data": "x"}, ["$[0].data"]),
        ({"topic": "A", "gone": 1}, ["$[0].gone"]),
        ({"topic": "A", "gone": "true"}, ["$[0].gone"]),
        ({"topic": "A", "ts": "0"}, ["$[0].ts"]),
        ({"topic": "A", "ts": True}, ["$[0].ts"]),
        ({"topic": "A", "ts": Decimal("1.5")}, ["$[0].ts"]),
        ({"topic": "A", "if_v": Decimal("Infinity")}, ["$[0].if_v"]),
        ({"topic": "A", "if_v": False}, ["$[0].if_v"]),
        ({"topic": "A", "why": 7}, ["$[0].why"]),
        ({"topic": "A", "why": "x" * 501}, ["$[0].why"]),
        ({"topic": "A", "event": None}, ["$[0].event"]),
        ({"topic": "A", "event": []}, ["$[0].event"]),
        ({"topic": "A", "event": {"op": "undo"}}, ["$[0].event.op"]),
        ({"topic": "A", "event": {"op": 1}}, ["$[0].event.op"]),
        ({"topic": "A", "event": {"id": 7}}, ["$[0].event.id"]),
        ({"topic": "A", "event": {"kind": ["goal"]}}, ["$[0].event.kind"]),
        ({"topic": "A", "event": {"ts": "now"}}, ["$[0].event.ts"]),
        ({"topic": "A", "event": {"data": 7}}, ["$[0].event.data"]),
        ({"topic": "A", "event": {"v": 7}}, ["$[0].event.v"]),
        ({"topic": "A", "v": 7}, ["$[0].v"]),
        ({"cursor": "k-1", "topic": "A", "epoch": "k"}, ["$[0].cursor", "$[0].epoch"]),
        ({"topic": "A", "source": "x"}, ["$[0].source"]),
        ({"topic": "A", "patch": {}}, ["$[0].patch"]),
        ({"topic": "A", "Set": {}}, ["$[0].Set"]),
        ({"topic": "A", "__proto__": {}}, ["$[0].__proto__"]),
        ({"topic": "A", "": 1}, ["$[0]."]),
        ({"topic": "A", "\ud800": 1}, ["$[0].'\\ud800'"]),
        ({"topic": "A", "a\nb\0": 1}, ["$[0].'a\\nb\\x00'"]),
        ({"topic": "A", "\u202eb": 1}, ["$[0].'\\u202eb'"]),
        (
            [{"set": 1, "x": 1}, {"topic": "A"}, {"topic": "*", "event": {"y": 1, "op": "x"}}],
            [
                "$[0].x",
                "$[0].topic",
                "$[0].set",
                "$[2].topic",
                "$[2].event.y",
                "$[2].event.op",
            ],
        ),
    ],
)
def test_every_fault_has_its_path(value: Json, paths: list[str]) -> None:
    with pytest.raises(BadChange) as bad:
        read_changes(value)
    assert [fault.path for fault in bad.value.faults] == paths
    assert all(f"{fault.path}{fault.message}".isprintable() for fault in bad.value.faults)
    str(bad.value).encode()


def outcome(reader: Callable[[bytes], list[Change]], body: bytes) -> object:
    """The changes, as far as they may go on, with every type in them; or what was raised."""
    try:
        return repr(checked_all(reader(body)))
    except (NotJson, BadChange) as refused:
        return type(refused), str(refused)


def thoroughly(body: bytes) -> list[Change]:
    """As `read` does where anything is wrong."""
    return read_changes(read_body(body))


SCALARS = st.one_of(
    st.sampled_from([None, True, False, 0, -1, 1, 10**70, 1.0, 1.5, -0.0, 1e300, "", "x", "A"]),
    st.sampled_from(["price:A", "score:B", "fx:C", "A*", "é", "\ud800", "add", "void", "x" * 501]),
)
FIELDS = st.dictionaries(st.sampled_from(["price", "t", "é", "\ud800", "a b"]), SCALARS, max_size=3)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "amend", "void"]) | SCALARS,
        "kind": st.just("goal") | SCALARS,
        "id": st.just("g-1") | SCALARS,
        "ts": st.just(5) | SCALARS,
        "data": FIELDS | SCALARS,
        "v": st.just(1),
    },
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "topic": st.sampled_from(["A", "score:B"]) | SCALARS,
        "set": FIELDS | SCALARS,
        "data": FIELDS,
        "event": EVENTS,
        "gone": st.booleans() | SCALARS,
        "ts": st.just(5) | SCALARS,
        "if_v": st.just(0) | SCALARS,
        "why": st.just("é" * 500) | SCALARS,
        "v": st.just(1),
    },
)


@given(CHANGES | st.lists(CHANGES, max_size=3) | SCALARS)
def test_what_is_read_in_one_go_is_read_as_thoroughly(value: object) -> None:
    body = json.dumps(value).encode()

    assert outcome(read, body) == outcome(thoroughly, body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"topic":"A","topic":"score:B"}',
        b'{"topic":7,"topic":"A"}',
        b'{"topic":"A","set":{"a":{"b":1},"a":{"c":1e5}}}',
        b'{"topic":"A","event":{"op":"x"},"event":{}}',
        b' [ {"topic" : "A", "set": {"price": 70000.00, "volume": -0, "n": 1e-400}} ]\n',
        b'{"topic":"A","set":{"a":' + b"9" * 64 + b"}}",
        b'{"topic":"A","set":{"a":' + b"9" * 65 + b"}}",
        b'{"topic":"A","set":{"a":' + b"9" * 5000 + b"}}",
        b'{"topic":"A","set":{"a":1e999999999999999999999}}',
        b'{"topic":"A","ts":1.0}',
        b'{"topic":"A","ts":1e3}',
        b'{"topic":"A","ts":' + b"9" * 70 + b"}",
        b'{"topic":"A","if_v":-0}',
        b'{"topic":"A","set":{"\\u0000":"\\/\\ud83d\\ude00","\x7f":"\\ud800"}}',
        b'{"topic":"A","set":{"a":NaN}}',
        b'{"topic":"A","set":{"a":"\xed\xa0\x80"}}',
        b'{"topic":"A","set":{"a":"\x01"}}',
        b'\xef\xbb\xbf{"topic":"A"}',
        b'{"topic":"A","set":' + b'{"a":' * 100_000,
        b'{"topic":"A","set":' + b'{"a":' * 500 + b"1" + b"}" * 501,
        b'{"topic":"A"}]',
        b'[{"topic":"A"}',
        b"",
        b"[" + b",".join([b'{"topic":"A"}'] * 1000) + b"]",
        b"[" + b",".join([b'{"topic":"A"}'] * 1001) + b"]",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_odd_bodies_are_read_as_thoroughly(body: bytes) -> None:
    assert outcome(read, body) == outcome(thoroughly, body)


@pytest.mark.parametrize("key", ["a", "!", "~", "x" * 128, '"quoted"', "0"])
def test_a_key(key: str) -> None:
    assert idempotency_key(asked(headers=[("Idempotency-Key", key)])) == key


def test_a_key_is_not_needed() -> None:
    assert idempotency_key(asked()) is None


@pytest.mark.parametrize("key", ["", "x" * 129, "a b", "a\tb", "kéy", "\x7f", "a\0"])
def test_no_key(key: str) -> None:
    with pytest.raises(BadChange) as bad:
        idempotency_key(asked(headers=[("Idempotency-Key", key)]))
    assert [fault.path for fault in bad.value.faults] == ["Idempotency-Key"]
