"""What an admin holds is not judged, and not told by events."""

from feed.model.change import Change
from feed.sources.policy import Policy
from tests.support.desk import COIN, MATCH, Room, coin, counted, match, told

API = Policy(name="api", trust="checked", every_s=5, stale_after_s=30)


def pin(room: Room, topic: str, pin_s: float = 60, **fields: object) -> None:
    change = Change(topic=topic, patch=fields, pin_s=pin_s)  # type: ignore[arg-type]
    room.append([change], is_by_hand=True)


def test_a_pinned_score_neither_falls_nor_makes_events() -> None:
    room = Room(API)
    room.poll("api", match(1, 0))
    pin(room, MATCH, home={"score": 2})
    for _ in range(5):
        room.poll("api", match(1, 0))
    assert room.score() == (2, 0)
    assert room.held("api") == []
    assert counted(room.log) == (0, 0)
    entries = room.poll("api", match(3, 1))
    assert told(entries) == [("add", f"i-{room.now_ms}-away-1", "goal", [2, 1])]
    assert room.score() == (2, 1)
    assert (room.state(MATCH)["pinned"]) == {
        "/home/score": {"until": room.now_ms + 30_000, "source": 3}
    }


def test_a_pinned_phase_may_be_behind() -> None:
    room = Room(API)
    room.poll("api", match(1, 0, "post"))
    pin(room, MATCH, phase="live")
    assert room.poll("api", match(1, 0, "post")) != []
    assert room.poll("api", match(1, 0, "post")) == []
    room.poll("api", match(2, 0, "post"))
    assert room.shown(MATCH, "phase", "state", "home") == ("live", "live", {"score": 2})


def test_a_pin_that_is_over_is_none() -> None:
    room = Room(API)
    room.poll("api", coin("100"))
    pin(room, COIN, pin_s=3, price="500")
    assert room.poll("api", coin("100"), after_s=2) != []
    assert room.held("api") == []
    room.poll("api", coin("101"), after_s=2)
    assert room.shown(COIN, "price", "pinned") == ("101", None)


def test_a_pinned_state_keeps_its_why() -> None:
    room = Room(API)
    room.poll("api", coin("100"))
    pin(room, COIN, pin_s=600, state="halted", why="by hand")
    room.look(31)
    for _ in range(9):
        assert room.look() == []
    assert room.shown(COIN, "state", "why") == ("halted", "by hand")
    room.poll("api", coin("101"))
    assert room.shown(COIN, "state", "why", "price") == ("halted", "by hand", "101")
