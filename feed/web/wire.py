"""A frame as bytes on each transport, made once for all who get it."""

import struct

from feed.model.frame import Frame
from feed.web.deflate import deflated
from feed.web.inbound import Opcode

_FIN, _RSV1 = 0x80, 0x40
_TEXT = _FIN | Opcode.TEXT

_LENGTH_16, _LENGTH_64 = 126, 127
_SHORT, _MEDIUM, _LONG = (
    struct.Struct("!BB").pack,
    struct.Struct("!BBH").pack,
    struct.Struct("!BBQ").pack,
)

_WORTH_BYTES = 128
"""A heartbeat of 62 bytes would be 54: less saved than the 4 µs are worth."""


def websocket_message(frame: Frame) -> bytes:
    """One unmasked text message in one WebSocket frame (RFC 6455 section 5.2)."""
    return _framed(_TEXT, frame.payload)


def deflated_message(frame: Frame) -> bytes:
    """The same for those with permessage-deflate; what is too short to gain by it stays plain."""
    if len(frame.payload) < _WORTH_BYTES:
        return frame.wrapped(websocket_message)
    return _framed(_TEXT | _RSV1, deflated(frame.payload))


def control(kind: Opcode, data: bytes = b"") -> bytes:
    """A ping, a pong or a close, with at most 125 bytes (section 5.5)."""
    return _framed(_FIN | kind, data)


def _framed(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < _LENGTH_16:
        return _SHORT(first, size) + payload
    if size < 1 << 16:
        return _MEDIUM(first, _LENGTH_16, size) + payload
    return _LONG(first, _LENGTH_64, size) + payload


def event(frame: Frame) -> bytes:
    """One event of a `text/event-stream` (WHATWG HTML, 9.2.5); JSON here has no line breaks.

    Only a frame that moves the cursor has an `id`: EventSource comes back with the last one.
    """
    head = b"" if frame.cursor is None else b"id: %b\n" % frame.cursor.encode()
    return b"%bdata: %b\n\n" % (head, frame.payload)


def chunked_event(frame: Frame) -> bytes:
    """The same as one chunk of an HTTP/1.1 body (RFC 9112 section 7.1)."""
    text = frame.wrapped(event)
    return b"%x\r\n%b\r\n" % (len(text), text)


LAST_CHUNK = b"0\r\n\r\n"
"""The end of a chunked body."""
