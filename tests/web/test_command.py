import pytest
from msgspec import UNSET

from feed.web.command import BadCommand, Id, read_command


@pytest.mark.parametrize(
    ("text", "kind", "topics", "number"),
    [
        ('{"type":"subscribe","topics":["A","*"]}', "subscribe", ["A", "*"], UNSET),
        ('{"type":"subscribe","topics":[]}', "subscribe", [], UNSET),
        ('{"type":"subscribe","tickers":["A"]}', "subscribe", ["A"], UNSET),
        ('{"type":"subscribe","topics":["A"],"tickers":["B"]}', "subscribe", ["A"], UNSET),
        ('{"type":"subscribe","topics":["a b"," "]}', "subscribe", ["a b", " "], UNSET),
        ('{"type":"unsubscribe","topics":["A"],"id":7}', "unsubscribe", ["A"], 7),
        ('{"type":"set","id":"x","conflate_ms":9}', "set", [], "x"),
        ('{"type":"ping","id":0}', "ping", [], 0),
        ('{"type":"ping","id":""}', "ping", [], ""),
        ('{"type":"ping","id":null}', "ping", [], UNSET),
        ('{"type":"ping","id":123456789012345678901}', "ping", [], 123456789012345678901),
        ('{"type":"ping","id":1,"id":2}', "ping", [], 2),
        ('{"type":"set","type":"ping"}', "ping", [], UNSET),
        ('{"type":"auth","token":"t"}', "auth", [], UNSET),
        (' {"type" : "ping"}\n', "ping", [], UNSET),
        ('{"type":"ping","more":{"x":[1.50]}}', "ping", [], UNSET),
    ],
)
def test_a_command(text: str, kind: str, topics: list[str], number: Id) -> None:
    command = read_command(text)
    assert (command.kind, command.topics, command.id) == (kind, topics, number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "null",
        "true",
        "1",
        '"ping"',
        "[]",
        '[{"type":"ping"}]',
        "{",
        "{}{}",
        '{"type":"ping",}',
        "{'type':'ping'}",
        '{type:"ping"}',
        '{"type":"ping","at":NaN}',
        '{"type":"ping","at":Infinity}',
        '{"type":"ping","at":1e99999999999999999999}',
        '{"type":"ping","at":01}',
        '{"type":"ping","at":"\\ud800"}',
        '{"type":"ping","\\udfff":1}',
        '{"type":"ping"}\0',
        '\ufeff{"type":"ping"}',
        '{"type":"ping","at":' + "[" * 30_000,
        '{"type":"ping","at":' + "[" * 30_000 + "]" * 30_000 + "}",
        "type=ping",
        '{"id":1}x',
    ],
)
def test_no_json_object(text: str) -> None:
    with pytest.raises(BadCommand) as bad:
        read_command(text)
    assert (bad.value.code, bad.value.id) == ("bad_message", UNSET)


@pytest.mark.parametrize(
    ("text", "code", "number"),
    [
        ("{}", "unknown_type", UNSET),
        ('{"id":1}', "unknown_type", 1),
        ('{"id":"x","type":"Ping"}', "unknown_type", "x"),
        ('{"type":"subscribe "}', "unknown_type", UNSET),
        ('{"type":""}', "unknown_type", UNSET),
        ('{"type":null}', "unknown_type", UNSET),
        ('{"type":["ping"]}', "unknown_type", UNSET),
        ('{"type":{"ping":1},"id":0}', "unknown_type", 0),
        ('{"type":"subscribe","id":1}', "bad_message", 1),
        ('{"type":"unsubscribe"}', "bad_message", UNSET),
        ('{"type":"subscribe","topics":null}', "bad_message", UNSET),
        ('{"type":"subscribe","id":1,"topics":"A"}', "bad_message", 1),
        ('{"type":"subscribe","topics":{"A":1}}', "bad_message", UNSET),
        ('{"type":"subscribe","topics":["A",1]}', "bad_message", UNSET),
        ('{"type":"subscribe","topics":[["A"]]}', "bad_message", UNSET),
        ('{"type":"subscribe","topics":[null]}', "bad_message", UNSET),
        ('{"type":"subscribe","tickers":"A","id":"x"}', "bad_message", "x"),
        ('{"type":"ping","topics":7}', "bad_message", UNSET),
        ('{"type":"ping","id":true}', "bad_message", UNSET),
        ('{"type":"ping","id":1.5}', "bad_message", UNSET),
        ('{"type":"ping","id":[1]}', "bad_message", UNSET),
        ('{"type":"ping","id":{"x":1}}', "bad_message", UNSET),
    ],
)
def test_a_malformed_command_is_answered_under_its_id(text: str, code: str, number: Id) -> None:
    with pytest.raises(BadCommand) as bad:
        read_command(text)
    assert (bad.value.code, bad.value.id) == (code, number)
    assert str(bad.value)
