"""Frames as a client of a WebSocket sends them, right and wrong ones, byte by byte."""

FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10
MORE, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

MASK = b"\x37\xfa\x21\x3d"


def client_frame(first: int, payload: bytes = b"", *, mask: bytes = MASK) -> bytes:
    """A frame with this first byte, masked (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    masks = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload) ^ int.from_bytes(masks)
    return bytes((first,)) + length + mask + masked.to_bytes(size)


def text(payload: bytes | str) -> bytes:
    """A text message in one frame."""
    return client_frame(FIN | TEXT, payload.encode() if isinstance(payload, str) else payload)


def closing(code: int, reason: bytes = b"") -> bytes:
    """A close with a code."""
    return client_frame(FIN | CLOSE, code.to_bytes(2, "big") + reason)


def fragments(*payloads: bytes, first: int = TEXT) -> bytes:
    """One message in several frames."""
    kinds = [first, *[MORE] * (len(payloads) - 1)]
    kinds[-1] |= FIN
    return b"".join(map(client_frame, kinds, payloads))
