"""When it is worth it to give memory back."""

import ctypes
import resource
from pathlib import Path

import pytest

from feed.web.crowd import Crowd, give_back

BLOCKS, BLOCK_BYTES = 5000, 4000


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


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library cannot")
def test_what_is_free_below_something_in_use_is_given_back() -> None:
    blocks = [bytes(BLOCK_BYTES) for _ in range(BLOCKS)]
    most = resident_bytes()
    del blocks[:-1]
    give_back()
    assert most - resident_bytes() > BLOCKS * BLOCK_BYTES / 2


def resident_bytes() -> int:
    """What this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
