"""Tables of wrong input: what is sent, and what the protocol says that it gets."""

import json
from typing import NamedTuple

JSON = {"Content-Type": "application/json"}

BAD_FILTERS = {
    "empty": "",
    "no key": "price:",
    "unknown kind": "stock:AAPL",
    "no kind before the colon": ":AAPL",
    "two colons": "price:a:b",
    "space": "price:A B",
    "star in the middle": "price:A*B",
    "two stars": "price:A**",
    "star first": "*A",
    "65 characters": "price:" + "A" * 65,
    "not ASCII": "price:É",
    "fullwidth digit": "price:A\uff11",
    "control character": "price:A\nB",
    "markup": "price:<b>",
    "percent": "price:%41",
    "kind in capitals": "PRICE:A",
}

BAD_OPTIONS = {
    "conflate below": "conflate_ms=-1",
    "conflate above": "conflate_ms=60001",
    "conflate word": "conflate_ms=soon",
    "conflate fraction": "conflate_ms=1.5",
    "conflate exponent": "conflate_ms=1e3",
    "conflate nan": "conflate_ms=nan",
    "conflate 5,000 digits": "conflate_ms=" + "9" * 5000,
    "conflate underscore": "conflate_ms=1_0",
    "conflate fullwidth": "conflate_ms=%EF%BC%91",
    "window below": "window_ms=-1",
    "window above": "window_ms=1001",
    "delay below": "delay_ms=-1",
    "delay above": "delay_ms=600001",
}

BAD_WAITS = {"below": "wait=-1", "above": "wait=56", "word": "wait=long", "nan": "wait=nan"}

BAD_CURSORS = {
    "word": "x",
    "no epoch": "-5",
    "no offset": "abc-",
    "no number": "abc-x",
    "negative": "abc--1",
    "fraction": "abc-1.5",
    "5,000 digits": "abc-" + "9" * 5000,
    "fullwidth digit": "abc-\uff11",
    "space": "abc- 1",
    "line break": "abc-1\n",
    "null character": "abc-1\0",
    "not ASCII": "é-1",
}


class Body(NamedTuple):
    """A body for `/admin/inject`: its bytes, the status it gets, a part of a fault's path."""

    body: bytes
    status: int
    path: str = ""
    headers: dict[str, str] = JSON


def _item(text: str) -> bytes:
    return b'{"topic":"price:BAD","set":' + text.encode() + b"}"


def _nested(depth: int) -> str:
    """An object nested so deep, itself counted."""
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


def _whole(**members: object) -> bytes:
    return json.dumps({"topic": "price:BAD"} | members).encode()


SET = {"price": "1"}
EVENT = {"kind": "trade"}

NO_JSON = {
    "nothing": b"",
    "a word": b"hello",
    "half": b'{"topic":"price:BAD","set":{',
    "a trailing comma": b'{"topic":"price:BAD","set":{"price":"1"},}',
    "two values": b'{"topic":"price:BAD","set":{}} {}',
    "a comment": b'{"topic":"price:BAD","set":{}} // why',
    "NaN": _item('{"price":NaN}'),
    "Infinity": _item('{"price":Infinity}'),
    "-Infinity": _item('{"price":-Infinity}'),
    "a leading zero": _item('{"price":01}'),
    "a plus": _item('{"price":+1}'),
    "single quotes": b"{'topic':'price:BAD'}",
    "a control character in a string": _item('{"a":"\x01"}'),
    "latin-1": '{"topic":"price:BAD","set":{"a":"é"}}'.encode("latin-1"),
    "UTF-16": '{"topic":"price:BAD","set":{}}'.encode("utf-16"),
    "UTF-32": '{"topic":"price:BAD","set":{}}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"topic":"price:BAD","set":{}}',
    "a surrogate in UTF-8": _item('{"a":"').removesuffix(b"}") + b'\xed\xa0\x80"}}',
    "an overlong slash": _item('{"a":"').removesuffix(b"}") + b'\xc0\xaf"}}',
}

WRONG = {
    "a number": Body(b"3", 422),
    "null": Body(b"null", 422),
    "a string": Body(b'"x"', 422),
    "an array in an array": Body(b"[[]]", 422, "[0]"),
    "null in an array": Body(b"[null]", 422, "[0]"),
    "no topic": Body(b'{"set":{"price":"1"}}', 422, "topic"),
    "topic a number": Body(b'{"topic":5,"set":{}}', 422, "topic"),
    "topic null": Body(b'{"topic":null,"set":{}}', 422, "topic"),
    "topic a filter": Body(b'{"topic":"price:*","set":{}}', 422, "topic"),
    "topic of an unknown kind": Body(b'{"topic":"stock:A","set":{}}', 422, "topic"),
    "topic with markup": Body(b'{"topic":"price:<script>","set":{}}', 422, "topic"),
    "topic with a lone surrogate": Body(b'{"topic":"price:\\ud800","set":{}}', 422),
    "no change": Body(_whole(), 422),
    "an unknown member": Body(_whole(set=SET, colour="red"), 422, "colour"),
    "__proto__": Body(_whole(set=SET, __proto__={}), 422, "__proto__"),
    "v": Body(_whole(set=SET, v=3), 422, "v"),
    "cursor": Body(_whole(set=SET, cursor="a-1"), 422, "cursor"),
    "epoch": Body(_whole(set=SET, epoch="a"), 422, "epoch"),
    "source": Body(_whole(set=SET, source="desk"), 422, "source"),
    "v in an event": Body(_whole(event=EVENT | {"v": 3}), 422, "event.v"),
    "gone and set": Body(_whole(set=SET, gone=True), 422),
    "gone and data": Body(_whole(data=SET, gone=True), 422),
    "set and data": Body(_whole(set=SET, data=SET), 422),
    "gone false": Body(_whole(gone=False), 422),
    "gone a number": Body(_whole(gone=1), 422, "gone"),
    "set a string": Body(_whole(set="price"), 422, "set"),
    "set an array": Body(_whole(set=[]), 422, "set"),
    "data an array": Body(_whole(data=[]), 422, "data"),
    "ts a fraction": Body(_whole(set=SET, ts=1.5), 422, "ts"),
    "ts a string": Body(_whole(set=SET, ts="1"), 422, "ts"),
    "ts true": Body(_whole(set=SET, ts=True), 422, "ts"),
    "ts of 30 digits": Body(_whole(set=SET, ts=10**29), 422, "ts"),
    "if_v a string": Body(_whole(set=SET, if_v="1"), 422, "if_v"),
    "if_v true": Body(_whole(set=SET, if_v=True), 422, "if_v"),
    "pin_s negative": Body(_whole(set=SET, pin_s=-1), 422, "pin_s"),
    "pin_s a string": Body(_whole(set=SET, pin_s="60"), 422, "pin_s"),
    "why a number": Body(_whole(set=SET, why=3), 422, "why"),
    "why a lone surrogate": Body(
        b'{"topic":"price:BAD","set":{},"why":"\\ud800"}', 422, "$[0].why"
    ),
    "event a string": Body(_whole(event="goal"), 422, "event"),
    "event without kind": Body(_whole(event={"data": {}}), 422, "event"),
    "event kind a number": Body(_whole(event={"kind": 3}), 422, "event.kind"),
    "event op unknown": Body(_whole(event=EVENT | {"op": "undo"}), 422, "event.op"),
    "event op in capitals": Body(_whole(event=EVENT | {"op": "ADD"}), 422, "event.op"),
    "event id a number": Body(_whole(event=EVENT | {"id": 3}), 422, "event.id"),
    "event data a string": Body(_whole(event=EVENT | {"data": "x"}), 422, "event.data"),
    "event with an unknown member": Body(_whole(event=EVENT | {"size": 1}), 422, "event.size"),
    "void without id": Body(_whole(event={"kind": "goal", "op": "void"}), 422, "event"),
    "17 deep": Body(_item(_nested(17)), 422, "set"),
    "17 deep in arrays": Body(_item('{"a":' + "[" * 16 + "]" * 16 + "}"), 422, "set"),
    "100,000 deep": Body(_item(_nested(100_000)), 422),
    "100,000 arrays": Body(b"[" * 100_000 + b"]" * 100_000, 422),
    "number of 65 digits": Body(_item('{"price":' + "1" * 65 + "}"), 422, "set.price"),
    "number of 5,000 digits": Body(_item('{"price":' + "1" * 5000 + "}"), 422, "set.price"),
    "fraction of 5,000 digits": Body(_item('{"price":0.' + "1" * 5000 + "}"), 422, "set.price"),
    "1e400": Body(_item('{"price":1e400}'), 422, "set.price"),
    "-1e400": Body(_item('{"price":-1e400}'), 422, "set.price"),
    "1e999999999": Body(_item('{"price":1e999999999}'), 422, "set.price"),
    "1e400 deep": Body(_item('{"a":{"b":[1,1e400]}}'), 422, "set.a.b[1]"),
    "a lone surrogate": Body(_item('{"a":"\\ud800"}'), 422, "set"),
    "a lone low surrogate": Body(_item('{"a":"\\udc00x"}'), 422, "set"),
    "a lone surrogate as a name": Body(_item('{"\\ud800":1}'), 422, "set"),
    "surrogates the wrong way round": Body(_item('{"a":"\\udc00\\ud800"}'), 422, "set"),
    "item over 16 KiB": Body(_item('{"a":"' + "x" * 16_384 + '"}'), 422),
    "event over 16 KiB": Body(_whole(event=EVENT | {"data": {"a": "x" * 16_384}}), 422, "event"),
    "1,001 objects": Body(json.dumps([{"topic": "BAD", "set": {}}] * 1001).encode(), 422),
    "the last of many": Body(
        json.dumps([{"topic": "BAD", "set": SET}] * 9 + [{"topic": "BAD"}]).encode(), 422, "[9]"
    ),
}

TOO_BIG = b'{"topic":"price:BAD","set":{"a":"' + b"x" * 2**20 + b'"}}'

CONTENT_TYPES = {
    "text": "text/plain",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data; boundary=x",
    "octets": "application/octet-stream",
    "two": "application/json, text/plain",
    "suffix": "application/jsonx",
}

ODD_BUT_NEVER_A_FAULT_OF_THE_SERVER = {
    "price a word": _item('{"price":"abc"}'),
    "price NaN as text": _item('{"price":"NaN","open":"1"}'),
    "price Infinity as text": _item('{"price":"Infinity","open":"1"}'),
    "price sNaN as text": _item('{"price":"sNaN","open":"sNaN"}'),
    "price fullwidth": _item('{"price":"\uff11\uff12","open":"3"}'),
    "price underscores": _item('{"price":"1_000","open":"3"}'),
    "price huge as text": _item('{"price":"1e999999","open":"1e-999999"}'),
    "price 5,000 digits as text": _item('{"price":"' + "7" * 5000 + '","open":"3"}'),
    "price an object": _item('{"price":{"a":1},"open":[1]}'),
    "price true": _item('{"price":true,"open":false}'),
    "price 1e308": _item('{"price":1e308,"open":1e-307}'),
    "price tiny": _item('{"price":1e-400,"open":2}'),
    "open zero": _item('{"price":1,"open":0}'),
    "open negative zero": _item('{"price":1,"open":-0.0}'),
    "names of the language": _item('{"__proto__":{"x":1},"constructor":{"prototype":1}}'),
    "empty name": _item('{"":1}'),
    "escapes": _item('{"a":"\\u0000\\u001b[31m\\u2028\\r\\n"}'),
    "a pair of surrogates": _item('{"a":"\\ud83d\\ude00"}'),
    "state a number": _item('{"state":3}'),
    "an empty set": _item("{}"),
}
