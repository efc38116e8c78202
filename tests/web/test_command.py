import pytest

from feed.model.codec import JsonObject
from feed.web.command import BadCommand, read_command


@pytest.mark.parametrize(
    ("text", "kind", "topics", "echo"),
    [
        ('{"type":"subscribe","topics":["A","*"]}', "subscribe", ["A", "*"], {}),
        ('{"type":"subscribe","topics":[]}', "subscribe", [], {}),
        ('{"type":"subscribe","tickers":["A"]}', "subscribe", ["A"], {}),
        ('{"type":"subscribe","topics":["A"],"tickers":["B"]}', "subscribe", ["A"], {}),
        ('{"type":"subscribe","topics":["a b"," "]}', "subscribe", ["a b", " "], {}),
        ('{"type":"unsubscribe","topics":["A"],"id":7}', "unsubscribe", ["A"], {"id": 7}),
        ('{"type":"set","id":"x","conflate_ms":9}', "set", [], {"id": "x"}),
        ('{"type":"ping","id":0}', "ping", [], {"id": 0}),
        ('{"type":"ping","id":""}', "ping", [], {"id": ""}),
        ('{"type":"ping","id":null}', "ping", [], {}),
        ('{"type":"ping","id":123456789012345678901}', "ping", [], {"id": 123456789012345678901}),
        ('{"type":"ping","id":1,"id":2}', "ping", [], {"id": 2}),
        ('{"type":"set","type":"ping"}', "ping", [], {}),
        ('{"type":"auth","token":"t"}', "auth", [], {}),
        (' {"type" : "ping"}\n', "ping", [], {}),
        ('{"type":"ping","more":{"x":[1.50]}}', "ping", [], {}),
    ],
)
def test_a_command(text: str, kind: str, topics: list[str], echo: JsonObject) -> None:
    command = read_command(text)
    assert (command.kind, command.topics, command.echo) == (kind, topics, echo)


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
    assert (bad.value.code, bad.value.echo) == ("bad_message", {})


@pytest.mark.parametrize(
    ("text", "code", "echo"),
    [
        ("{}", "unknown_type", {}),
        ('{"id":1}', "unknown_type", {"id": 1}),
        ('{"id":"x","type":"Ping"}', "unknown_type", {"id": "x"}),
        ('{"type":"subscribe "}', "unknown_type", {}),
        ('{"type":""}', "unknown_type", {}),
        ('{"type":null}', "unknown_type", {}),
        ('{"type":["ping"]}', "unknown_type", {}),
        ('{"type":{"ping":1},"id":0}', "unknown_type", {"id": 0}),
        ('{"type":"subscribe","id":1}', "bad_message", {"id": 1}),
        ('{"type":"unsubscribe"}', "bad_message", {}),
        ('{"type":"subscribe","topics":null}', "bad_message", {}),
        ('{"type":"subscribe","id":1,"topics":"A"}', "bad_message", {"id": 1}),
        ('{"type":"subscribe","topics":{"A":1}}', "bad_message", {}),
        ('{"type":"subscribe","topics":["A",1]}', "bad_message", {}),
        ('{"type":"subscribe","topics":[["A"]]}', "bad_message", {}),
        ('{"type":"subscribe","topics":[null]}', "bad_message", {}),
        ('{"type":"subscribe","tickers":"A","id":"x"}', "bad_message", {"id": "x"}),
        ('{"type":"ping","topics":7}', "bad_message", {}),
        ('{"type":"ping","id":true}', "bad_message", {}),
        ('{"type":"ping","id":1.5}', "bad_message", {}),
        ('{"type":"ping","id":[1]}', "bad_message", {}),
        ('{"type":"ping","id":{"x":1}}', "bad_message", {}),
    ],
)
def test_a_malformed_command_is_answered_under_its_id(
    text: str, code: str, echo: JsonObject
) -> None:
    with pytest.raises(BadCommand) as bad:
        read_command(text)
    assert (bad.value.code, bad.value.echo) == (code, echo)
    assert str(bad.value)
