import re
from decimal import Decimal

import pytest

from feed.errors import BadChange
from feed.model.change import Change, EventChange
from feed.model.codec import Json
from feed.web.inject import NotJson, idempotency_key, read_body, read_changes
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
        ({"topic": "A", "gone": False, "why": "x" * 500}, Change(topic="price:A")),
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
