"""A frame as bytes on each transport, made once for all who get it."""

import struct

from feed.model.frame import Frame

_FIN_TEXT = 0x81
_LENGTH_16, _LENGTH_64 = 126, 127


def websocket_message(frame: Frame) -> bytes:
    """One unmasked text message in one WebSocket frame (RFC 6455 section 5.2)."""
    payload = frame.payload
    size = len(payload)
    if size < _LENGTH_16:
        return struct.pack("!BB", _FIN_TEXT, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", _FIN_TEXT, _LENGTH_16, size) + payload
    return struct.pack("!BBQ", _FIN_TEXT, _LENGTH_64, size) + payload


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
