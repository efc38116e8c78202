"""Why the server closes a WebSocket (protocol section 5)."""

from enum import IntEnum


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
