"""The events of a topic as they stand after all that was said of them."""

from typing import Any

from feed.hub.standing import Standing, standing
from feed.model.codec import JsonObject, encode

TS = 1_790_000_000_000
SCORER: JsonObject = {"side": "home", "who": "Saka", "why": "scorer"}


def event(op: str, event_id: str, ts: int = TS, **data: Any) -> bytes:
    return encode(
        {"topic": "score:A", "id": event_id, "op": op, "kind": "goal", "ts": ts, "data": data}
    )


def test_an_event_is_what_was_last_said_of_it() -> None:
    said = [
        event("add", "g-1", side="home"),
        event("add", "g-2", side="away", ts=TS + 1),
        event("amend", "g-1", ts=TS + 2, side="home", who="Saka", why="scorer"),
        event("void", "g-2", ts=TS + 3, why="offside"),
    ]
    assert standing(said) == [
        Standing("g-1", "amend", "goal", TS, SCORER, "scorer"),
        Standing("g-2", "void", "goal", TS + 1, {"side": "away"}, "offside"),
    ]
    assert standing([]) == []


def test_what_was_taken_back_may_have_been_forgotten() -> None:
    assert standing([event("void", "g-1", why={"no": "text"})]) == [
        Standing("g-1", "void", "goal", TS, {"why": {"no": "text"}})
    ]
