"""Peers that open a WebSocket and then never read a byte."""

import base64
import os
import socket
from types import TracebackType
from urllib.parse import quote

RECEIVE_BYTES = 2048


def small_socket(port: int) -> socket.socket:
    """A connection whose kernel takes as little as it can before it stops the sender."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    peer.connect(("127.0.0.1", port))
    return peer


class Stalled:
    """So many raw connections that have asked for `/ws` and read nothing at all."""

    def __init__(self, port: int, count: int, topics: str) -> None:
        self._peers: list[socket.socket] = []
        for _ in range(count):
            peer = small_socket(port)
            self._peers.append(peer)
            key = base64.b64encode(os.urandom(16)).decode()
            peer.sendall(
                f"GET /ws?topics={quote(topics)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
            )

    def ended(self) -> int:
        """How many were cut: read what is left; an open one falls silent without an end."""
        return sum(_ends(peer) for peer in self._peers)

    def __enter__(self) -> "Stalled":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for peer in self._peers:
            peer.close()


def _ends(peer: socket.socket) -> bool:
    peer.settimeout(3)
    try:
        while peer.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True
