"""What a cursor needs next."""

import pytest

from feed.hub.plan import Step, go_on, plan
from feed.log.base import Bounds
from feed.model.cursor import Cursor

LOG = Bounds(epoch="e", first=100, head=200)

TABLE = [
    # cursor, oldest in memory, newest here → next
    (Cursor("other", 150), 150, 200, Step.EPOCH),
    (Cursor("e", 201), 150, 200, Step.AHEAD),
    (Cursor("e", 98), 150, 200, Step.EXPIRED),
    (Cursor("e", 0), 150, 200, Step.EXPIRED),
    (Cursor("e", 99), 150, 200, Step.REPLAY),  # 100, the first of all, comes next
    (Cursor("e", 148), 150, 200, Step.REPLAY),
    (Cursor("e", 149), 150, 200, Step.TAIL),
    (Cursor("e", 199), 150, 200, Step.TAIL),
    (Cursor("e", 200), 150, 200, Step.WAIT),
    (Cursor("e", 200), 150, 190, Step.WAIT),  # the log has it, this instance not yet
    (Cursor("e", 190), 191, 190, Step.WAIT),  # nothing in memory, and nothing newer
]


@pytest.mark.parametrize(("cursor", "tail_first", "head", "step"), TABLE)
def test_a_cursor_s_next_step(cursor: Cursor, tail_first: int, head: int, step: Step) -> None:
    assert plan(cursor, LOG, tail_first, head) is step


def test_an_empty_log_resumes_at_its_end() -> None:
    trimmed = Bounds(epoch="e", first=201, head=200)

    assert plan(Cursor("e", 200), trimmed, 201, 200) is Step.WAIT
    assert plan(Cursor("e", 199), trimmed, 201, 200) is Step.EXPIRED


def test_one_who_comes_from_the_future_of_a_delay_waits_whatever_was_trimmed() -> None:
    trimmed = Bounds(epoch="e", first=180, head=200)

    assert plan(Cursor("e", 150), trimmed, 141, 140) is Step.WAIT
    assert plan(Cursor("e", 150), trimmed, 141, 150) is Step.WAIT
    assert plan(Cursor("e", 150), trimmed, 141, 151) is Step.EXPIRED


def test_only_three_steps_are_resets() -> None:
    assert {step for step in Step if step.is_reset} == {Step.EXPIRED, Step.EPOCH, Step.AHEAD}


def test_going_on_needs_no_bounds() -> None:
    assert go_on(10, 11, 10) is Step.WAIT
    assert go_on(10, 11, 12) is Step.TAIL
    assert go_on(9, 11, 12) is Step.REPLAY
