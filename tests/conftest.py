"""What holds for every test."""

import asyncio
import gc
import os

from hypothesis import settings

# Properties are not timed: a slow machine is no fault. Where long tests are asked for, each is
# tried longer.
settings.register_profile("short", deadline=None, max_examples=50)
settings.register_profile("long", deadline=None, max_examples=500)
settings.load_profile("long" if os.environ.get("FEED_SOAK") == "1" else "short")

# pytest-asyncio asks for the current loop before its first test, and Python before 3.14 makes one
# for that which nobody closes. Once it was set, to nothing, none is made.
asyncio.set_event_loop(None)


def pytest_collection_finish() -> None:
    """All tests are there, and stay: no collection of garbage shall look at them again."""
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core, and one: half of the time a test waits for another process."""
    return 2 * len(os.sched_getaffinity(0)) + 1
