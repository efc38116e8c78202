"""From log entries to the elements of a frame."""

import json
from typing import Any

from feed.hub.compose import NOTHING, State, compose
from feed.hub.conflate import Held, every, merged, projected
from feed.model.change import Change, EventChange
from feed.model.entry import Entry

X = frozenset({"x"})


def entries(*changes: Change, start: State = NOTHING) -> list[Entry]:
    """The changes as a log holds them, all of one topic."""
    state, made = start, []
    for offset, change in enumerate(changes, 1):
        record, state = compose(change, state, 5)
        fields = (record.item, record.event, record.data, record.undo)
        made.append(Entry(offset, 5, record.topic, record.v, record.ts, *fields))
    return made


def put(**patch: Any) -> Change:
    return Change(topic="score:A", patch=patch)


def items(elements: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(element) for element in elements]


GONE = Change(topic="score:A", gone=True)
HELD = State(1, 5, {"x": 1, "y": {"a": 1}})


def test_every_version_is_an_element_of_its_own() -> None:
    told = every(entries(put(x=1), put(x=2), Change(topic="score:A", event=_goal("g"))))

    assert [item["v"] for item in items(told.items)] == [1, 2]
    assert [event["id"] for event in items(told.events)] == ["g"]


def test_merged_is_the_difference_of_two_states_not_the_patches_laid_over_each_other() -> None:
    told = merged(entries(put(y=None), put(y={"b": 1}), start=HELD))

    (item,) = items(told.items)
    assert item["set"] == {"y": {"a": None, "b": 1}}
    assert (item["v"], item["merged"]) == (3, 2)


def test_one_version_is_told_as_it_was() -> None:
    (item,) = items(merged(entries(put(x=2), start=HELD)).items)

    assert item["set"] == {"x": 2}
    assert "merged" not in item


def test_a_change_and_its_return_still_count_as_versions() -> None:
    (item,) = items(merged(entries(put(x=2), put(x=1), start=HELD)).items)

    assert (item["set"], item["merged"]) == ({}, 2)


def test_a_topic_that_begins_is_whole_and_one_that_ends_is_gone() -> None:
    assert items(merged(entries(put(x=1), put(x=2))).items)[0]["data"] == {"x": 2}
    assert items(merged(entries(put(x=2), GONE, start=HELD)).items)[0]["gone"] is True


def test_a_topic_that_came_back_is_whole() -> None:
    (item,) = items(merged(entries(GONE, put(x=2), start=HELD)).items)

    assert (item["v"], item["data"]) == (3, {"x": 2})


def test_events_are_never_merged() -> None:
    goals = [Change(topic="score:A", patch={"x": n}, event=_goal(f"g{n}")) for n in (2, 3)]

    told = merged(entries(*goals, start=HELD))

    assert len(told.items) == 1
    assert [event["id"] for event in items(told.events)] == ["g2", "g3"]


def _goal(name: str) -> EventChange:
    return EventChange(kind="goal", id=name)


def test_fields_leave_the_others_out_and_count_what_was_not_sent() -> None:
    held = Held(resumed=False)
    log = entries(put(y=1), put(x=2, z=1), put(z=2), put(x=3), start=HELD)

    told = items(projected(log, X, held, merge=False).items)

    assert [(item["v"], item["set"], item.get("merged")) for item in told] == [
        (3, {"x": 2}, 2),
        (5, {"x": 3}, 2),
    ]


def test_fields_and_merging_together() -> None:
    log = entries(put(y=1), put(x=2), put(x=3), start=HELD)

    (item,) = items(projected(log, X, Held(resumed=False), merge=True).items)

    assert (item["v"], item["set"], item["merged"]) == (4, {"x": 3}, 3)


def test_fields_and_merging_pass_over_what_changes_no_item() -> None:
    goal = Change(topic="score:A", event=_goal("g"))
    told = projected(
        entries(put(x=2), goal, put(x=3), start=HELD), X, Held(resumed=False), merge=True
    )

    (item,) = items(told.items)
    assert (item["set"], item["merged"]) == ({"x": 3}, 2)
    assert [event["id"] for event in items(told.events)] == ["g"]


def test_after_a_resume_the_first_change_is_whole() -> None:
    held = Held(resumed=True)
    log = entries(put(x=2), put(x=3), start=HELD)

    first, second = items(projected(log, X, held, merge=False).items)

    assert first["data"] == {"x": 2}
    assert second["set"] == {"x": 3}


def test_a_topic_that_begins_or_ends_within_fields() -> None:
    log = entries(put(y=1), GONE, put(y=2))

    begun, ended, again = items(projected(log, X, Held(resumed=False), merge=False).items)

    assert (begun["data"], ended["gone"], again["data"]) == ({}, True, {})


def test_state_and_why_are_nobody_s_to_leave_out() -> None:
    log = entries(put(state="halted"), start=HELD)

    told = projected(log, X | {"state", "why"}, Held(resumed=False), merge=False)

    assert items(told.items)[0]["set"] == {"state": "halted"}


def test_what_clients_hold_in_common() -> None:
    held = Held(resumed=False)
    held.skip("a", 2)
    held.skip("a", 1)
    assert held.is_sure("a")

    # One who came with a snapshot holds the versions that were not sent to the others.
    held.join(Held(resumed=False))
    assert not held.is_sure("a")
    assert held.is_sure("b")
    assert held.send("a") == 3
    assert held.is_sure("a")
    assert held.send("a") == 0


def test_one_who_resumed_makes_all_unsure() -> None:
    held = Held(resumed=False)
    held.send("a")

    held.join(Held(resumed=True))

    assert not held.is_sure("a")
    held.send("a")
    assert held.is_sure("a")
    assert not held.is_sure("b")


def test_what_one_is_unsure_of_the_group_is_unsure_of() -> None:
    other = Held(resumed=False)
    other.skip("b", 1)
    other.join(Held(resumed=False))
    held = Held(resumed=True)
    held.send("b")
    held.send("c")

    held.join(other)

    assert not held.is_sure("b")
    assert held.is_sure("c")
