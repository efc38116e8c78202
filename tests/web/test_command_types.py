"""What is read of commands, against the types that the documents show."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import BadCursor, BadQuery
from feed.hub.subscription import Options
from feed.limits import DEFAULTS
from feed.model.codec import encode
from feed.model.cursor import parse_cursor
from feed.web.command import (
    KINDS,
    Auth,
    BadCommand,
    Ping,
    Set,
    Subscribe,
    Unsubscribe,
    read_command,
)
from feed.web.query import change_options, read_filters

AnyCommand = Subscribe | Unsubscribe | Set | Ping | Auth

_odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1.5, "", "x", [], [""], ["a", 1], {}, 10**30]
)
_whole = st.sampled_from([0, 1000, 1001, 60_000, 60_001, 600_000, 600_001])
_options = {
    **dict.fromkeys(("conflate_ms", "window_ms", "delay_ms"), _odd | _whole),
    "fields": _odd | st.lists(st.sampled_from(["bid", "ask", ""]), max_size=66),
}
_id: st.SearchStrategy[Any] = st.sampled_from([None, True, 0, "x", 1.5, [], {}, 7])
_topics = _odd | st.lists(st.sampled_from(["A", "score:X.*", "*", "a b", "fx:A", ""]), max_size=3)


def _command(kind: str, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind)}, optional={"id": _id, **more})


commands = st.one_of(
    _command("subscribe", topics=_topics, cursor=_odd | st.just("k-1"), **_options),
    _command("unsubscribe", topics=_topics),
    _command("set", **_options),
    _command("ping", at=_odd),
    _command("auth").map(lambda said: {"token": "x", **said}),  # what of it is good: see Grants
    _command("Ping"),
)


def is_obeyed(said: dict[str, Any]) -> bool:
    """Whether nothing of a command is refused, by all who read of it."""
    try:
        command = read_command(encode(said))
        if command.kind in ("subscribe", "set"):
            change_options(Options(), command.given)
        cursor = command.given.get("cursor")
        if command.kind == "subscribe" and cursor is not None:
            parse_cursor(str(cursor))
        return not read_filters(command.topics, DEFAULTS)[1]
    except (BadCommand, BadQuery, BadCursor):
        return False


@given(commands)
def test_what_is_obeyed_is_what_the_types_admit(said: dict[str, Any]) -> None:
    try:
        msgspec.convert(said, AnyCommand)
    except msgspec.ValidationError:
        assert not is_obeyed(said)
    else:
        assert is_obeyed(said)


def test_every_command_has_a_type() -> None:
    assert KINDS == ("subscribe", "unsubscribe", "set", "ping", "auth")
