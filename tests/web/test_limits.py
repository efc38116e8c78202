import pytest

from feed.web.limits import Bucket

RATE, BURST = 2, 3


@pytest.mark.parametrize(
    ("at_s", "taken"),
    [
        ([0, 0, 0], [True, True, True]),
        ([0, 0, 0, 0], [True, True, True, False]),
        ([0, 0, 0, 0.25, 0.5, 0.5], [True, True, True, False, True, False]),
        ([0, 0, 0, 1, 1, 1], [True, True, True, True, True, False]),
        ([0, 0, 0, 99, 99, 99, 99], [True] * 6 + [False]),
        ([99, 99, 99, 99], [True, True, True, False]),
    ],
)
def test_a_burst_and_then_the_rate(at_s: list[float], taken: list[bool]) -> None:
    bucket = Bucket(RATE, BURST, 0)
    assert [bucket.take(now_s) for now_s in at_s] == taken


@pytest.mark.parametrize(
    ("taken", "now_s", "wait_s"), [(0, 0, 0), (2, 0, 0), (3, 0, 0.5), (3, 0.25, 0.25), (3, 9, 0)]
)
def test_how_long_until_the_next(taken: int, now_s: float, wait_s: float) -> None:
    bucket = Bucket(RATE, BURST, 0)
    for _ in range(taken):
        assert bucket.take(0)
    assert bucket.wait_s(now_s) == wait_s
    assert bucket.wait_s(now_s) == wait_s  # asking takes none


def test_what_is_refused_costs_nothing() -> None:
    bucket = Bucket(RATE, 1, 0)
    assert [bucket.take(now_s) for now_s in (0, 0.1, 0.2, 0.3, 0.4, 0.5)] == [
        True,
        False,
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("taken", "now_s", "is_full"),
    [(0, 0, True), (1, 0, False), (1, 0.25, False), (1, 0.5, True), (3, 1.25, False), (3, 9, True)],
)
def test_when_a_whole_burst_may_be_taken_again(taken: int, now_s: float, is_full: bool) -> None:  # noqa: FBT001
    bucket = Bucket(RATE, BURST, 0)
    for _ in range(taken):
        assert bucket.take(0)
    assert [bucket.is_full(now_s), bucket.is_full(now_s)] == [is_full] * 2  # asking takes none
    assert all(bucket.take(now_s) for _ in range(BURST)) == is_full
