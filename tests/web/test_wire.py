from collections.abc import Sequence

import pytest
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from feed.model.frame import Frame
from feed.web.inbound import Opcode as Kind
from feed.web.wire import chunked_event, control, deflated_message, event, websocket_message


def decoded(data: bytes, extensions: Sequence[Extension] = ()) -> WebSocketFrame:
    """The one frame in the bytes, as another implementation reads it."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    parsing = WebSocketFrame.parse(reader.read_exact, mask=False, extensions=extensions)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    ended = reader.at_eof()
    with pytest.raises(StopIteration) as rest:
        next(ended)
    assert rest.value.value is True, "bytes follow the frame"
    frame: WebSocketFrame = done.value.value
    return frame


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, "8100"),
        (1, "8101"),
        (125, "817d"),
        (126, "817e007e"),
        (127, "817e007f"),
        (65_535, "817effff"),
        (65_536, "817f0000000000010000"),
        (1_000_000, "817f00000000000f4240"),
    ],
)
def test_a_message_is_one_unmasked_text_frame(size: int, head: str) -> None:
    payload = b"x" * size
    message = websocket_message(Frame(payload))
    assert message[: len(message) - size].hex() == head
    frame = decoded(message)
    assert (frame.opcode, frame.data, frame.fin) == (Opcode.TEXT, payload, True)
    assert (frame.rsv1, frame.rsv2, frame.rsv3) == (False, False, False)


NO_TAKEOVER = PerMessageDeflate(
    remote_no_context_takeover=True,
    local_no_context_takeover=True,
    remote_max_window_bits=12,
    local_max_window_bits=15,
)


@pytest.mark.parametrize("size", [128, 5000, 65_536, 1_000_000])
def test_a_deflated_message_is_one_frame_that_any_client_inflates(size: int) -> None:
    payload = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    message = deflated_message(Frame(payload))
    assert len(message) < size
    assert message[0] == 0xC1
    for _ in range(2):  # nothing is carried over
        frame = decoded(message, [NO_TAKEOVER])
        assert (frame.opcode, frame.data, frame.fin) == (Opcode.TEXT, payload, True)


@pytest.mark.parametrize("size", [0, 127])
def test_a_short_message_is_not_deflated(size: int) -> None:
    frame = Frame(b"x" * size)
    assert deflated_message(frame) is frame.wrapped(websocket_message)


@pytest.mark.parametrize(
    ("kind", "data", "frame"),
    [
        (Kind.PING, b"", "8900"),
        (Kind.PONG, b"Hello", "8a0548656c6c6f"),
        (Kind.CLOSE, b"\x03\xe8", "880203e8"),
    ],
)
def test_a_control_frame(kind: Kind, data: bytes, frame: str) -> None:
    assert control(kind, data).hex() == frame


@pytest.mark.parametrize(
    ("payload", "cursor", "plain", "chunk"),
    [
        (b"{}", None, b"data: {}\n\n", b"a\r\ndata: {}\n\n\r\n"),
        (
            b'{"a":1}',
            "k3f9-7",
            b'id: k3f9-7\ndata: {"a":1}\n\n',
            b'1a\r\nid: k3f9-7\ndata: {"a":1}\n\n\r\n',
        ),
        (
            '{"a":"–"}'.encode(),
            None,
            'data: {"a":"–"}\n\n'.encode(),
            '13\r\ndata: {"a":"–"}\n\n\r\n'.encode(),
        ),
    ],
)
def test_an_event(payload: bytes, cursor: str | None, plain: bytes, chunk: bytes) -> None:
    frame = Frame(payload, cursor)
    assert event(frame) == plain
    assert chunked_event(frame) == chunk


def test_a_frame_is_wrapped_once_for_all() -> None:
    frame = Frame(b"{}", "k-1")
    assert frame.wrapped(chunked_event) is frame.wrapped(chunked_event)
    assert frame.wrapped(event) == b"id: k-1\ndata: {}\n\n"
    assert frame.wrapped(websocket_message) == b"\x81\x02{}"
