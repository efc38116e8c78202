"""What is no HTTP, or not quite: spoiled byte by byte, or made so that two readers differ."""

import json

from tests.blackbox.fuzz.asked import CHANGES
from tests.blackbox.fuzz.evil import Evil
from tests.support.raw_http import BEARER, JSON_TYPE, written

_BODY = json.dumps(CHANGES[0]).encode()
_KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
_UPGRADE = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13", _KEY)
_CHUNKS = b"1e\r\n" + _BODY[:30] + b"\r\n" + b"%x\r\n" % (len(_BODY) - 30) + _BODY[30:]
_CHUNKED = b"Transfer-Encoding: chunked"

_RIGHT = (
    written("GET", b"/snapshot?topics=F.A,score:F.*", b"Accept: application/json"),
    written("GET", b"/poll?topics=F.A&wait=0", b"Cookie: feed=x"),
    written("POST", b"/admin/inject", BEARER, JSON_TYPE, body=_BODY),
    written("POST", b"/admin/inject", BEARER, JSON_TYPE, _CHUNKED) + _CHUNKS + b"\r\n0\r\n\r\n",
    written("GET", b"/ws?topics=F.A", *_UPGRADE),
    written("GET", b"/admin/state", BEARER) + written("GET", b"/health/live"),
    written("OPTIONS", b"/sse", b"Origin: http://evil.example"),
)

SMUGGLED = json.dumps({"topic": "price:SMUGGLED", "set": {"price": "1"}}).encode()
_SECOND = written("POST", b"/admin/inject", BEARER, JSON_TYPE, body=SMUGGLED)
_POST = (BEARER, JSON_TYPE)


def _inject(*fields: bytes, body: bytes = b"") -> bytes:
    return written("POST", b"/admin/inject", *_POST, *fields) + body


AMBIGUOUS = (
    _inject(b"Content-Length: 4", _CHUNKED, body=b"0\r\n\r\n" + _SECOND),
    _inject(_CHUNKED, b"Content-Length: 4", body=b"0\r\n\r\n" + _SECOND),
    _inject(b"Content-Length: 0", b"Content-Length: 5", body=_SECOND),
    _inject(b"Content-Length: 0, 0", body=_SECOND),
    _inject(b"Content-Length: +0", body=_SECOND),
    _inject(b"Content-Length: 0x0", body=_SECOND),
    _inject(b"Content-Length: -1", body=_SECOND),
    _inject(b"Content-Length : 0", body=_SECOND),
    _inject(b"Content-Length: 0\x0b", body=_SECOND),
    _inject(b"Content-Length: " + b"9" * 400, body=_SECOND),
    _inject(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n" + _SECOND),
    _inject(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + _SECOND),
    _inject(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + _SECOND),
    _inject(_CHUNKED, _CHUNKED, body=b"0\r\n\r\n" + _SECOND),
    _inject(b"Transfer-Encoding:\x0bchunked", body=b"0\r\n\r\n" + _SECOND),
    _inject(b"Transfer-Encoding: chunked\r\n x", body=b"0\r\n\r\n" + _SECOND),
    _inject(b" Content-Length: 0", body=_SECOND),
    _inject(_CHUNKED, body=b"-1\r\n\r\n" + _SECOND),
    _inject(_CHUNKED, body=b"0x0\r\n\r\n" + _SECOND),
    _inject(_CHUNKED, body=b"ffffffffffffffff1\r\n" + _SECOND),
    _inject(_CHUNKED, body=b"1\nx\r\n0\r\n\r\n" + _SECOND),
    _inject(_CHUNKED, body=b"1\r\nxy\r\n0\r\n\r\n" + _SECOND),
    b"GET /health/live HTTP/1.1\rHost: x\r\r" + _SECOND,
    b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n" + _SECOND,
    b"GET /health/live HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n" + _SECOND,
    b"GET /health/live HTTP/1.1\r\nHost: a\r\nX\0Y: b\r\n\r\n" + _SECOND,
    b"GET /health/live\r\n\r\n" + _SECOND,
    b"GET /health/live HTTP/1.1 \r\nHost: x\r\n\r\n" + _SECOND,
    b"GET /health/live HTTP/2.0\r\nHost: x\r\n\r\n" + _SECOND,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SECOND,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + _SECOND,
    b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: x\r\n\r\n" + _SECOND,
)
"""Of each, whoever reads it as one request and whoever reads it as two must not both be served.

The second would be an admin's: it must not be done.
"""


def garbled(evil: Evil) -> bytes:
    """A request, or two, spoiled."""
    data = evil.one(_RIGHT)
    if evil.happens(0.2):
        data += evil.one(_RIGHT)
    data = evil.spoiled(data)
    if evil.happens(0.05):
        data = data.replace(b"\r\n", evil.one([b"\n", b"\r", b"\r\r\n", b"\r\n\r\n"]))
    return data[: evil.random.randrange(len(data) + 1)] if evil.happens(0.05) else data
