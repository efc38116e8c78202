"""What a client may say on a WebSocket (protocol section 5)."""

from typing import Any

import msgspec

from feed.model.codec import JsonObject, decode

KINDS = ("subscribe", "unsubscribe", "set", "ping", "auth")


class BadCommand(Exception):
    """A message that is no command; `echo` is its `id`, where it had one."""

    def __init__(self, code: str, message: str, echo: JsonObject | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.echo = echo or {}


class Command(msgspec.Struct, frozen=True):
    """A command of a known kind; `echo` is its `id`, where it had one, for the answer.

    `topics` are as they were written; `given` is the whole object.
    """

    kind: str
    echo: JsonObject
    topics: list[str]
    given: JsonObject


def read_command(text: str | bytes) -> Command:
    """A text message → a command; raises BadCommand."""
    given = _object(text)
    echo: JsonObject = {
        name: value for name, value in given.items() if name == "id" and value is not None
    }
    if not all(type(value) in (str, int) for value in echo.values()):
        raise BadCommand("bad_message", "`id` must be a string or an integer")
    kind = given.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadCommand("unknown_type", f"`type` must be one of {', '.join(KINDS)}", echo)
    topics = given.get("topics", given.get("tickers"))
    if topics is None:
        if kind in ("subscribe", "unsubscribe"):
            raise BadCommand("bad_message", "`topics` is missing", echo)
        topics = []
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise BadCommand("bad_message", "`topics` must be an array of strings", echo)
    return Command(kind, echo, [str(topic) for topic in topics], given)


def _object(text: str | bytes) -> JsonObject:
    try:
        given: Any = decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadCommand("bad_message", "the message is not JSON") from error
    if not isinstance(given, dict):
        raise BadCommand("bad_message", "the message is not a JSON object")
    return given
