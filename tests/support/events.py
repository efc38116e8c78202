"""What a client of `/sse` reads."""

import json
from typing import Any


def chunks(body: bytes) -> list[bytes]:
    """Those of a chunked body (RFC 9112 section 7.1), all of them whole."""
    found = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        assert body[length : length + 2] == b"\r\n"
        found.append(body[:length])
        body = body[length + 2 :]
    return found


def frames(events: bytes) -> list[dict[str, Any]]:
    """The frames of some events."""
    return [
        json.loads(line.removeprefix(b"data: "))
        for line in events.splitlines()
        if line.startswith(b"data: ")
    ]
