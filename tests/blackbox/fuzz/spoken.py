"""What a client should not say on `/ws`, in whole messages and in frames, and what it is told."""

import json
import zlib
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.blackbox.fuzz.asked import CURSOR, is_json
from tests.blackbox.fuzz.evil import Evil
from tests.support.client_frame import (
    BINARY,
    CLOSE,
    FIN,
    MORE,
    PING,
    PONG,
    RSV1,
    TEXT,
    client_frame,
    closing,
    text,
)
from tests.support.raw_http import opened, read_answer, written

COMMANDS: tuple[Any, ...] = (
    {"type": "subscribe", "id": 1, "topics": ["F.A", "score:F.*"], "conflate_ms": 0},
    {"type": "subscribe", "id": "x", "topics": ["F.A"], "fields": ["price"], "cursor": "a-1"},
    {"type": "subscribe", "tickers": ["F.A", "F.B"], "window_ms": 5},
    {"type": "unsubscribe", "id": 2, "topics": ["score:F.*"]},
    {"type": "set", "id": 3, "conflate_ms": 0, "window_ms": 0, "delay_ms": 0, "fields": None},
    {"type": "ping", "id": 4, "at": 1790000000123},
    {"type": "auth", "id": 5, "token": "x"},
)
TYPES = ("subscribe", "unsubscribe", "set", "ping", "auth")
ANSWERS = ("error", "subscribed", "pong")
UPGRADE = (
    *(b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13"),
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate"


class Heard(NamedTuple):
    """What the server said until it answered a message or closed (`code`; None: not)."""

    frames: list[dict[str, Any]]
    code: int | None = None


class Speech:
    """A WebSocket, byte by byte; what the server says is read strictly."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def begun(cls, port: int, address: str, *fields: bytes, topics: str = "") -> "Speech":
        """Open one."""
        reader, writer = await opened(port, address)
        writer.write(written("GET", f"/ws?topics={topics}".encode(), *UPGRADE, *fields))
        answer = await read_answer(reader)
        assert answer is not None
        assert answer.status == 101, answer
        return cls(reader, writer)

    async def until(self, kinds: Sequence[str] = (), pong: bytes = b"") -> Heard:
        """Listen for a frame of these types, or for this pong, or for the end."""
        frames: list[dict[str, Any]] = []
        while True:
            try:
                first, size = await self._reader.readexactly(2)
            except EOFError:
                return Heard(frames, 0)
            assert size < 128, "the server masks nothing"
            wide = {126: 2, 127: 8}.get(size)
            if wide:
                size = int.from_bytes(await self._reader.readexactly(wide), "big")
            payload = await self._reader.readexactly(size)
            match first:
                case 0x81 | 0xC1:
                    if first == 0xC1:
                        payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
                    frames.append(json.loads(payload, parse_constant=int))
                    if frames[-1]["type"] in kinds:
                        return Heard(frames)
                case 0x8A if pong and payload == pong:
                    return Heard(frames)
                case 0x88:
                    return Heard(frames, int.from_bytes(payload[:2], "big") or 1005)
                case _:
                    assert first in (0x89, 0x8A), f"{first:#x} {payload!r}"

    def close(self) -> None:
        """Let go of it."""
        self.writer.transport.abort()


def message(evil: Evil) -> bytes:
    """A text message: a command in which something is not right."""
    body = evil.written(evil.one(COMMANDS))
    return evil.spoiled(body) if evil.happens(0.3) else body


def check_answer(said: bytes, heard: Heard) -> None:
    """Hold what a message was told against the protocol (section 5)."""
    if heard.code is not None and not _is_text(said):
        assert heard.code == 1007, heard
        return
    assert _is_text(said), heard
    answer = heard.frames[-1]
    refusal = answer.get("code")
    if answer["type"] == "error":
        assert answer["message"], answer
        assert answer["retry"] is (refusal in ("rate_limited", "unavailable")), answer
    assert heard.code in (None, 4400), heard
    assert (refusal == "bad_cursor") == (heard.code == 4400), heard
    reads = is_json(said)
    if reads:
        _check_command(json.loads(said, parse_int=_integer), answer)
    elif reads is False:
        assert refusal == "bad_message", heard


def _check_command(given: object, answer: Mapping[str, Any]) -> None:
    refusal = answer.get("code")
    if not isinstance(given, dict):
        assert refusal == "bad_message", answer
        return
    if type(given.get("id")) in (str, int):
        assert answer.get("id") == given["id"] or refusal == "bad_message", answer
    if not isinstance(given.get("type"), str) or given["type"] not in TYPES:
        assert refusal in ("unknown_type", "bad_message"), answer
    cursor = given.get("cursor")
    if refusal == "bad_cursor":
        assert not isinstance(cursor, str) or not CURSOR.fullmatch(cursor), answer


def _integer(text: str) -> int:
    """As it is, but where Python refuses to read it."""
    return int(text[:4000])


def _is_text(said: bytes) -> bool:
    try:
        said.decode()
    except UnicodeDecodeError:
        return False
    return True


def frames(evil: Evil, *, is_deflated: bool) -> bytes:
    """A few frames in which something is not right."""
    said = b"".join(_frame(evil, is_deflated=is_deflated) for _ in range(evil.one((1, 1, 2, 3))))
    return evil.spoiled(said) if evil.happens(0.6) else said


def _frame(evil: Evil, *, is_deflated: bool) -> bytes:
    payload = evil.one([evil.text().encode(), evil.token(), message(evil)])[:3000]
    kinds = [_whole, _whole, _any, _control, _closing, _fragments, _length, _unmasked]
    return evil.one([*kinds, _deflated] if is_deflated else kinds)(evil, payload)


def _whole(_: Evil, payload: bytes) -> bytes:
    return text(payload)


def _any(evil: Evil, payload: bytes) -> bytes:
    return client_frame(evil.random.randrange(256), payload[:200])


def _control(evil: Evil, payload: bytes) -> bytes:
    kind = evil.one([PING, PONG, CLOSE, TEXT, BINARY, MORE])
    return client_frame(evil.one([FIN, 0]) | kind, payload[: evil.one((0, 1, 2, 125, 126))])


def _closing(evil: Evil, payload: bytes) -> bytes:
    codes = [0, 999, 1000, 1001, 1004, 1005, 1006, 1012, 1015, 2999, 3000, 4400, 5000]
    return closing(evil.one(codes), payload[:123])


def _fragments(evil: Evil, payload: bytes) -> bytes:
    cut = evil.random.randrange(len(payload) + 1)
    between = client_frame(evil.one([FIN, 0]) | PING, b"between") if evil.happens(0.3) else b""
    first, last = evil.one([TEXT, TEXT, BINARY, MORE]), evil.one([FIN | MORE, MORE, FIN | TEXT])
    return client_frame(first, payload[:cut]) + between + client_frame(last, payload[cut:])


def _length(evil: Evil, payload: bytes) -> bytes:
    size = evil.one([0, 125, 126, 65_535, 65_536, 65_537, 1 << 31, (1 << 63) - 1, 1 << 63])
    length = evil.one([b"\xff" + size.to_bytes(8, "big"), b"\xfe" + size.to_bytes(8, "big")[-2:]])
    return bytes((FIN | TEXT,)) + length + b"\0\0\0\0" + payload[:50]


def _unmasked(evil: Evil, payload: bytes) -> bytes:
    kind = evil.one([TEXT, PING, CLOSE])
    return bytes((FIN | kind, len(payload[:125]))) + payload[:125]


def _deflated(evil: Evil, payload: bytes) -> bytes:
    bomb = zlib.compress(b" " * 2**20, wbits=-15)
    return client_frame(FIN | RSV1 | TEXT, evil.one([payload, b"\xf2\0\x11\0\0", b"\0", b"", bomb]))


FUSE = b"and this?"
ENDS = frozenset({1002, 1003, 1007, 1009, 4400})
"""Close codes of the server's own, for what is said in frames."""


async def check_frames(speech: Speech, said: bytes) -> None:
    """Say it, a ping and a close; whatever was wrong, there is a pong or an end with its reason."""
    speech.writer.write(said + client_frame(FIN | PING, FUSE) + closing(1000))
    speech.writer.write_eof()
    heard = await speech.until(pong=FUSE)
    if heard.code is None:
        heard = await speech.until()
        assert heard.code in ENDS | {1000}, heard
    elif heard.code:
        echoed = closing(heard.code)[-2:] in said or heard.code == 1005  # the client's own
        assert heard.code in ENDS or echoed or 1000 <= heard.code < 5000, heard
