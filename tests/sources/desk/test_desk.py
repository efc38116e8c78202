"""What of a source's word is published, and what is held."""

import pytest

from feed.sources.desk.desk import NothingHeld
from feed.sources.policy import Policy
from tests.support.desk import COIN, MATCH, Room, coin, counted, goal, match, told
from tests.support.sources import T0

API = Policy(name="api", trust="checked", every_s=5)


@pytest.fixture
def room() -> Room:
    return Room(API)


def test_what_is_new_is_published_with_its_source(room: Room) -> None:
    room.poll("api", coin("100", currency="USD"))
    assert room.shown(COIN, "price", "currency", "source", "state") == (
        "100", "USD", "api", "live",
    )  # fmt: skip


def test_what_is_confirmed_leaves_the_log_alone(room: Room) -> None:
    room.poll("api", coin("100"), match(1, 0))
    for _ in range(100):
        assert room.poll("api", coin("100"), match(1, 0)) == []
        assert room.look() == []


def test_a_flicker_is_not_shown(room: Room) -> None:
    room.poll("api", match(1, 0, "live"))
    assert room.poll("api", match(0, 0, "pre")) == []
    assert room.held("api") == [("phase", "pre", "live", 2), ("home.score", 0, 1, 2)]
    assert room.poll("api", match(1, 0, "live")) == []
    assert room.held("api") == []
    assert room.poll("api", match(0, 0, "pre")) == []
    assert room.held("api") == [("phase", "pre", "live", 2), ("home.score", 0, 1, 2)]


def test_what_stands_for_three_polls_is_believed(room: Room) -> None:
    room.poll("api", match(0, 0))
    room.poll("api", match(2, 0), goal("a"), goal("b"))
    assert room.poll("api", match(1, 0)) == []
    assert room.poll("api", match(1, 0)) == []
    assert room.held("api") == [("home.score", 1, 2, 1)]
    entries = room.poll("api", match(1, 0))
    assert told(entries) == [("void", "b", "goal", [1, 0])]
    assert b'"why":"api stood by it for 3 polls"' in (entries[0].event or b"")
    assert room.score() == counted(room.log) == (1, 0)
    assert room.held("api") == []


def test_another_doubt_begins_anew(room: Room) -> None:
    room.poll("api", match(3, 0))
    room.poll("api", match(1, 0))
    room.poll("api", match(1, 0))
    room.poll("api", match(0, 0))
    assert room.held("api") == [("home.score", 0, 3, 2)]
    assert room.score() == (3, 0)


def test_a_fall_that_the_source_explains_is_believed_at_once(room: Room) -> None:
    room.poll("api", match(0, 0))
    room.poll("api", match(1, 0), goal("a"))
    entries = room.poll("api", match(0, 0), goal("a", op="void"))
    assert told(entries) == [("void", "a", "goal", None)]
    assert room.score() == counted(room.log) == (0, 0)


def test_a_correction_waits_for_the_score_and_lets_it_fall(room: Room) -> None:
    room.poll("api", match(0, 0))
    room.poll("api", match(1, 0), goal("a"))
    assert room.poll("api", match(1, 0), goal("a", op="void")) == []
    assert [field for field, *_ in room.held("api")] == ["event"]
    assert told(room.poll("api", match(0, 0))) == [("void", "a", "goal", None)]
    assert room.held("api") == []


def test_a_goal_without_its_score_waits(room: Room) -> None:
    room.poll("api", match(0, 0))
    assert room.poll("api", match(0, 0), goal("a")) == []
    [(field, value, shown, left)] = room.held("api")
    assert (field, shown, left) == ("event", None, None)
    assert value == {"op": "add", "id": "a", "kind": "goal", "data": {"side": "home", "by": 1}}
    assert told(room.poll("api", match(1, 0))) == [("add", "a", "goal", None)]


def test_two_goals_are_two_steps_of_the_score(room: Room) -> None:
    room.poll("api", match(0, 0, period="1H"))
    entries = room.poll("api", match(2, 0, period="2H"), goal("a"), goal("b"))
    assert [(entry.v, entry.after()) for entry in entries] == [
        (2, room.log[0].after() | {"home": {"score": 1}}),  # type: ignore[operator]
        (3, room.log[0].after() | {"home": {"score": 2}, "period": "2H"}),  # type: ignore[operator]
    ]
    assert told(entries) == [("add", "a", "goal", None), ("add", "b", "goal", None)]


def test_goals_that_nobody_lists_are_inferred(room: Room) -> None:
    room.poll("api", match(0, 0, sport="basketball"))
    entries = room.poll("api", match(2, 3, sport="basketball"))
    mark = f"i-{room.now_ms}"
    assert told(entries) == [
        ("add", f"{mark}-home-2", "score", [2, 0]),
        ("add", f"{mark}-away-3", "score", [2, 3]),
    ]
    assert room.score() == counted(room.log) == (2, 3)


def test_what_was_inferred_is_told_better_once_the_source_lists_it(room: Room) -> None:
    room.poll("api", match(0, 0))
    room.poll("api", match(1, 0))
    guess = f"i-{room.now_ms}-home-1"
    assert told(room.poll("api", match(1, 0), goal("a"))) == [("amend", guess, "goal", None)]
    assert told(room.poll("api", match(1, 0), goal("a"))) == []
    assert told(room.poll("api", match(0, 0), goal("a", op="void"))) == [
        ("void", guess, "goal", None)
    ]
    assert room.score() == counted(room.log) == (0, 0)


def test_what_has_happened_before_is_no_news(room: Room) -> None:
    entries = room.poll("api", match(2, 1), goal("a"), goal("b"))
    assert told(entries) == [("add", "a", "goal", None), ("add", "b", "goal", None)]
    assert room.score() == (2, 1)
    assert told(room.poll("api", match(2, 2))) == [
        ("add", f"i-{room.now_ms}-away-2", "goal", [2, 2])
    ]


def test_after_a_restart_goals_are_known(room: Room) -> None:
    room.poll("api", match(0, 0))
    room.poll("api", match(1, 0), goal("a"))
    room.restart()
    assert room.poll("api", match(1, 0), goal("a")) == []
    assert told(room.poll("api", match(0, 0), goal("a", op="void"))) == [
        ("void", "a", "goal", None)
    ]


def test_another_match_begins_at_nothing(room: Room) -> None:
    room.poll("api", match(0, 0, start=T0))
    room.poll("api", match(2, 0, "post", start=T0), goal("a"), goal("b"))
    entries = room.poll("api", match(0, 0, "pre", start=T0 + 7 * 86_400_000))
    assert told(entries) == []
    assert room.shown(MATCH, "phase", "state", "why") == ("pre", "live", None)
    assert told(room.poll("api", match(1, 0), goal("a"))) == [("amend", "a", "goal", None)]


def test_a_price_beyond_the_band_is_held_while_it_moves_about(room: Room) -> None:
    room.poll("api", coin("100"))
    assert room.poll("api", coin("150")) == []
    assert room.poll("api", coin("151")) == []
    room.poll("api", coin("152"))
    assert room.shown(COIN, "price") == ("152",)
    room.poll("api", coin("125"))
    assert room.shown(COIN, "price") == ("125",)


def test_prices_of_one_poll_are_each_published(room: Room) -> None:
    room.poll("api", coin("100"))
    entries = room.poll("api", coin("101"), coin("0"), coin("102"))
    assert [(entry.after() or {})["price"] for entry in entries] == ["101", "102"]


def test_an_unchanged_answer_stands_by_what_is_held(room: Room) -> None:
    room.poll("api", coin("100"))
    room.poll("api", coin("200"))
    again = coin("200")
    unchanged = type(again)(topic=COIN, patch={})
    assert room.poll("api", unchanged) == []
    room.poll("api", unchanged)
    assert room.shown(COIN, "price") == ("200",)
    assert room.poll("api", unchanged) == []


def test_one_poll_told_twice_counts_once(room: Room) -> None:
    room.poll("api", coin("100"))
    for _ in range(9):
        room.poll("api", coin("200"), after_s=0)
    assert room.held("api") == [("price", "200", "100", 2)]


def test_an_admin_lets_it_through(room: Room) -> None:
    room.poll("api", match(2, 0))
    room.poll("api", match(0, 0), coin("1"))
    assert told(room.accept("api", MATCH)) == [
        ("add", f"i-{room.now_ms}-home-0", "correction", [0, 0])
    ]
    assert room.held("api") == []
    assert room.poll("api", match(0, 0)) == []


def test_an_admin_lets_a_goal_through_and_its_score_with_it(room: Room) -> None:
    room.poll("api", match(0, 0))
    room.poll("api", match(0, 0), goal("a", "away"))
    assert told(room.accept("api", MATCH)) == [("add", "a", "goal", None)]
    assert room.score() == (0, 1)


def test_what_an_admin_rejects_stays_away(room: Room) -> None:
    room.poll("api", coin("100"))
    room.poll("api", coin("200"))
    room.desk.reject("api", COIN)
    for _ in range(9):
        assert room.poll("api", coin("200")) == []
    assert room.held("api") == [("price", "200", "100", None)]
    room.poll("api", coin("101"))
    assert room.held("api") == []
    room.poll("api", coin("200"))
    assert room.held("api") == [("price", "200", "101", 2)]


@pytest.mark.parametrize(("source", "topic"), [("api", COIN), ("api", "price:X"), ("x", COIN)])
def test_nothing_is_held_there(room: Room, source: str, topic: str) -> None:
    room.poll("api", coin("100"))
    with pytest.raises(NothingHeld, match=f"nothing of {source} is held on {topic}"):
        room.accept(source, topic)
    with pytest.raises(NothingHeld):
        room.desk.reject(source, topic)


def test_older_states_are_not_shown(room: Room) -> None:
    room.poll("api", coin("100", ts=T0))
    room.poll("api", coin("102", ts=T0 + 2000))
    assert room.poll("api", coin("101", ts=T0 + 1000)) == []
    assert [entry.ts for entry in room.poll("api", coin("103", ts=T0 + 2000))] == [T0 + 2000]


def test_a_number_that_grows_is_compared_and_kept_back(room: Room) -> None:
    room.poll("api", coin("100", seq=5))
    assert room.poll("api", coin("99", seq=4)) == []
    assert room.poll("api", coin("100", seq=6)) == []
    room.poll("api", coin("101", seq=7))
    assert room.shown(COIN, "price", "seq") == ("101", None)


def test_a_clock_ahead_is_set_right_and_flagged(room: Room) -> None:
    [entry] = room.poll("api", coin("100", ts=T0 + 3_600_000))
    assert entry.ts == room.now_ms
    assert room.desk.view("api", room.now_ms).clock_ahead_ms == 3_600_000 - 5_000
    [entry] = room.poll("api", coin("101", ts=T0 + 8_000))
    assert entry.ts == T0 + 8_000
    assert room.desk.view("api", room.now_ms).clock_ahead_ms is None


def test_the_time_of_an_event_is_its_own(room: Room) -> None:
    room.poll("api", match(0, 0, ts=T0))
    room.poll("api", match(1, 0, ts=T0 + 5000))
    assert room.poll("api", match(0, 0, ts=T0 + 1000), goal("a")) != []
    assert room.score() == counted(room.log) == (1, 0)


def test_a_source_ends_a_topic(room: Room) -> None:
    room.poll("api", coin("100"))
    gone = type(coin("1"))(topic=COIN, gone=True)
    [entry] = room.poll("api", gone)
    assert entry.data is None
    assert room.poll("api", gone) == []
    assert room.look(1000) == []
    room.poll("api", coin("5"))
    assert room.shown(COIN, "price", "source") == ("5", "api")
