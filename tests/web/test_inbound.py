"""RFC 6455, sections 5 to 8, as a server without an echo can show it.

The cases go by the groups of the AutobahnTestSuite: framing, pings, reserved bits, opcodes,
fragments, UTF-8, closing, limits, compression.
"""

import pytest

from feed.web.inbound import Incomplete, read
from tests.support.client_frame import (
    BINARY,
    CLOSE,
    FIN,
    MORE,
    PING,
    PONG,
    RSV1,
    RSV2,
    RSV3,
    TEXT,
    client_frame,
    closing,
    fragments,
    text,
)
from tests.support.inbound import LIMIT, Told, steps, told

STEPS = (1, 997, 1 << 20)
"""Bytes that come at once."""

GREEK = "κόσμε".encode()
EIGHT = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"

RIGHT: dict[str, tuple[bytes, Told]] = {
    "RFC 6455 5.7, a masked text": (
        bytes.fromhex("818537fa213d7f9f4d5158"),
        [("TEXT", b"Hello")],
    ),
    "RFC 6455 5.7, a masked pong": (
        bytes.fromhex("8a8537fa213d7f9f4d5158"),
        [("PONG", b"Hello")],
    ),
    "1.1.1 empty": (text(b""), [("TEXT", b"")]),
    **{
        f"1.1 text of {size}": (text(b"*" * size), [("TEXT", b"*" * size)])
        for size in (125, 126, 127, 128, 65_535, 65_536)
    },
    "1.2 binary, which is only told": (
        client_frame(FIN | BINARY, b"\xfe" * 300) + text("on"),
        [("BINARY", b""), ("TEXT", b"on")],
    ),
    "1.2 binary in fragments": (
        fragments(b"\xff", b"\xfe", first=BINARY) + text("on"),
        [("BINARY", b""), ("TEXT", b"on")],
    ),
    "1.2 binary that is empty": (client_frame(FIN | BINARY), [("BINARY", b"")]),
    "2.1 ping without payload": (client_frame(FIN | PING), [("PING", b"")]),
    "2.3 ping with a binary one": (client_frame(FIN | PING, EIGHT), [("PING", EIGHT)]),
    "2.4 ping of 125": (client_frame(FIN | PING, b"\xfe" * 125), [("PING", b"\xfe" * 125)]),
    "2.9 a pong unasked for, and a ping": (
        client_frame(FIN | PONG, b"unasked") + client_frame(FIN | PING, b"p"),
        [("PONG", b"unasked"), ("PING", b"p")],
    ),
    "2.10 ten pings": (client_frame(FIN | PING, b"p") * 10, [("PING", b"p")] * 10),
    "5.3 two fragments": (fragments(b"a", b"b"), [("TEXT", b"ab")]),
    "5.6 a ping between": (
        client_frame(TEXT, b"a") + client_frame(FIN | PING, b"p") + client_frame(FIN | MORE, b"b"),
        [("PING", b"p"), ("TEXT", b"ab")],
    ),
    "5.19 two pings between five": (
        client_frame(TEXT, b"1")
        + client_frame(MORE, b"2")
        + client_frame(FIN | PING, b"p1")
        + client_frame(MORE, b"3")
        + client_frame(MORE, b"4")
        + client_frame(FIN | PING, b"p2")
        + client_frame(FIN | MORE, b"5"),
        [("PING", b"p1"), ("PING", b"p2"), ("TEXT", b"12345")],
    ),
    "5 a ping between fragments of the greatest size": (
        client_frame(TEXT, b"a" * (LIMIT - 1))
        + client_frame(FIN | PING, b"p" * 125)
        + client_frame(FIN | MORE, b"b"),
        [("PING", b"p" * 125), ("TEXT", b"a" * (LIMIT - 1) + b"b")],
    ),
    "6.1.2 three empty fragments": (fragments(b"", b"", b""), [("TEXT", b"")]),
    "6.1.3 the middle one not empty": (fragments(b"", b"mid", b""), [("TEXT", b"mid")]),
    "6.2.3 fragments of a byte": (
        fragments(*(bytes((byte,)) for byte in GREEK)),
        [("TEXT", GREEK)],
    ),
    "7.1 nothing after a close": (
        closing(1000) + client_frame(FIN | PING) + text("late") + b"garbage",
        [("CLOSE", b"\x03\xe8")],
    ),
    "7.1.6 a close within a message": (
        client_frame(TEXT, b"half") + closing(1001),
        [("CLOSE", b"\x03\xe9")],
    ),
    "7.3.1 a close without a code": (client_frame(FIN | CLOSE), [("CLOSE", b"")]),
    "7.3.4 a close with a reason": (closing(1000, GREEK), [("CLOSE", b"\x03\xe8" + GREEK)]),
    "7.3.5 the longest": (closing(1000, b"*" * 123), [("CLOSE", b"\x03\xe8" + b"*" * 123)]),
    "9 at the limit in fragments": (
        fragments(*[b"*" * 4096] * 16),
        [("TEXT", b"*" * LIMIT)],
    ),
}

SMALL = text("ok")
OK: Told = [("TEXT", b"ok")]

WRONG: dict[str, tuple[bytes, Told, int]] = {
    "2.5 ping of 126": (SMALL + client_frame(FIN | PING, b"p" * 126), OK, 1002),
    **{
        f"3 reserved bits {bits:#x} of {opcode:#x}": (
            SMALL + client_frame(FIN | bits | opcode, b""),
            OK,
            1002,
        )
        for bits in (RSV1, RSV2, RSV3, RSV2 | RSV1, RSV3 | RSV1, RSV3 | RSV2, RSV3 | RSV2 | RSV1)
        for opcode in (TEXT, BINARY, CLOSE, PING, PONG)
    },
    **{
        f"4 opcode {opcode:#x}": (SMALL + client_frame(FIN | opcode, b"x") + SMALL, OK, 1002)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "5.1 a ping in fragments": (
        client_frame(PING, b"a") + client_frame(FIN | MORE, b"b"),
        [],
        1002,
    ),
    "5.2 a pong in fragments": (client_frame(PONG, b"a"), [], 1002),
    "5 a close in fragments": (client_frame(CLOSE), [], 1002),
    "5.9 a continuation of nothing": (client_frame(FIN | MORE, b"a") + SMALL, [], 1002),
    "5.12 one that is not the last": (client_frame(MORE, b"a") + SMALL, [], 1002),
    "5.15 one after the end": (
        fragments(b"a", b"b") + client_frame(MORE, b"c"),
        [("TEXT", b"ab")],
        1002,
    ),
    "5.18 a text within a text": (client_frame(TEXT, b"a") + client_frame(TEXT, b"b"), [], 1002),
    "5 a whole text within a text": (client_frame(TEXT, b"a") + SMALL, [], 1002),
    "5 a binary within a text": (client_frame(TEXT) + client_frame(FIN | BINARY), [], 1002),
    "6.3 text that is not UTF-8": (SMALL + text(GREEK + b"\xed\xa0\x80edited"), OK, 1007),
    "6.3 in fragments": (fragments(GREEK, b"\xed\xa0\x80", b"edited"), [], 1007),
    "6 text that ends within a character": (SMALL + text(GREEK[:-1]), OK, 1007),
    "6 text whose last fragment does": (fragments(GREEK, GREEK[:1]), [], 1007),
    "7.3.2 half a code": (SMALL + client_frame(FIN | CLOSE, b"\x03"), OK, 1002),
    "7.3.6 a close of 126": (closing(1000, b"*" * 124), [], 1002),
    "7.5.1 a reason that is not UTF-8": (closing(1000, GREEK + b"\xed\xa0\x80"), [], 1007),
    "9 above the limit": (SMALL + text(b"*" * (LIMIT + 1)), OK, 1009),
    "9 above it in fragments": (fragments(*[b"*" * 4096] * 16, b"*"), [], 1009),
    "9 a binary above it": (client_frame(FIN | BINARY, b"*" * (LIMIT + 1)), [], 1009),
    "9 a binary above it in fragments": (
        fragments(b"*" * LIMIT, b"*", first=BINARY),
        [("BINARY", b"")],
        1009,
    ),
    "no mask": (SMALL + bytes.fromhex("810548656c6c6f"), OK, 1002),
    "no mask on a ping": (b"\x89\x00", [], 1002),
    "125 in two bytes": (b"\x81\xfe\x00\x7d", [], 1002),
    "65535 in eight": (b"\x81\xff" + (65_535).to_bytes(8, "big"), [], 1002),
    "a length with the highest bit": (b"\x81\xff\x80" + b"\x00" * 7, [], 1002),
    "a ping with a long length": (b"\x89\xfe\x00\x05", [], 1002),
}


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_is_told(case: str) -> None:
    data, messages = RIGHT[case]
    for step in STEPS:
        assert told(*steps(data, step)) == (messages, None), step
    assert read(data, None, limit_bytes=LIMIT, deflated=False)[1] is None, "nothing is kept"


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_and_what_came_before_is_told(case: str) -> None:
    data, messages, code = WRONG[case]
    for step in STEPS:
        assert told(*steps(data, step)) == (messages, code), step


# Autobahn 6.5 to 6.23
CHARACTERS = (
    *("\x00", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff"),
    *("\U00010000", "\U0001fffe", "\U0010fffe", "\U0010ffff", "κόσμε", "Hello-µ@ßöäüàá-UTF-8!!"),
)

BROKEN_TEXTS = [  # and how many bytes it takes to see it
    ("80", 1),
    ("bf", 1),
    ("41 80 bf", 2),
    ("fe", 1),
    ("ff", 1),
    ("f8 88 80 80 80", 1),
    ("fc 84 80 80 80 80", 1),
    ("c0 af", 1),
    ("c1 bf", 1),
    ("e0 80 af", 2),
    ("e0 9f bf", 2),
    ("f0 80 80 af", 2),
    ("f0 8f bf bf", 2),
    ("c3 20", 2),
    ("e1 80 20", 3),
    ("f1 80 80 20", 4),
    ("ed a0 80", 3),  # Python's decoder waits for a surrogate's last byte
    ("ed bf bf", 3),
    ("ed a0 80 ed b0 80", 3),
    ("f4 90 80 80", 2),
    ("f5 80 80 80", 1),
    ("ce ba e1 bd b9 cf 83 ce bc ce b5 f4 90 80 80 65 64", 13),
]


@pytest.mark.parametrize("character", CHARACTERS)
def test_every_character_may_be_cut_anywhere(character: str) -> None:
    payload = character.encode()
    assert told(*steps(text(payload), 1)) == ([("TEXT", payload)], None)
    for at in range(len(payload)):
        assert told(fragments(payload[:at], payload[at:])) == ([("TEXT", payload)], None)


@pytest.mark.parametrize(("payload", "seen"), BROKEN_TEXTS)
def test_a_text_is_refused_with_its_first_wrong_byte(payload: str, seen: int) -> None:
    data = bytes.fromhex(payload)
    whole = client_frame(FIN | TEXT, data + b"*" * 9)
    head = len(whole) - len(data) - 9
    assert told(whole[: head + seen - 1]) == ([], None)
    assert told(whole[: head + seen]) == ([], 1007)
    first = client_frame(TEXT, data[: seen - 1])
    assert told(first + client_frame(MORE, data[seen - 1 :])[:7]) == ([], 1007)


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999]
)
def test_a_close_code_that_may_be_sent(code: int) -> None:
    assert told(closing(code)) == ([("CLOSE", code.to_bytes(2, "big"))], None)


@pytest.mark.parametrize(
    "code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]
)
def test_a_close_code_that_may_not(code: int) -> None:
    assert told(closing(code)) == ([], 1002)


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("81 ff 00 00 00 00 00 01 00 01", 1009),
        ("82 ff 7f ff ff ff ff ff ff ff", 1009),
        ("83 80", 1002),
        ("81 05", 1002),
        ("89 fe", 1002),
    ],
)
def test_a_head_is_refused_before_its_mask_and_body(head: str, code: int) -> None:
    assert told(bytes.fromhex(head)) == ([], code)
    assert told(bytes.fromhex(head)[:-1]) == ([], None)


def test_a_binary_message_is_told_by_its_head() -> None:
    head = client_frame(BINARY, b"*" * 65_000)[:8]
    assert told(head[:7]) == ([], None)
    assert told(head) == ([("BINARY", b"")], None)


def test_nothing_is_kept_of_a_binary_message() -> None:
    rest: Incomplete | None = None
    head = client_frame(BINARY, b"*" * 60_000)
    _, rest = read(head[:50_000], None, limit_bytes=LIMIT, deflated=False)
    assert rest is not None
    assert rest.body == b""
