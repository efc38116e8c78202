"""Why the server closes a WebSocket (protocol section 5)."""

from enum import IntEnum


class CloseCode(IntEnum):
    """Up to 1013, and 4408: come back with the cursor. 4400 and 4429: do not by yourself."""

    NOT_TEXT = 1003
    RESTART = 1012
    UNUSABLE = 4400
    IDLE = 4408
    TOO_MANY_COMMANDS = 4429
