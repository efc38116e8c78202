import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import LogUnavailable
from feed.sources.base import SourceFailed
from feed.sources.polled.quota import Quota
from tests.support.sources import T0

MINUTE, DAY = 60_000, 86_400_000
MIDNIGHT = T0 // DAY * DAY


class Claims:
    """What a log keeps of claims, over restarts."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.down = False

    async def claim(self, name: str) -> bool:
        if self.down:
            raise LogUnavailable("the disk is full")
        is_free = name not in self.names
        self.names.add(name)
        return is_free


def run(claims: Claims, per_minute: int | None = None, per_day: int | None = None) -> Quota:
    """A quota as it is after a start."""
    quota = Quota("api", per_minute, per_day)
    quota.keep(claims.claim)
    return quota


async def test_without_a_limit_everything_may_be_asked() -> None:
    quota = Quota("api", None, None)
    assert await quota.take(1_000_000, T0) == 1_000_000
    assert quota.left(T0) is None


async def test_a_minute_is_used_up_and_comes_back_one_by_one() -> None:
    quota = run(Claims(), per_minute=3)
    assert await quota.take(2, T0) == 2
    assert await quota.take(2, T0 + 20_000) == 1
    assert quota.left(T0 + 20_000) == 0
    assert await quota.take(1, T0 + 59_999) == 0
    assert quota.left(T0 + 60_000) == 2
    assert await quota.take(5, T0 + 60_000) == 2
    assert await quota.take(5, T0 + 80_000) == 1


async def test_a_clock_that_is_set_back_counts_what_was_asked_as_of_now() -> None:
    quota = run(Claims(), per_minute=3, per_day=100)
    assert await quota.take(3, T0) == 3
    assert await quota.take(1, T0 - 3_600_000) == 0
    assert await quota.take(1, T0 - 3_600_000 + 59_999) == 0
    assert await quota.take(4, T0 - 3_600_000 + 60_000) == 3


async def test_a_minute_that_comes_again_is_not_used_again() -> None:
    quota = run(Claims(), per_minute=10)
    assert await quota.take(7, T0) == 7
    assert await quota.take(1, T0 + 60_000) == 1
    assert await quota.take(9, T0 + 1000) == 2
    assert await quota.take(9, T0 + 59_999) == 0


async def test_a_day_is_used_up_until_midnight() -> None:
    quota = run(Claims(), per_day=25)
    assert await quota.take(20, MIDNIGHT + 1000) == 20
    assert quota.left(MIDNIGHT + 1000) == 5
    assert await quota.take(20, MIDNIGHT + 2000) == 5
    with pytest.raises(SourceFailed, match="the quota of 25 requests a day is used up") as raised:
        await quota.take(1, MIDNIGHT + 3000)
    assert raised.value.retry_after_s == 86_397
    assert quota.left(MIDNIGHT + 3000) == 0
    assert quota.left(MIDNIGHT + DAY) == 25
    assert await quota.take(1, MIDNIGHT + DAY) == 1


async def test_after_a_restart_what_was_used_is_known() -> None:
    claims = Claims()
    before = run(claims, per_minute=10, per_day=100)
    assert await before.take(7, T0) == 7
    after = run(claims, per_minute=10, per_day=100)
    assert await after.take(10, T0 + 1000) == 2  # of 3: how many is known to a block
    assert after.left(T0 + 1000) == 0
    assert await after.take(10, T0 + 39_000) == 0
    assert await after.take(10, T0 + 61_000) == 10


async def test_after_a_restart_in_the_next_minute_the_one_before_counts_as_its_end() -> None:
    claims = Claims()
    minute = T0 // MINUTE * MINUTE
    assert await run(claims, per_minute=10).take(8, minute + 50_000) == 8
    after = run(claims, per_minute=10)
    assert await after.take(10, minute + 60_001) == 2
    assert await after.take(10, minute + 2 * MINUTE - 2) == 0
    assert await after.take(10, minute + 2 * MINUTE - 1) == 8


async def test_nothing_is_asked_that_could_not_be_claimed() -> None:
    claims = Claims()
    quota = run(claims, per_minute=10)
    claims.down = True
    with pytest.raises(LogUnavailable):
        await quota.take(1, T0)
    claims.down = False
    assert await quota.take(10, T0) == 10


async def test_two_sources_do_not_share() -> None:
    claims = Claims()
    assert await run(claims, per_minute=1).take(1, T0) == 1
    other = Quota("other", 1, None)
    other.keep(claims.claim)
    assert await other.take(1, T0) == 1


steps = st.lists(
    st.tuples(
        st.integers(0, 90_000),  # milliseconds later
        st.integers(1, 40),  # wanted
        st.booleans(),  # a restart before
    ),
    max_size=40,
)


@given(limit=st.integers(1, 30), steps=steps)
async def test_no_minute_has_more_requests_than_it_may(
    limit: int, steps: list[tuple[int, int, bool]]
) -> None:
    claims, now_ms = Claims(), T0
    quota = run(claims, per_minute=limit)
    made: list[int] = []
    for later_ms, wanted, restarted in steps:
        now_ms += later_ms
        if restarted:
            quota = run(claims, per_minute=limit)
        left = quota.left(now_ms)
        granted = await quota.take(wanted, now_ms)
        assert 0 <= granted <= wanted
        assert left is not None
        assert granted <= left
        made += [now_ms] * granted
    for moment in made:
        assert sum(moment - MINUTE < at <= moment for at in made) <= limit


@given(limit=st.integers(1, 30), steps=steps)
async def test_no_day_has_more_requests_than_it_may_and_restarts_lose_a_tenth_each(
    limit: int, steps: list[tuple[int, int, bool]]
) -> None:
    claims, now_ms = Claims(), MIDNIGHT + DAY - 600_000
    quota = run(claims, per_day=limit)
    made: list[int] = []
    restarts = 0
    for later_ms, wanted, restarted in steps:
        now_ms += later_ms
        if restarted:
            quota = run(claims, per_day=limit)
            restarts += 1
        try:
            made += [now_ms] * await quota.take(wanted, now_ms)
        except SourceFailed:
            today = sum(at // DAY == now_ms // DAY for at in made)
            assert today >= limit - restarts * -(-limit // 10)
    for day in {at // DAY for at in made}:
        assert sum(at // DAY == day for at in made) <= limit
