import pytest
from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from feed.model.frame import Frame
from feed.web.wire import chunked_event, event, websocket_message


def decoded(data: bytes) -> WebSocketFrame:
    """The one frame in the bytes, as another implementation reads it."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    parsing = WebSocketFrame.parse(reader.read_exact, mask=False)
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
