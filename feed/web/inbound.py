"""What a client says on a WebSocket, read strictly (RFC 6455 sections 5 to 8).

A connection keeps nothing while nothing is under way: `read` is given what is kept and gives it
back, and between messages that is None.
"""

import codecs
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from feed.web.deflate import inflated

_WRONG, _NO_TEXT, _TOO_BIG = 1002, 1007, 1009
"""Why a client is failed (section 7.4.1)."""

_FIN, _RSV1, _OTHER_RSV, _CONTROL, _OPCODE = 0x80, 0x40, 0x30, 0x08, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_LENGTH_16 = 126
_LONGEST_CONTROL = 125
_FIRST_BYTES, _MASK_BYTES, _CODE_BYTES = 2, 4, 2

_CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Those of section 7.4, and 1012 to 1014 of its registry; the others never go over the wire."""


class Opcode(IntEnum):
    """What a message is; a continuation (0) is only a part of one."""

    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_KINDS = {int(kind): kind for kind in Opcode}


class Message(NamedTuple):
    """A message or a control frame. `data`: UTF-8 of a text; code and reason of a close, or none.

    A binary message has none: it is told as soon as its first head is there, since who refuses it
    need not wait for the rest, which is skipped. A close is the last: what follows it is dropped.
    """

    kind: Opcode
    data: bytes


class Broken(Exception):
    """The client broke the protocol: it is to be closed with `code`, and not read again.

    `messages` are those that were whole before.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.messages: list[Message] = []


class Incomplete:
    """What is kept while a head, a control frame or a message has not wholly arrived."""

    __slots__ = ("body", "decoder", "first", "is_last", "left", "mask", "size", "start")

    def __init__(self, first: int = 0) -> None:
        self.start = b""  # of a head or a control frame: it is read again with what follows
        self.first = first  # byte of the message; 0: none has begun
        self.size = 0  # of the message, as its heads have told
        self.body = bytearray()
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.left = 0  # of the body of the frame under way
        self.is_last = False  # whether that ends the message
        self.mask = b""  # turned to the next byte


def read(
    data: bytes, rest: Incomplete | None, *, limit_bytes: int, deflated: bool
) -> tuple[list[Message], Incomplete | None]:
    """The messages that are whole with the next bytes, and what is to be kept for those after.

    `rest` is what the last call gave, and is used up. `limit_bytes` holds for one message, over all
    its fragments and inflated; a head that goes beyond it is refused before its body is kept.
    `deflated`: permessage-deflate was negotiated. The time is linear in the bytes, however they are
    cut. Raises Broken, and nothing else, whatever the bytes are.
    """
    messages: list[Message] = []
    try:
        return messages, _read(data, rest, messages, limit_bytes, deflated=deflated)
    except Broken as broken:
        broken.messages = messages
        raise


def _read(
    data: bytes,
    rest: Incomplete | None,
    messages: list[Message],
    limit_bytes: int,
    *,
    deflated: bool,
) -> Incomplete | None:
    if rest is not None and rest.start:
        data, rest.start = rest.start + data, b""
        rest = rest if rest.first else None
    at = 0
    while at < len(data):
        if rest is None or not rest.left:
            head = _head(data, at, rest, limit_bytes, deflated=deflated)
            if head is None:
                rest = rest or Incomplete()
                rest.start = data[at:]
                break
            first, at, end = head
            mask = data[at - _MASK_BYTES : at]
            is_whole_text = first & ~_RSV1 == _FIN | Opcode.TEXT and end <= len(data)
            if first & _CONTROL or is_whole_text:  # nearly always: nothing is to be kept
                message = _message(first, _unmasked(data[at:end], mask), limit_bytes)
                messages.append(message)
                if message.kind is Opcode.CLOSE:
                    return None
                at = end
                continue
            rest = rest or _begun(first, messages)
            rest.size += end - at
            rest.left, rest.mask, rest.is_last = end - at, mask, bool(first & _FIN)
        at = _take(data, at, rest)
        if rest.is_last and not rest.left:
            if rest.first & _OPCODE == Opcode.TEXT:
                messages.append(_message(rest.first, bytes(rest.body), limit_bytes))
            rest = None
    return rest


def _head(
    data: bytes, at: int, rest: Incomplete | None, limit_bytes: int, *, deflated: bool
) -> tuple[int, int, int] | None:
    """First byte of the frame at `at`, and where its body begins and ends.

    None where that is not yet to be seen, and for a control frame that is not there as a whole.
    """
    if len(data) - at < _FIRST_BYTES:
        return None
    first, size = data[at], data[at + 1] & _LENGTH
    if fault := _fault(first, data[at + 1], is_inside=rest is not None, deflated=deflated):
        raise Broken(_WRONG, fault)
    at += _FIRST_BYTES
    if size >= _LENGTH_16:
        width, least = (2, _LENGTH_16) if size == _LENGTH_16 else (8, 1 << 16)
        size = int.from_bytes(data[at : at + width], "big")
        at += width
        if len(data) < at:
            return None
        if not least <= size < 1 << 63:
            raise Broken(_WRONG, "a length not in its shortest form")
    if not first & _CONTROL:
        _check_size(first, size, rest, limit_bytes)
    at += _MASK_BYTES
    end = at + size
    if len(data) < (end if first & _CONTROL else at):
        return None
    return first, at, end


def _fault(first: int, second: int, *, is_inside: bool, deflated: bool) -> str:
    """What is wrong with the first two bytes of a frame; empty: nothing."""
    opcode = first & _OPCODE
    rsv1 = deflated and opcode in (Opcode.TEXT, Opcode.BINARY)
    if first & (_OTHER_RSV if rsv1 else _OTHER_RSV | _RSV1):
        return "a reserved bit"
    if opcode and opcode not in _KINDS:
        return "a reserved opcode"
    if not second & _MASKED:
        return "a frame without a mask"
    if opcode & _CONTROL:
        if not first & _FIN or second & _LENGTH > _LONGEST_CONTROL:
            return "a control frame in fragments, or too long"
    elif is_inside != (opcode == 0):
        return "a message within another" if opcode else "a continuation of nothing"
    return ""


def _check_size(first: int, size: int, rest: Incomplete | None, limit_bytes: int) -> None:
    """Refuse a frame with which its message is too big."""
    if rest is not None:
        first, size = rest.first, rest.size + size
    # What does not compress may grow, by an eighth at the worst: it is judged when inflated.
    if size > (limit_bytes + limit_bytes // 8 + 64 if first & _RSV1 else limit_bytes):
        raise Broken(_TOO_BIG, f"a message above {limit_bytes} bytes")


def _begun(first: int, messages: list[Message]) -> Incomplete:
    if first & _OPCODE == Opcode.BINARY:
        messages.append(Message(Opcode.BINARY, b""))
    return Incomplete(first)


def _take(data: bytes, at: int, rest: Incomplete) -> int:
    """Take what there is of a frame's body from `at`; gives where it ends."""
    body = data[at : at + rest.left]
    rest.left -= len(body)
    if rest.first & _OPCODE == Opcode.TEXT:
        piece = _unmasked(body, rest.mask)
        rest.body += piece
        turn = len(body) % _MASK_BYTES
        rest.mask = rest.mask[turn:] + rest.mask[:turn]
        if not rest.first & _RSV1:  # a wrong byte is refused as soon as it is here
            _check_text(piece, rest.decoder.decode)
    return at + len(body)


def _message(first: int, data: bytes, limit_bytes: int) -> Message:
    """A message or control frame that is whole; Broken where it is not right."""
    kind = _KINDS[first & _OPCODE]
    if kind is Opcode.TEXT:
        if first & _RSV1:
            data = _inflated(data, limit_bytes)
        if not data.isascii():
            _check_text(data)
    elif kind is Opcode.CLOSE and data:
        if int.from_bytes(data[:_CODE_BYTES], "big") not in _CLOSE_CODES:  # nor is half a code
            raise Broken(_WRONG, "a close code that is none")
        _check_text(data[_CODE_BYTES:])
    return Message(kind, data)


def _inflated(data: bytes, limit_bytes: int) -> bytes:
    try:
        message = inflated(data, limit_bytes)
    except ValueError as error:
        raise Broken(_NO_TEXT, str(error)) from error
    if len(message) > limit_bytes:
        raise Broken(_TOO_BIG, f"a message above {limit_bytes} bytes")
    return message


def _check_text(data: bytes, decode: Callable[[bytes], str] = bytes.decode) -> None:
    try:
        decode(data)
    except UnicodeDecodeError as error:
        raise Broken(_NO_TEXT, "a text that is not UTF-8") from error


def _unmasked(data: bytes, mask: bytes) -> bytes:
    """Each byte of data xor that of the mask, over and over (section 5.3), as two long numbers.

    Up to 500 bytes, which nearly all commands have, nothing in the standard library is quicker:
    0.7 µs for 60. For 64 KiB it takes 0.2 ms, and four `bytes.translate` would take a third.
    """
    size = len(data)
    key = (mask * (size // _MASK_BYTES + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
