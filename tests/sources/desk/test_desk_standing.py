"""How items stand: live, stale, closed, down, and one change for each turn."""

import pytest

from feed.model.change import Change
from feed.sources.base import as_before
from feed.sources.market import Market
from feed.sources.policy import Policy
from tests.support.desk import COIN, MATCH, Room, coin, match, states

API = Policy(name="api", trust="checked", every_s=5, stale_after_s=30)
MONDAY_9_UTC = 1_789_981_200_000
MARKET = Market(timezone="UTC", opens="09:00", closes="17:00")


def test_silence_makes_an_item_stale_and_a_word_live_again() -> None:
    room = Room(API)
    room.poll("api", coin("100"))
    assert room.look(30) == []
    room.look(0.001)
    assert room.shown(COIN, "state", "why") == ("stale", "api has not confirmed it for 30 s")
    assert room.look(1000) == []
    room.poll("api", coin("100"))
    assert room.shown(COIN, "state", "why") == ("live", None)
    assert len(room.log) == 3


def test_quiet_is_not_dead() -> None:
    room = Room(API)
    room.poll("api", coin("100"))
    for _ in range(100):
        assert room.poll("api", as_before(COIN), after_s=20) == []
        assert room.look() == []


@pytest.mark.parametrize(
    ("policy", "topic", "after_s"),
    [
        (Policy(name="api", trust="checked", every_s=5), COIN, 60),
        (Policy(name="api", trust="checked", every_s=5), MATCH, 120),
        (Policy(name="api", trust="checked", every_s=60), COIN, 180),
        (Policy(name="api", trust="checked", every_s=60, stale_after_s=61), COIN, 61),
    ],
)
def test_what_is_a_silence_depends(policy: Policy, topic: str, after_s: int) -> None:
    room = Room(policy)
    room.poll("api", Change(topic=topic, patch={"name": "X"}))
    assert room.look(after_s) == []
    room.look(0.001)
    assert room.shown(topic, "state") == ("stale",)


def test_a_topic_that_an_answer_has_no_more_is_stale() -> None:
    room = Room(API)
    room.poll("api", coin("100"), match(0, 0))
    for _ in range(10):
        room.poll("api", match(0, 0))
    room.look()
    assert room.shown(COIN, "state") == ("stale",)
    assert room.shown(MATCH, "state") == ("live",)


def test_two_failures_in_a_row_are_down() -> None:
    room = Room(API)
    room.poll("api", coin("100"))
    room.poll("api", failure="answered 500")
    assert room.look() == []
    room.poll("api", failure="answered 503")
    room.look()
    assert room.shown(COIN, "state", "why") == ("down", "api: answered 503")
    for _ in range(30):
        assert room.poll("api", failure="timed out") == []
        assert room.look() == []
    room.poll("api", coin("101"))
    assert room.shown(COIN, "state", "why", "price") == ("live", None, "101")
    assert len(room.log) == 3


def test_a_failure_now_and_then_is_none() -> None:
    room = Room(API)
    for _ in range(9):
        room.poll("api", coin("100"))
        room.poll("api", failure="answered 500")
        room.look()
    assert states(room.log, COIN) == ["live"]


def test_what_could_be_had_is_not_down() -> None:
    room = Room(API)
    room.poll("api", coin("100"), match(0, 0))
    for _ in range(3):
        room.poll("api", match(0, 0), failure="one of two")
    room.look()
    assert room.shown(COIN, "state") == ("down",)
    assert room.shown(MATCH, "state") == ("live",)


def test_a_failure_is_of_the_topics_that_it_names() -> None:
    room = Room(API)
    room.poll("api", coin("100"), match(0, 0))
    for _ in range(3):
        room.poll("api", failure="one of two", failed=[MATCH])
    room.look()
    assert room.shown(COIN, "state") == ("live",)
    assert room.shown(MATCH, "state") == ("down",)


def test_a_match_that_is_over_is_closed_for_good() -> None:
    room = Room(API)
    room.poll("api", match(1, 0))
    room.poll("api", match(1, 0, "post"))
    assert room.shown(MATCH, "state", "why") == ("closed", "the match is over")
    room.poll("api", failure="answered 500")
    room.poll("api", failure="answered 500")
    assert room.look(100_000) == []


def test_a_market_closes_and_opens() -> None:
    room = Room(
        Policy(name="api", trust="checked", every_s=5, stale_after_s=30, market=MARKET),
        now_ms=MONDAY_9_UTC - 60_000,
    )
    room.poll("api", coin("100"), match(0, 0))
    assert room.shown(COIN, "state", "why") == ("closed", "the market is closed")
    assert room.shown(MATCH, "state") == ("live",)
    room.poll("api", as_before(COIN), as_before(MATCH), after_s=54)
    assert room.look(0.999) == []
    room.look(0.001)
    assert room.shown(COIN, "state", "why") == ("live", None)
    room.poll("api", as_before(COIN), after_s=8 * 3600 - 1)
    room.look(1)
    assert room.shown(COIN, "state") == ("closed",)
    assert room.look(3600) == []
    room.poll("api", coin("101"))
    assert room.shown(COIN, "state", "price") == ("closed", "101")


def test_a_market_that_opens_on_a_silent_source_is_stale() -> None:
    policy = Policy(name="api", trust="checked", stale_after_s=30, market=MARKET)
    room = Room(policy, now_ms=MONDAY_9_UTC - 120_000)
    room.poll("api", coin("100"))
    room.look(120)
    assert states(room.log, COIN) == ["closed", "stale"]


def test_a_state_that_the_source_gives_stands() -> None:
    room = Room(API)
    room.poll("api", coin("100", state="halted", why="volatility"))
    assert room.shown(COIN, "state", "why") == ("halted", "volatility")
    assert room.look() == []
    room.poll("api", as_before(COIN))
    room.look()
    assert room.shown(COIN, "state", "why") == ("halted", "volatility")
    room.poll("api", coin("100"))
    assert room.shown(COIN, "state", "why") == ("live", None)


def test_a_word_that_is_held_is_a_word_all_the_same() -> None:
    room = Room(API)
    room.poll("api", coin("100"))
    room.look(31)
    room.poll("api", coin("200"))
    room.look()
    assert room.shown(COIN, "price", "state") == ("100", "live")
    for _ in range(50):
        room.desk.reject("api", COIN)
        room.poll("api", coin("200"))
        room.look()
    assert states(room.log, COIN) == ["live", "stale", "live"]


def test_a_new_leader_gives_them_time_and_then_says_so() -> None:
    room = Room(API)
    room.poll("api", coin("100"))
    room.now_ms += 3_600_000
    room.restart()
    assert room.look(30) == []
    room.look(1)
    assert room.shown(COIN, "state") == ("stale",)
    room.restart()
    assert room.look(1) == []
    assert room.shown(COIN, "state") == ("stale",)
    room.poll("api", coin("100"))
    assert room.shown(COIN, "state") == ("live",)


def test_a_generator_is_named_and_believed() -> None:
    room = Room(Policy(name="walk", trust="made", every_s=1))
    room.poll("walk", coin("100", state="live"))
    room.poll("walk", coin("9000", state="live"))
    room.poll("walk", match(2, 0, "post", state="closed"), after_s=1)
    room.poll("walk", match(0, 0, "pre", state="live"), after_s=1)
    assert room.shown(COIN, "price", "source") == ("9000", "walk")
    assert room.shown(MATCH, "phase", "source", "home") == ("pre", "walk", {"score": 0})
    assert len(room.log) == 4
    assert room.look() == []


def test_a_generator_that_is_paused_goes_stale_but_for_what_is_closed() -> None:
    room = Room(Policy(name="walk", trust="made", every_s=1))
    room.poll("walk", coin("100", state="live"), match(0, 0, "post", state="closed"))
    for _ in range(200):
        room.poll("walk", after_s=1)
        assert room.look(0) == []
    room.look(61)
    assert room.shown(COIN, "state", "why") == ("stale", "walk has not confirmed it for 60 s")
    room.look(61)
    assert room.shown(MATCH, "state") == ("closed",)
    room.poll("walk", after_s=1)
    room.look()
    assert room.shown(COIN, "state", "why") == ("live", None)
    assert states(room.log, COIN) == ["live", "stale", "live"]


def test_a_recording_is_left_as_it_is() -> None:
    room = Room(Policy(name="tape", trust="recorded"))
    row = coin("100", state="stale", source="somebody")
    assert len(room.poll("tape", row)) == 1
    assert room.look(100_000) == []
    assert room.shown(COIN, "state", "source") == ("stale", "somebody")
