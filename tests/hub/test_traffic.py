"""What went out is counted by turns, and only what went out."""

import pytest

from feed.hub.group import Group
from feed.hub.member import Member
from feed.hub.subscription import Options, Subscription
from feed.hub.traffic import Sent, Traffic
from feed.model.frame import Frame, heading, plain, snapshot, update
from feed.model.payload import Pong
from feed.model.topic import Filters


class Idle:
    """A sink that nothing is written to: what is counted here was written before."""

    is_full = False

    def write(self, _frame: Frame) -> None:
        """See Sink."""
        raise AssertionError

    async def drained(self) -> None:
        """See Sink."""
        raise AssertionError

    def abort(self) -> None:
        """See Sink."""
        raise AssertionError


def group(members: int) -> Group:
    """A group of so many."""
    made = Group(Subscription(Filters.of(["price:A"]), Options()), 0.0)
    for _ in range(members):
        made.add(Member(Idle()))
    return made


def counts(sent: Sent) -> tuple[int, int, int, int]:
    return sent.frames, sent.deliveries, sent.bytes, sent.merged


def test_a_frame_counts_for_each_that_it_went_to() -> None:
    traffic, head = Traffic(), heading("e-1", 0)
    two, three = update(head, [b"{}"], []), update(head, [b"{}", b"{}"], [b"{}"])
    three.merged = 4
    traffic.told([(group(2), two), (group(5), three)], [])
    size = 2 * len(two.payload) + 5 * len(three.payload)
    assert counts(traffic.live) == (7, 2 + 15, size, 20)


def test_who_takes_no_more_was_not_told() -> None:
    traffic, frame = Traffic(), update(heading("e-1", 0), [b"{}"], [])
    crowd = group(3)
    full = [(crowd, member) for member in list(crowd)[:2]]
    traffic.told([(crowd, frame), (group(0), frame)], full)
    assert counts(traffic.live) == (1, 1, len(frame.payload), 0)


@pytest.mark.parametrize(
    ("frame", "elements"),
    [
        (plain(Pong(now=0)), 0),
        (update(heading("e-1", 0), [b"{}"], []), 1),
        (update(heading("e-1", 0), [], [b"{}", b"{}"]), 2),
        (update(heading("e-1", 0), [b"{}"], [b"{}"]), 2),
        (snapshot([b"{}"] * 3, "e-1"), 3),
        (snapshot([], None), 0),
    ],
)
def test_elements_are_what_a_frame_tells(frame: Frame, elements: int) -> None:
    assert frame.elements == elements


def test_what_was_counted_before_is_added_whole() -> None:
    answer, all_of_them = Sent(), Sent()
    answer.add(update(heading("e-1", 0), [b"{}"], []))
    for _ in range(3):
        all_of_them.plus(answer)
    assert counts(all_of_them) == (3, 3, 3 * answer.bytes, 0)
