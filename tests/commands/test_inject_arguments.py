import argparse

import pytest

from feed.commands.inject import add_arguments, read_body
from feed.errors import FeedError


def body(*words: str) -> bytes:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_body(parser.parse_args(words))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("BTC-USD", "price=70000.00"), b'{"topic":"price:BTC-USD","set":{"price":70000.00}}'),
        (
            ("score:A", "home.score=2", "home.name=AR", "why=null", "name="),
            b'{"topic":"score:A","set":{"home":{"score":2,"name":"AR"},"why":null,"name":""}}',
        ),
        (("A", "x=NaN", "y=a=b"), b'{"topic":"price:A","set":{"x":"NaN","y":"a=b"}}'),
        (("A", "--set", '{"a": 1.10}'), b'{"topic":"price:A","set":{"a": 1.10}}'),
        (
            ("A", "--data", "{}", "--if-v", "7", "--why", "desk"),
            b'{"topic":"price:A","data":{},"if_v":7,"why":"desk"}',
        ),
        (("A", "--gone"), b'{"topic":"price:A","gone":true}'),
        (
            ("score:A", "--event", "goal", "--id", "g-1", "--event-data", '{"side":"home"}'),
            b'{"topic":"score:A","event":{"kind":"goal","id":"g-1","data":{"side":"home"}}}',
        ),
        (
            ("score:A", "--op", "void", "--id", "g-1"),
            b'{"topic":"score:A","event":{"op":"void","id":"g-1"}}',
        ),
    ],
)
def test_body(words: tuple[str, ...], expected: bytes) -> None:
    assert body(*words) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("bad topic", "a=1"), "a key is"),
        (("A", "price"), "price: expected NAME=VALUE"),
        (("A", "=1"), "expected NAME=VALUE"),
        (("A", "a..b=1"), "expected NAME=VALUE"),
        (("A", "a=1", "a.b=2"), "a has a value of its own"),
        (("A", "a=1", "--set", "{}"), "either --set or NAME=VALUE"),
        (("A", "--set", "{"), "--set: no JSON"),
        (("A", "--set", '{"a":NaN}'), "--set: no JSON"),
        (("A", "--event-data", "[]"), "--event-data: expected a JSON object"),
        (("A", "a=\udcff"), "not UTF-8"),
        (("-", "a=1"), "field: not beside changes on standard input"),
        (("-", "--if-v", "0"), "if-v: not beside changes on standard input"),
    ],
)
def test_what_cannot_be_meant(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(FeedError, match=message):
        body(*words)
