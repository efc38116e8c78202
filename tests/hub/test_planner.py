"""The states that a batch is planned on."""

import pytest

from feed.clock import SystemClock
from feed.hub.compose import State
from feed.hub.hub import Hub
from feed.hub.planner import Plan, Planner, checked_some
from feed.log.base import Ground
from feed.log.memory import MemoryLog
from feed.model.change import Change
from feed.model.entry import Record
from tests.support.log import appended


def put(topic: str = "score:A", **patch: int) -> Change:
    return Change(topic=topic, patch=dict(patch))


@pytest.fixture
async def planner(hub: Hub) -> Planner:
    return Planner(hub, SystemClock(), 1000)


def left(states: dict[str, State]) -> Plan:
    """Of others, that leaves these."""
    return Plan([], [], states, set(), Ground(), set())


def versions(planner: Planner, *changes: Change) -> list[int]:
    return [record.v for record in planner.plan(changes, None).records]


async def test_a_plan_begins_with_what_is_to_be_built_on(planner: Planner) -> None:
    first = planner.plan([put(x=1), put(y=1)], None)
    assert [state.data for state in first.states.values()] == [{"x": 1, "y": 1}]
    assert versions(planner, put(x=2)) == [1], "nobody said that it is so"

    planner.build_on(first)
    assert versions(planner, put(x=2)) == [3]

    planner.settle(first)
    assert versions(planner, put(x=2)) == [1]


async def test_a_plan_tells_what_it_builds_on_until_that_is_so(planner: Planner) -> None:
    first = planner.plan([put(x=1)], None)
    planner.build_on(first)
    second = planner.plan([put(y=1), put("score:B", x=1)], None)
    planner.build_on(second)
    third = planner.plan([put(z=1)], None)

    assert (first.on, second.on, third.on) == (set(), {first.ground}, {second.ground})
    second.ground.is_so = True
    planner.settle(second)
    assert planner.plan([put(z=1)], None).on == set()
    assert planner.plan([put(y=1)], "s").records == [], "what is so is still known"


async def test_news_of_a_source_that_are_on_their_way_tell_whose(planner: Planner) -> None:
    first = planner.plan([put(x=1)], None)
    planner.build_on(first)

    again = planner.plan([put(x=1)], "s")
    assert (again.records, again.on) == ([], {first.ground})


async def test_what_was_built_on_a_failure_is_left_to_its_own(planner: Planner) -> None:
    first = planner.plan([put(x=1)], None)
    planner.build_on(first)
    second = planner.plan([put(x=2)], None)
    planner.build_on(second)

    planner.settle(first)
    assert versions(planner, put(x=3)) == [3]
    planner.settle(second)
    assert versions(planner, put(x=3)) == [1]


async def test_what_the_hub_read_later_counts(hub: Hub, log: MemoryLog, planner: Planner) -> None:
    planner.build_on(left({"score:A": State(1, 5, {"x": 1})}))
    by_others = [Record(topic="score:A", v=v, ts=v, item=b"{}", data=b'{"z":1}') for v in (1, 2)]
    await appended(log, *by_others)
    await hub.live.reached(2)

    plan = planner.plan([put(x=2)], None)
    assert plan.states["score:A"].data == {"z": 1, "x": 2}
    assert plan.records[0].v == 3


async def test_a_topic_that_others_changed_is_forgotten(planner: Planner) -> None:
    planner.build_on(left({"score:A": State(4, 5, {"x": 1})}))
    planner.forget(["score:A", "score:B"])

    assert versions(planner, put(x=2)) == [1]


async def test_of_many_topics_no_more_is_kept_than_helps(
    hub: Hub, log: MemoryLog, planner: Planner
) -> None:
    await appended(log, Record(topic="score:A", v=1, ts=1, item=b"{}", data=b'{"x":1}'))
    await hub.live.reached(1)
    planner.plan([], None)
    planner.build_on(left({f"score:{n}": State(7, 5, {}) for n in range(10_001)}))
    planner.build_on(left({"score:A": State(2, 5, {"x": 2})}))

    assert versions(planner, put("score:10000", x=1), put(x=3)) == [1, 3]


async def test_a_source_s_changes_that_are_wrong_are_left_out(
    planner: Planner, caplog: pytest.LogCaptureFixture
) -> None:
    good, wrong = put(x=1), Change(topic="score:B")

    assert checked_some([good, wrong], "s") == [good]
    assert planner.plan([good, put(x=1), put(y=1)], "s").places == [0, 2]
    assert caplog.messages == [
        "source s: score:B is refused: $: one of `set`, `data`, `event` or `gone` is needed"
    ]
