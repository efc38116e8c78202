"""A change and the state that it meets."""

import json
from decimal import Decimal
from typing import Any

import pytest

from feed.errors import BadChange
from feed.hub.compose import MAX_BYTES, NOTHING, State, checked, compose, newly
from feed.model.change import Change, EventChange
from feed.model.codec import JsonObject, encode

GOAL = EventChange(kind="goal", id="g-1")
HELD = State(4, 7, {"price": "5", "high": "6", "low": "4", "name": "n"})
BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["$"]),
    ({"patch": {}, "data": {}}, ["$"]),
    ({"patch": {}, "gone": True}, ["$"]),
    ({"patch": {"price": "x"}}, ["$.set.price"]),
    ({"data": {"price": True}}, ["$.data.price"]),
    ({"patch": {}, "ts": -1}, ["$.ts"]),
    ({"patch": {"x": 1}, "pin_s": 0}, ["$.pin_s"]),
    ({"patch": {"x": 1}, "pin_s": 604_801}, ["$.pin_s"]),
    ({"data": {"x": 1}, "pin_s": 5}, ["$.pin_s"]),
    ({"event": EventChange()}, ["$.event.kind"]),
    ({"event": EventChange(op="void", kind="goal")}, ["$.event.id"]),
    ({"event": EventChange(kind="", id="\n")}, ["$.event.id", "$.event.kind"]),
    ({"event": EventChange(kind="k" * 129)}, ["$.event.kind"]),
    ({"event": EventChange(kind="k", ts=-1)}, ["$.event.ts"]),
    ({"event": EventChange(kind="k", data={"x": "y" * MAX_BYTES})}, ["$.event"]),
    ({"event": EventChange(kind="k", data={"x": 10**64})}, ["$.event.data.x"]),
]
GOOD: list[dict[str, Any]] = [
    {"patch": {}},
    {"data": {}, "ts": 0},
    {"gone": True, "event": GOAL},
    {"event": EventChange(op="amend", id="g", ts=0)},
]


@pytest.mark.parametrize(("change", "paths"), BAD)
def test_what_is_wrong_with_a_change_by_itself(change: dict[str, Any], paths: list[str]) -> None:
    with pytest.raises(BadChange) as caught:
        checked(Change(topic="price:A", **change))

    assert [fault.path for fault in caught.value.faults] == paths


@pytest.mark.parametrize("change", GOOD)
def test_what_is_right(change: dict[str, Any]) -> None:
    right = Change(topic="price:A", **change)

    assert checked(right) is right


def test_decimals_that_were_numbers_become_their_texts() -> None:
    def price(number: Decimal | str) -> JsonObject:
        return {"price": number, "x": Decimal("1.0")}

    one = checked(Change(topic="price:A", patch=price(Decimal("7.00")), ts=3))
    other = checked(Change(topic="price:A", data=price(Decimal("7.00"))))

    assert one == Change(topic="price:A", patch=price("7.00"), ts=3)
    assert other == Change(topic="price:A", data=price("7.00"))


def item(change: Change, state: State = NOTHING) -> dict[str, Any]:
    record, _ = compose(change, state, 9)
    element: dict[str, Any] = json.loads(record.item or b"null")
    return element


def test_a_patch_goes_out_with_what_follows_from_it() -> None:
    told = item(Change(topic="price:A", patch={"price": "7.00", "x": None}), HELD)

    assert told == {
        "topic": "price:A", "v": 5, "ts": 9,
        "set": {"price": "7.00", "x": None, "high": "7.00"},
    }  # fmt: skip


def test_the_first_patch_of_a_topic_is_whole_and_without_nulls() -> None:
    told = item(Change(topic="price:A", patch={"price": "1", "x": None}, ts=3))

    assert told["data"] == {"price": "1", "high": "1", "low": "1"}
    assert (told["v"], told["ts"]) == (1, 3)


def test_the_way_back_of_a_patch_takes_what_was_derived_with_it() -> None:
    record, state = compose(Change(topic="price:A", patch={"price": "7.00", "x": "1"}), HELD, 9)

    assert json.loads(record.undo or b"") == [7, {"price": "5", "x": None, "high": "6"}]
    assert state.data == {"price": "7.00", "high": "7.00", "low": "4", "name": "n", "x": "1"}
    assert json.loads(record.data or b"") == state.data
    assert HELD.data == {"price": "5", "high": "6", "low": "4", "name": "n"}, "it may be held"


def test_data_replaces_and_begins_anew() -> None:
    told = item(Change(topic="price:A", data={"price": "5.5"}), HELD)

    assert told["data"] == {"price": "5.5", "high": "5.5", "low": "5.5"}


def test_scores_have_nothing_derived() -> None:
    told = item(Change(topic="score:A", data={"price": 1, "home": {"score": 2}}))

    assert told["data"] == {"price": 1, "home": {"score": 2}}


def test_a_topic_ends_and_comes_back_from_nothing() -> None:
    record, state = compose(Change(topic="price:A", gone=True), HELD, 9)
    assert json.loads(record.item or b"") == {"topic": "price:A", "v": 5, "ts": 9, "gone": True}
    assert (record.data, state.data) == (None, None)

    assert item(Change(topic="price:A", patch={"x": 1}), state) == {
        "topic": "price:A", "v": 6, "ts": 9, "data": {"x": 1},
    }  # fmt: skip


def test_an_event_alone_leaves_the_item() -> None:
    record, state = compose(Change(topic="price:A", event=GOAL), HELD, 9)

    assert (record.v, record.item, state) == (4, None, HELD)
    assert json.loads(record.event or b"") == {
        "topic": "price:A", "id": "g-1", "op": "add", "kind": "goal", "ts": 9, "data": {},
    }  # fmt: skip


def test_an_event_on_nothing_makes_the_topic() -> None:
    told = item(Change(topic="score:A", event=GOAL))

    assert told == {"topic": "score:A", "v": 1, "ts": 9, "data": {}}


def test_an_event_has_its_own_moment_or_the_change_s() -> None:
    def moment(change: Change) -> int:
        record, _ = compose(change, HELD, 9)
        ts: int = json.loads(record.event or b"")["ts"]
        return ts

    late = EventChange(kind="goal", id="g", ts=2)
    assert moment(Change(topic="price:A", event=late, ts=1)) == 2
    assert moment(Change(topic="price:A", event=GOAL, ts=1)) == 1


def test_an_item_may_be_so_large_and_no_larger() -> None:
    room = MAX_BYTES - len(encode({"x": ""}))
    item(Change(topic="score:A", data={"x": "y" * room}))

    with pytest.raises(BadChange, match=r"^\$: an item over 16384 bytes$"):
        item(Change(topic="score:A", data={"x": "y" * (room + 1)}))


PINNED = State(4, 7, {"price": "5", "pinned": {"/price": {"until": 9}}})
NEWS: list[tuple[dict[str, Any], State, dict[str, Any] | None]] = [
    # what a source says, what is so already → what is left
    ({"patch": {"price": "5", "name": "m"}}, HELD, {"patch": {"name": "m"}}),
    ({"patch": {"price": "5"}}, HELD, None),
    (
        {"patch": {"price": "5"}, "recorded": True},
        HELD,
        {"patch": {"price": "5"}, "recorded": True},
    ),
    ({"data": {}, "recorded": True}, HELD, {"data": {}, "recorded": True}),
    (
        {"patch": {"price": "6", "bid": "1"}, "recorded": True},
        PINNED,
        {"patch": {"bid": "1", "pinned": {"/price": {"source": "6"}}}, "recorded": True},
    ),
    ({"patch": {"price": "5"}, "event": GOAL}, HELD, {"event": GOAL}),
    ({"data": {"price": "6"}}, HELD, {"patch": {"price": "6", "name": None}}),
    ({"data": {"price": "5", "name": "n"}}, HELD, None),
    ({"patch": {"price": "5"}}, NOTHING, {"patch": {"price": "5"}}),
    ({"event": GOAL}, HELD, {"event": GOAL}),
    ({"gone": True}, HELD, {"gone": True}),
    ({"gone": True}, State(5, 7, None), None),
]


@pytest.mark.parametrize(("said", "state", "left"), NEWS)
def test_of_a_source_only_what_is_new(
    said: dict[str, Any], state: State, left: dict[str, Any] | None
) -> None:
    expected = None if left is None else Change(topic="price:A", **left)

    assert newly(Change(topic="price:A", **said), state, 0) == expected
