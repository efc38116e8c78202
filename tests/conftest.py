"""What holds for every test."""

import asyncio
import gc
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer

from tests.support.shares import Shares

FIRST = ("browser", "test_docs.py", "blackbox")
"""Whose tests take longest, most of it to wait for other processes."""

IN_MEMORY, ROOM_BYTES = Path("/dev/shm"), 4 << 30  # noqa: S108  (the system's own)
_ROOT = Path(__file__).parent

# Properties are not timed: a slow machine is no fault. Where long tests are asked for, each is
# tried longer.
settings.register_profile("short", deadline=None, max_examples=25)
settings.register_profile("long", deadline=None, max_examples=500)
settings.load_profile("long" if os.environ.get("FEED_SOAK") == "1" else "short")

# pytest-asyncio asks for the current loop before its first test, and Python before 3.14 makes one
# for that which nobody closes. Once it was set, to nothing, none is made.
asyncio.set_event_loop(None)

# What tests write is deleted soon: where there is room for it in memory, no disk need keep up.
if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))

# There is no garbage while tests are collected, which are many.
gc.disable()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Shares:
    """Of a kind of our own."""
    return Shares(config, log)


@pytest.hookimpl(trylast=True)  # Hypothesis has said by then which are its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take longest come first. What is drawn at random covers nothing.

    Else the core would be covered by one run of its tests and not by another.
    """
    for item in items:
        if item.get_closest_marker("hypothesis"):
            item.add_marker("no_cover")
    rooms = {item: item.path.relative_to(_ROOT).parts[0] for item in items}
    items.sort(key=lambda item: (*FIRST, rooms[item]).index(rooms[item]))


def pytest_collection_finish() -> None:
    """All tests are there, and stay: no collection of garbage shall look at them again."""
    gc.freeze()
    gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core, and one: half of the time a test waits for another process."""
    return 2 * len(os.sched_getaffinity(0)) + 1
