"""Points, whatever happens, are what someone sees who watches each price all the time."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from feed.model.codec import JsonObject
from feed.model.entry import Entry
from tests.support.clock import run_virtual
from tests.support.log import Outliving
from tests.support.past import A, B, Instance, M, running

PATCHES: list[JsonObject | None] = [
    {"price": "1"},
    {"price": "2.5"},
    {"price": "10"},
    {"bid": "1"},
    {"price": "3", "state": "live"},
    {"state": "live"},
    {"state": "stale"},
    {"state": "halted", "price": "4"},
    {"state": "closed"},
    {"price": None},
    None,
]


class Step(NamedTuple):
    """After so many seconds a change of a topic; or a restart, or nothing."""

    pause_s: float
    topic: str = A
    patch: JsonObject | None = None
    what: str = "change"


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([0.0, 1.0, 4.5, 20.0]),
        st.sampled_from([A, B]),
        st.sampled_from(PATCHES),
    )
    | st.builds(
        Step, st.sampled_from([1.0, 55.0, 130.0, 400.0]), what=st.sampled_from(["restart", "wait"])
    ),
    max_size=40,
)


@given(STEPS)
def test_points_are_what_a_watcher_saw(steps: list[Step]) -> None:
    run_virtual(_play(steps))


async def _play(steps: list[Step]) -> None:
    """Compare all points with those that follow from all entries, read one by one."""
    log, left = Outliving(), list(steps)
    while True:
        async with running(log) as one:
            while left and left[0].what != "restart":
                await _do(one, left.pop(0))
            await _compare(one, log)
        if not left:
            break
        await asyncio.sleep(left.pop(0).pause_s)


async def _do(one: Instance, step: Step) -> None:
    await asyncio.sleep(step.pause_s)
    item = one.hub.current(step.topic)
    is_there = item is not None and item.data is not None
    if step.what == "change" and (step.patch is not None or is_there):
        await one.put(step.patch, step.topic)


async def _compare(one: Instance, log: Outliving) -> None:
    entries = list(await log.read(0, 10_000))
    kept = {minute - M for minute in await log.bars([], 0, 2 * M)}
    now_s = (await one.history.reached(one.hub.live)).now_ms // 1000 - M * 60
    for step_s, points in ((60, 60), (300, 12), (1800, 2)):
        shown = await one.all_shown([A, B], points, 3600)
        for topic in (A, B):
            states = list(_states(entry for entry in entries if entry.topic == topic))
            for begin_s in _steps(step_s, points, now_s):
                minutes = {*range(begin_s // 60, (begin_s + step_s) // 60)}
                point = shown[topic].pop(begin_s, None)
                _check(point, states, begin_s, step_s, is_attended=not minutes.isdisjoint(kept))
            assert shown[topic] == {}


def _steps(step_s: int, points: int, now_s: int) -> Iterator[int]:
    """When the last steps begin, in seconds after minute M."""
    last = (now_s + M * 60) // step_s
    for step in range(last + 1 - points, last + 1):
        yield step * step_s - M * 60


def _states(entries: Iterator[Entry]) -> Iterator[tuple[float, str | None]]:
    """When the price of a topic was told, or that there is none, in seconds after minute M."""
    for entry in entries:
        state = entry.after() or {}
        is_shown = state.get("state") not in ("stale", "down", "halted")
        price = state.get("price") if is_shown else None
        yield (entry.at - M * 60_000) / 1000, None if price is None else str(price)


def _check(
    point: str | None,
    states: list[tuple[float, str | None]],
    begin_s: int,
    step_s: int,
    *,
    is_attended: bool,
) -> None:
    """A step shows the prices that were told in it, else the one that stood all the while."""
    within = [price for at, price in states if begin_s <= at < begin_s + step_s]
    told = [price for price in within if price]
    before = [price for at, price in states if at < begin_s]
    if told:
        assert point is not None
        first, highest, lowest, last = point.split()
        prices = [Decimal(price) for price in told]
        assert (first, last) == (told[0], told[-1])
        assert (Decimal(highest), Decimal(lowest)) == (max(prices), min(prices))
    elif within or not before or before[-1] is None:
        assert point is None
    else:
        assert point in ([] if is_attended else [None]) + [" ".join([before[-1]] * 4)]
