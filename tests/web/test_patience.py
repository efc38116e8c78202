"""Connections that wait for a request, without any HTTP."""

import asyncio

from feed.limits import Limits
from feed.web.patience import Heads
from tests.support.clock import run_virtual
from tests.support.transport import turns


class Waiting:
    """One that keeps what became of it."""

    def __init__(self) -> None:
        self.ends: list[str] = []

    def give_up(self) -> None:
        """See Awaited."""
        self.ends.append("late")

    def part(self) -> None:
        """See Awaited."""
        self.ends.append("parted")


def ends(crowd: list[Waiting]) -> list[str]:
    return [end for each in crowd for end in each.ends]


def test_of_many_that_are_late_at_once_a_hundred_are_told_in_a_turn() -> None:
    async def scene() -> None:
        heads, crowd = Heads(Limits(request_s=5)), [Waiting() for _ in range(250)]
        for each in crowd:
            heads.expect(each)
        await asyncio.sleep(4.9)
        assert ends(crowd) == []
        await asyncio.sleep(0.1)
        assert 0 < len(ends(crowd)) <= 200
        await turns()
        assert ends(crowd) == ["late"] * 250

    run_virtual(scene())


def test_where_there_is_no_room_the_longest_silent_parts_and_then_who_is_slowest() -> None:
    async def scene() -> None:
        heads = Heads(Limits(max_connections=2))
        first, second, third, fourth, fifth = crowd = [Waiting() for _ in range(5)]
        for each in (first, second):
            heads.expect(each)
            with heads.answering(each):
                heads.expect(each)
        assert ends(crowd) == []
        heads.expect(third)
        assert first.ends == ["parted"]
        heads.expect(fourth)
        assert second.ends == ["parted"]
        heads.expect(fifth)
        assert third.ends == ["parted"]
        heads.forget(fourth)
        heads.expect(first)
        assert ends([fourth, fifth]) == []

    run_virtual(scene())


def test_one_that_is_answered_or_taken_over_does_not_wait() -> None:
    async def scene() -> None:
        heads = Heads(Limits(max_connections=1, request_s=5))
        taken, answered, last = crowd = [Waiting() for _ in range(3)]
        heads.expect(taken)
        with heads.answering(taken):
            heads.forget(taken)
        heads.expect(answered)
        with heads.answering(answered):
            heads.expect(last)
            await asyncio.sleep(9)
            assert ends(crowd) == ["late"]
        assert last.ends == ["late"]

    run_virtual(scene())


def test_what_begins_behind_a_request_has_its_time_from_the_answer_on() -> None:
    async def scene() -> None:
        heads = Heads(Limits(request_s=5))
        _, whole, bodied = crowd = [Waiting() for _ in range(3)]
        for each in crowd:
            heads.expect(each, is_whole=each is whole)
            with heads.answering(each):
                await asyncio.sleep(9)
                if each is bodied:
                    heads.took_body(each)
        await asyncio.sleep(9)
        assert [each.ends for each in crowd] == [["late"], [], []]

    run_virtual(scene())
