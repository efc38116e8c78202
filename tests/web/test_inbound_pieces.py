"""However the bytes of a client are cut, whatever they are, and as another library makes them."""

import sys
import zlib
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from feed.web.deflate import deflated
from feed.web.inbound import Broken, Incomplete, read
from tests.support.client_frame import (
    BINARY,
    FIN,
    MORE,
    PING,
    RSV1,
    TEXT,
    client_frame,
    fragments,
    text,
)
from tests.support.inbound import LIMIT, Told, steps, told


class Sent(NamedTuple):
    """What a client sends, and what a server is to be told of it."""

    data: bytes
    messages: Told
    is_deflated: bool


NO_TAKEOVER = PerMessageDeflate(
    remote_no_context_takeover=True,
    local_no_context_takeover=True,
    remote_max_window_bits=15,
    local_max_window_bits=15,
)
CONTROLS = st.tuples(st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125))


@st.composite
def conversations(draw: st.DrawFn) -> Sent:
    """Messages in fragments, with control frames between, as the websockets library makes them."""
    is_deflated = draw(st.booleans())
    extensions: list[Extension] = [NO_TAKEOVER] if is_deflated else []
    frames: list[Frame] = []
    messages: Told = []
    for message in draw(st.lists(st.text(max_size=300) | st.binary(max_size=300), max_size=4)):
        payload = message.encode() if isinstance(message, str) else message
        cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
        parts = [payload[start:end] for start, end in pairwise([0, *cuts, len(payload)])]
        kinds = [Opcode.TEXT if isinstance(message, str) else Opcode.BINARY]
        kinds += [Opcode.CONT] * len(cuts)
        for at, (kind, part) in enumerate(zip(kinds, parts, strict=True)):
            for control, body in draw(st.lists(CONTROLS, max_size=2)):
                frames.append(Frame(control, body))
                messages.append((control.name, body))
            frames.append(Frame(kind, part, fin=at == len(cuts)))
            if kind is Opcode.BINARY:
                messages.append(("BINARY", b""))
        if isinstance(message, str):
            messages.append(("TEXT", payload))
    data = b"".join(frame.serialize(mask=True, extensions=extensions) for frame in frames)
    return Sent(data, messages, is_deflated)


@st.composite
def cut(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The bytes in pieces, some of them maybe empty."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=20)))
    return [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]


@given(sent=conversations(), data=st.data())
def test_another_implementation_is_understood_however_its_bytes_are_cut(
    sent: Sent, data: st.DataObject
) -> None:
    pieces = data.draw(cut(sent.data))
    assert told(*pieces, deflated=sent.is_deflated) == (sent.messages, None)
    assert told(*steps(sent.data, 1), deflated=sent.is_deflated) == (sent.messages, None)


FRAMES = st.builds(
    client_frame,
    st.sampled_from([TEXT, MORE, BINARY, PING]).map(lambda kind: FIN | kind) | st.integers(0, 255),
    st.binary(max_size=40) | st.text(max_size=40).map(str.encode) | st.binary().map(deflated),
    mask=st.binary(min_size=4, max_size=4),
)


@given(
    garbage=st.lists(FRAMES | st.binary(max_size=20), max_size=6).map(b"".join),
    is_deflated=st.booleans(),
    data=st.data(),
)
def test_garbage_is_told_or_refused_and_the_same_however_it_is_cut(
    garbage: bytes, data: st.DataObject, *, is_deflated: bool
) -> None:
    outcome = told(garbage, limit_bytes=64, deflated=is_deflated)
    assert outcome[1] in (None, 1002, 1007, 1009)
    assert all(len(payload) <= 125 for _, payload in outcome[0])
    pieces = data.draw(cut(garbage))
    assert told(*pieces, limit_bytes=64, deflated=is_deflated) == outcome


def stored(data: bytes) -> bytes:
    """Deflated without making it smaller."""
    stream = zlib.compressobj(0, zlib.DEFLATED, -15, 1)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


HELLO = bytes.fromhex("f248cdc9c90700")
"""RFC 7692 section 7.2.3.1."""

FULL = b"*" * LIMIT

DEFLATED: dict[str, tuple[bytes, Told, int | None]] = {
    "in one frame": (client_frame(FIN | RSV1 | TEXT, HELLO), [("TEXT", b"Hello")], None),
    "RFC 7692 7.2.3.1, in two": (
        fragments(HELLO[:3], HELLO[3:], first=RSV1 | TEXT),
        [("TEXT", b"Hello")],
        None,
    ),
    "in frames of a byte, with a ping between": (
        fragments(*steps(HELLO, 1)[:-1], b"", first=RSV1 | TEXT)[:-6]
        + client_frame(FIN | PING)
        + client_frame(FIN | MORE, HELLO[-1:]),
        [("PING", b""), ("TEXT", b"Hello")],
        None,
    ),
    "beside one that is not": (
        text("plain") + client_frame(FIN | RSV1 | TEXT, HELLO) + text("plain"),
        [("TEXT", b"plain"), ("TEXT", b"Hello"), ("TEXT", b"plain")],
        None,
    ),
    "a binary one": (client_frame(FIN | RSV1 | BINARY, b"any"), [("BINARY", b"")], None),
    "nothing": (client_frame(FIN | RSV1 | TEXT, b"\x00"), [("TEXT", b"")], None),
    "at the limit": (client_frame(FIN | RSV1 | TEXT, deflated(FULL)), [("TEXT", FULL)], None),
    "at the limit, and longer than before": (
        client_frame(FIN | RSV1 | TEXT, stored(FULL)),
        [("TEXT", FULL)],
        None,
    ),
    "above the limit": (client_frame(FIN | RSV1 | TEXT, deflated(FULL + b"*")), [], 1009),
    "a bomb": (client_frame(FIN | RSV1 | TEXT, deflated(b"*" * 10_000_000)), [], 1009),
    "far longer than the limit": (client_frame(FIN | RSV1 | TEXT, b"*" * 80_000), [], 1009),
    "garbage": (text("ok") + client_frame(FIN | RSV1 | TEXT, b"*"), [("TEXT", b"ok")], 1007),
    "not UTF-8": (client_frame(FIN | RSV1 | TEXT, deflated(b"\xc3")), [], 1007),
    "what refers to the last message": (
        client_frame(FIN | RSV1 | TEXT, HELLO)
        + client_frame(FIN | RSV1 | TEXT, bytes.fromhex("f200110000")),
        [("TEXT", b"Hello")],
        1007,
    ),
    "the bit on a continuation": (
        client_frame(RSV1 | TEXT, HELLO) + client_frame(FIN | RSV1 | MORE),
        [],
        1002,
    ),
    "the bit on a ping": (client_frame(FIN | RSV1 | PING), [], 1002),
    "the bit and another": (client_frame(FIN | 0x60 | TEXT, HELLO), [], 1002),
}


@pytest.mark.parametrize("size", [1, 997, 1 << 20])
@pytest.mark.parametrize("case", DEFLATED)
def test_deflated_messages(case: str, size: int) -> None:
    data, messages, code = DEFLATED[case]
    assert told(*steps(data, size), deflated=True) == (messages, code)


def test_what_does_not_compress_may_be_an_eighth_longer() -> None:
    head = bytes((FIN | RSV1 | TEXT, 0xFF))
    assert told(head + (73_792).to_bytes(8, "big"), deflated=True) == ([], None)
    assert told(head + (73_793).to_bytes(8, "big"), deflated=True) == ([], 1009)


@pytest.mark.parametrize("first", [FIN | TEXT, FIN | RSV1 | TEXT, FIN | PING])
def test_for_a_frame_that_is_whole_nothing_is_made_to_be_kept(first: int) -> None:
    made: list[str] = []
    sys.setprofile(lambda frame, event, _: made.append(f"{event} {frame.f_code.co_qualname}"))
    try:
        told(client_frame(first, HELLO), deflated=True)
    finally:
        sys.setprofile(None)
    assert "call read" in made
    assert "call Incomplete.__init__" not in made


@pytest.mark.parametrize("first", [FIN | TEXT, TEXT, FIN | RSV1 | TEXT])
def test_byte_by_byte_nothing_is_gone_over_again_but_a_head(first: int) -> None:
    pieces = steps(client_frame(first, b"*" * 5000), 1)[:-1]
    rest: Incomplete | None = None
    for at, piece in enumerate(pieces, start=1):
        messages, now = read(piece, rest, limit_bytes=LIMIT, deflated=True)
        assert messages == []
        assert now is not None
        assert (len(now.start), len(now.body)) == ((at, 0) if at < 8 else (0, at - 8))
        assert at <= 8 or now is rest
        rest = now


def test_a_control_frame_is_kept_until_it_is_whole() -> None:
    head, rest = client_frame(TEXT, b"half"), None
    pieces = steps(head + client_frame(FIN | PING, b"p" * 125), 1)
    for piece in pieces[:-1]:
        messages, rest = read(piece, rest, limit_bytes=LIMIT, deflated=False)
        assert messages == []
        assert rest is not None
        assert len(rest.start) <= 130
    messages, rest = read(pieces[-1], rest, limit_bytes=LIMIT, deflated=False)
    assert [message.data for message in messages] == [b"p" * 125]
    assert rest is not None
    assert rest.body == b"half"


def test_what_is_kept_is_within_the_limit() -> None:
    rest: Incomplete | None = None
    for part in (client_frame(TEXT, b"a" * 40_000), client_frame(MORE, b"b" * 25_536)):
        _, rest = read(part, rest, limit_bytes=LIMIT, deflated=False)
        assert rest is not None
        assert len(rest.body) <= LIMIT
    with pytest.raises(Broken, match="above 65536 bytes"):
        read(client_frame(MORE, b"c"), rest, limit_bytes=LIMIT, deflated=False)
