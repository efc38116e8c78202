"""What holds for every test."""

import asyncio
import os

from hypothesis import settings

# Properties are not timed: a slow machine is no fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# pytest-asyncio asks for the current loop before its first test, and Python before 3.14 makes one
# for that which nobody closes. Once it was set, to nothing, none is made.
asyncio.set_event_loop(None)


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: half of the time a test waits for another process."""
    return 2 * len(os.sched_getaffinity(0))
