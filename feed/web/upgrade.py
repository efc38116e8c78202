"""From HTTP to WebSocket (RFC 6455 section 4.2): what aiohttp leaves open, and the answer."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from aiohttp import HttpVersion11, web

from feed.web.deflate import negotiated

_ASKED = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}

_KEY = re.compile("[A-Za-z0-9+/]{22}==")
"""16 bytes in base64."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""By it the answer shows that it comes from a WebSocket server (section 1.3)."""

_PLAIN = ("Upgrade", "upgrade")
"""What browsers say in `Connection`; all else, of which there is much, aiohttp is asked about."""

_ANSWER = web.WebSocketResponse(compress=False)
"""It is asked, and never given."""


_HEAD = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: %s\r\n"
)


class Upgrade(NamedTuple):
    """The answer to a handshake: a head, to be written before all else.

    `is_deflated`: it agrees to permessage-deflate, as `feed.web.deflate` does it.
    """

    head: bytes
    is_deflated: bool


def upgrade(request: web.Request, *, may_deflate: bool) -> Upgrade:
    """Accept a handshake; no subprotocol is chosen.

    Raises HTTPUpgradeRequired for what is no handshake of this version, HTTPBadRequest for one
    that is not well-formed.
    """
    if not _is_for_us(request):
        raise web.HTTPUpgradeRequired(headers=_ASKED)
    head = _HEAD % _proof(request.headers.getall("Sec-WebSocket-Key", []))
    if not _is_seen_by_aiohttp(request):
        raise web.HTTPUpgradeRequired(headers=_ASKED)
    if request.body_exists:  # it would be taken for frames
        raise web.HTTPBadRequest
    try:
        agreed = negotiated(",".join(request.headers.getall("Sec-WebSocket-Extensions", [])))
    except ValueError as error:
        raise web.HTTPBadRequest from error
    is_deflated = agreed is not None and may_deflate
    if is_deflated:
        head += f"Sec-WebSocket-Extensions: {agreed}\r\n"
    return Upgrade(f"{head}\r\n".encode(), is_deflated)


def _is_for_us(request: web.Request) -> bool:
    """Whether it asks for what we speak; aiohttp takes HTTP/1.0 and older drafts as well."""
    headers = request.headers
    return (
        request.method == "GET"
        and request.version >= HttpVersion11
        and headers.get("Upgrade", "").lower() == "websocket"
        and headers.get("Connection", "").isascii()  # aiohttp would fail to quote it
        and headers.getall("Sec-WebSocket-Version", []) == ["13"]
    )


def _is_seen_by_aiohttp(request: web.Request) -> bool:
    """Whether its parser has let go of the connection: `Connection` must say so, too.

    It is told that all subprotocols are known, or it would log what the client wrote.
    """
    if request.headers.get("Connection") in _PLAIN:
        return True
    offered = request.headers.get("Sec-WebSocket-Protocol")
    if offered is None:
        return bool(_ANSWER.can_prepare(request))
    known = [name.strip() for name in offered.split(",")]
    return bool(web.WebSocketResponse(protocols=known, compress=False).can_prepare(request))


def _proof(keys: Sequence[str]) -> str:
    """`Sec-WebSocket-Accept` for the one key that there must be."""
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise web.HTTPBadRequest
    digest = hashlib.sha1(keys[0].encode() + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()
