"""When it is worth it to give memory back."""

import pytest

from feed.web.crowd import Crowd, give_back


@pytest.mark.parametrize(
    ("here", "said"),
    [
        ([0, 0, 0], []),
        ([5, 0, 0], []),
        ([16, 0, 0, 0], [2]),
        ([500, 480, 480], []),
        ([500, 251, 251], []),
        ([500, 300, 250, 250, 250], [3]),
        ([500, 200, 100, 50, 50, 0, 0], [4, 6]),
        ([500, 100, 100, 400, 100, 100], [2, 5]),
        ([16, 1, 1, 16, 2, 2], []),
    ],
)
def test_when_many_have_left_it_is_said_once_after_the_last(
    here: list[int], said: list[int]
) -> None:
    crowd = Crowd()
    assert [n for n, count in enumerate(here) if crowd.has_left(count)] == said


def test_memory_is_given_back() -> None:
    give_back()
