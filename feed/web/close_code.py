"""Why the server closes a WebSocket (protocol section 5)."""

from enum import IntEnum
from typing import NamedTuple


class CloseCode(IntEnum):
    """Up to 1013, and 4408: come back with the cursor. 4401: with a fresh token. Others: do not."""

    NOT_TEXT = 1003
    RESTART = 1012
    UNUSABLE = 4400
    UNAUTHORIZED = 4401
    IDLE = 4408
    TOO_MANY_COMMANDS = 4429


def name_of(code: int) -> str:
    """The reason in one word; `malformed` for all that RFC 6455 has for a client that errs."""
    return CloseCode(code).name.lower() if code in _OURS else "malformed"


_OURS = frozenset(CloseCode)


class Closing(NamedTuple):
    """Why a WebSocket is closed, and what its client does then."""

    code: int
    why: str
    then: str


_BACK, _MEND, _STAY = "come back with the cursor", "mend the client", "do not come back by yourself"

CLOSINGS = (
    Closing(1002, "no well-formed WebSocket frame", _MEND),
    Closing(CloseCode.NOT_TEXT, "a binary message", _MEND),
    Closing(1007, "a text that is not UTF-8", _MEND),
    Closing(1009, "a message that is too big", _MEND),
    Closing(CloseCode.RESTART, "rotation, shutdown, or ended by the admin", _BACK),
    Closing(CloseCode.UNUSABLE, "a malformed cursor", _STAY),
    Closing(
        CloseCode.UNAUTHORIZED, "token missing, wrong or expired", "come back with a fresh token"
    ),
    Closing(CloseCode.IDLE, "subscribed to nothing", "come back to subscribe to something"),
    Closing(CloseCode.TOO_MANY_COMMANDS, "too many commands for too long", _STAY),
)
"""All that this server closes with. A client sees 1006 where it is cut."""
