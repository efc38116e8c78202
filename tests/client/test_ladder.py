from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.fault import Blocked, Cut, Lost, NoAnswer
from feed.client.ladder import Climb, Ladder, Try

AWAY, FOREIGN, BLOCKED, REFUSED, CUT = (
    NoAnswer("away"),
    NoAnswer("a proxy's", is_foreign=True),
    Blocked("blocked"),
    Blocked("refused", is_refusal=True),
    Cut("cut"),
)
WAIT = {rung: Try(rung, at_once=False) for rung in range(3)}
NOW = {rung: Try(rung, at_once=True) for rung in range(3)}


@pytest.mark.parametrize(
    ("first", "faults", "tries"),
    [
        (0, [AWAY, AWAY, AWAY], [WAIT[0], WAIT[0], WAIT[0]]),
        (2, [AWAY, AWAY], [WAIT[2], WAIT[2]]),
        (0, [BLOCKED, BLOCKED, BLOCKED], [NOW[1], NOW[2], WAIT[0]]),
        (1, [BLOCKED, BLOCKED, BLOCKED], [NOW[2], WAIT[0], NOW[1]]),
        (0, [CUT, CUT, CUT], [WAIT[0], NOW[1], WAIT[1]]),
        (2, [CUT, CUT], [WAIT[2], WAIT[0]]),
        (0, [CUT, AWAY, CUT], [WAIT[0], WAIT[0], NOW[1]]),
        (0, [FOREIGN] * 7, [WAIT[0], NOW[1], WAIT[1], NOW[2], WAIT[2], WAIT[0], WAIT[0]]),
        (0, [FOREIGN, AWAY, FOREIGN], [WAIT[0], WAIT[0], NOW[1]]),
        (0, [REFUSED, REFUSED, REFUSED], [NOW[1], NOW[2], None]),
        (1, [REFUSED, REFUSED, REFUSED], [NOW[2], WAIT[0], None]),
        (0, [REFUSED, AWAY, REFUSED, REFUSED], [NOW[1], WAIT[1], NOW[2], None]),
        (0, [REFUSED, BLOCKED, REFUSED, REFUSED], [NOW[1], NOW[2], WAIT[0], NOW[1]]),
    ],
)
def test_what_is_tried_after_losing_what_was_never_live(
    first: int, faults: Sequence[Lost], tries: Sequence[Try | None]
) -> None:
    ladder = Ladder(3, first)
    assert [ladder.after(fault) for fault in faults] == tries


@pytest.mark.parametrize(
    ("faults", "tries"),
    [
        ([(CUT, 60), (CUT, 60), (CUT, 60)], [WAIT[0], WAIT[0], WAIT[0]]),
        ([(CUT, 1), (CUT, 60), (CUT, 1)], [WAIT[0], WAIT[0], WAIT[0]]),
        ([(CUT, 9.9), (CUT, 9.9)], [WAIT[0], NOW[1]]),
        ([(AWAY, 60)], [WAIT[0]]),
        ([(CUT, 60), (FOREIGN, 0), (FOREIGN, 0)], [WAIT[0], WAIT[0], NOW[1]]),
        ([(BLOCKED, 60)], [NOW[1]]),
    ],
)
def test_what_is_tried_after_losing_what_was_live(
    faults: Sequence[tuple[Lost, float]], tries: Sequence[Try]
) -> None:
    ladder = Ladder(3)
    ladder.live(0)
    assert [ladder.after(fault, lived_s) for fault, lived_s in faults] == tries


def test_what_was_refused_before_it_was_live_is_forgotten() -> None:
    ladder = Ladder(2)
    assert ladder.after(REFUSED) == NOW[1]
    ladder.live(1)
    assert ladder.after(REFUSED) == WAIT[0]


def test_one_transport_alone_is_tried_again() -> None:
    ladder = Ladder(1)
    assert [ladder.after(fault) for fault in (BLOCKED, CUT, CUT)] == [WAIT[0]] * 3
    assert ladder.after(REFUSED) is None


def test_the_top_climbs_no_further() -> None:
    assert Ladder(3).live(0) is None


def test_climbs_are_tried_in_turn_and_less_and_less_often() -> None:
    ladder = Ladder(3)
    climbs = [ladder.live(2), *(ladder.climb() for _ in range(6))]
    assert climbs == [
        Climb(0, 30), Climb(1, 60), Climb(0, 120), Climb(1, 240), Climb(0, 480), Climb(1, 600),
        Climb(0, 600),
    ]  # fmt: skip


def test_climbs_are_never_too_many_to_count() -> None:
    ladder = Ladder(3)
    assert [ladder.live(1) for _ in range(2000)][-1] == Climb(0, 600)


def test_a_climb_that_does_not_last_makes_the_next_one_later() -> None:
    ladder = Ladder(2)
    assert ladder.live(1) == Climb(0, 30)
    ladder.live(0)
    ladder.after(BLOCKED, 31)
    assert ladder.live(1) == Climb(0, 60)


def test_what_held_for_long_begins_anew() -> None:
    ladder = Ladder(2)
    assert ladder.live(1) == Climb(0, 30)
    ladder.live(0)
    ladder.after(BLOCKED, 301)
    assert ladder.live(1) == Climb(0, 30)


@given(st.lists(st.sampled_from([AWAY, FOREIGN, BLOCKED, CUT]), min_size=40, max_size=40))
def test_it_never_hurries_for_long_and_never_gives_up(faults: list[Lost]) -> None:
    ladder = Ladder(3)
    tries = [ladder.after(fault) for fault in faults]
    assert None not in tries
    hurried = [each is not None and each.at_once for each in tries]
    assert not any(a and b and c for (a, b), (_, c) in pairwise(pairwise(hurried)))
