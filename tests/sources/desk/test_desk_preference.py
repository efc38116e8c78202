"""Several sources of one topic: who is in force, who steps in, who comes back."""

from feed.sources.policy import Policy
from tests.support.desk import COIN, MATCH, Room, coin, counted, goal, match, states, told

FIRST = Policy(name="first", trust="checked", every_s=5, stale_after_s=30)
SECOND = Policy(name="second", trust="checked", every_s=5, stale_after_s=30)
THIRD = Policy(name="third", trust="checked", every_s=5, stale_after_s=30)


def test_the_second_does_not_overwrite_the_first() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100"))
    assert room.poll("second", coin("101")) == []
    assert room.shown(COIN, "price", "source") == ("100", "first")


def test_who_comes_first_gives_way_to_who_is_preferred() -> None:
    room = Room(FIRST, SECOND)
    room.poll("second", coin("101"))
    room.poll("first", coin("100"))
    assert room.shown(COIN, "price", "source") == ("100", "first")
    assert room.poll("second", coin("102")) == []


def test_the_second_steps_in_when_the_first_falls_silent() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100"))
    room.poll("second", coin("101"), after_s=1)
    room.poll("second", coin("102"), after_s=28)
    [entry] = room.look(2)
    assert (entry.after() or {})["price"] == "102"
    assert room.shown(COIN, "source", "state") == ("second", "live")
    room.poll("second", coin("103"))
    assert room.shown(COIN, "price") == ("103",)
    assert states(room.log, COIN) == ["live"], "nobody ever saw it stale"


def test_the_second_steps_in_when_the_first_fails() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100"))
    room.poll("second", coin("101"))
    room.poll("first", failure="answered 500")
    assert room.poll("second", coin("102")) == []
    room.poll("first", failure="answered 500")
    room.poll("second", coin("103"))
    assert room.shown(COIN, "price", "source") == ("103", "second")


def test_the_first_returns_when_it_has_been_well_for_a_while() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100"))
    room.poll("second", coin("101"))
    room.poll("first", failure="no")
    room.poll("first", failure="no")
    room.look()
    for price in ("100.1", "100.2"):
        assert room.poll("first", coin(price)) == []
        room.poll("second", coin("101"))
    room.poll("first", coin("100.3"))
    assert room.shown(COIN, "price", "source") == ("100.3", "first")


def test_one_that_comes_and_goes_is_not_trusted() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100"))
    for _ in range(20):
        room.poll("second", coin("101"))
        room.poll("first", failure="no")
        room.poll("first", failure="no")
        room.poll("second", coin("101"))
        room.poll("first", coin("100"))
        room.look()
    assert [(entry.after() or {})["source"] for entry in room.log] == ["first", "second"]


def test_with_nobody_left_the_last_one_is_down() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100"))
    room.poll("second", coin("101"))
    for _ in range(3):
        room.poll("first", failure="first is broken")
        room.poll("second", failure="second is broken")
        room.look()
    assert room.shown(COIN, "source", "state", "why") == ("first", "down", "first: first is broken")
    room.poll("second", coin("101"))
    assert room.shown(COIN, "source", "state") == ("second", "live")


def test_of_three_the_best_that_is_well_is_in_force() -> None:
    room = Room(FIRST, SECOND, THIRD)
    for name, price in (("third", "3"), ("second", "3.1"), ("first", "3.2")):
        room.poll(name, coin(price), after_s=0)
    for name in ("first", "second"):
        room.poll(name, failure="no")
        room.poll(name, failure="no")
    room.look()
    assert room.shown(COIN, "source") == ("third",)
    for _ in range(3):
        room.poll("second", coin("3.1"), after_s=1)
    assert room.shown(COIN, "source") == ("second",)


def test_what_only_the_other_one_said_goes_with_it() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100", bid="99", name="Bitcoin", currency="USD"))
    room.poll("second", coin("101", volume="7"))
    room.poll("first", failure="no")
    room.poll("first", failure="no")
    room.look()
    assert room.shown(COIN, "bid", "name", "currency", "volume") == (None, "Bitcoin", "USD", "7")


def test_the_gate_stands_before_who_steps_in_as_well() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100"))
    room.poll("second", coin("1"))
    room.poll("first", failure="no")
    room.poll("first", failure="no")
    room.look()
    assert room.shown(COIN, "price") == ("100",)
    assert room.held("second") == [("price", "1", "100", 2)]
    room.poll("second", coin("1"))
    room.poll("second", coin("1"))
    assert room.shown(COIN, "price", "source") == ("1", "second")


def test_goals_are_told_once_by_whom_ever() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", match(0, 0))
    room.poll("second", match(0, 0))
    room.poll("first", match(1, 0), goal("f-1"))
    room.poll("second", match(1, 0), goal("s-1"))
    room.poll("first", failure="no")
    room.poll("first", failure="no")
    room.look()
    entries = room.poll("second", match(2, 0), goal("s-2"))
    assert told(entries) == [("add", "s-2", "goal", None)]
    assert room.shown(MATCH, "source") == ("second",)
    assert room.score() == counted(room.log) == (2, 0)


def test_a_generator_stands_in() -> None:
    room = Room(FIRST, Policy(name="walk", trust="made"))
    room.poll("walk", coin("7", state="live"))
    room.poll("first", coin("7.1"))
    assert room.poll("walk", coin("7.2", state="live")) == []
    room.poll("first", failure="no")
    room.poll("first", failure="no")
    room.poll("walk", coin("7.3", state="live"))
    assert room.shown(COIN, "price", "source", "state") == ("7.3", "walk", "live")


def test_the_one_in_force_is_so_after_a_restart() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100"))
    room.restart()
    assert room.poll("second", coin("101"), after_s=1) == []
    room.poll("first", coin("100"), after_s=1)
    assert len(room.log) == 1


def test_an_operator_sees_who_speaks_of_what() -> None:
    room = Room(FIRST, SECOND)
    room.poll("first", coin("100"))
    room.poll("second", coin("101"))
    room.poll("first", failure="no")
    room.poll("first", failure="no")
    room.look(0)
    [first] = room.desk.view("first", room.now_ms).topics
    [second] = room.desk.view("second", room.now_ms).topics
    assert (first.topic, first.in_force, first.state) == (COIN, False, "down")
    assert (second.topic, second.in_force, second.state) == (COIN, True, "live")
    assert (room.now_ms - first.heard, room.now_ms - second.heard) == (15_000, 10_000)
    assert room.desk.view("nobody", room.now_ms).topics == []
