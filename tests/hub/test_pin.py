"""What is pinned stays, what the source says is kept beside it, and comes back in the end."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.hub.pin import Pinned, held_back, pinned, pins, released
from feed.model.merge import merge

LATE, NOW, EARLY = 3000, 2000, 1000

HELD_BACK: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "nothing is pinned": ({"a": 1}, {"a": 2}, {"a": 2}),
    "another field": (
        {"a": 1, "pinned": {"/a": {"until": LATE}}},
        {"b": 2},
        {"b": 2},
    ),
    "the field": (
        {"a": 1, "pinned": {"/a": {"until": LATE}}},
        {"a": 2, "b": 2},
        {"b": 2, "pinned": {"/a": {"source": 2, "gone": None}}},
    ),
    "a field in an object": (
        {"home": {"score": 2, "name": "H"}, "pinned": {"/home/score": {"until": LATE}}},
        {"home": {"score": 1, "name": "I"}},
        {"home": {"name": "I"}, "pinned": {"/home/score": {"source": 1, "gone": None}}},
    ),
    "an object around it": (
        {"home": {"score": 2}, "pinned": {"/home/score": {"until": LATE}}},
        {"home": None},
        {},
    ),
    "within what is pinned": (
        {"a": {}, "pinned": {"/a": {"until": LATE}}},
        {"a": {"b": 1}},
        {},
    ),
    "taken away": (
        {"a": 1, "pinned": {"/a": {"until": LATE}}},
        {"a": None},
        {"pinned": {"/a": {"source": None, "gone": True}}},
    ),
    "over": (
        {"a": 1, "pinned": {"/a": {"until": NOW, "source": 0}}},
        {"a": 2},
        {"a": 2, "pinned": None},
    ),
    "one of two is over": (
        {"a": 1, "b": 1, "pinned": {"/a": {"until": NOW}, "/b": {"until": LATE}}},
        {"a": 2},
        {"a": 2, "pinned": {"/a": None}},
    ),
    "a name with slashes": (
        {"a/b~": 1, "pinned": {"/a~1b~0": {"until": LATE}}},
        {"a/b~": 2},
        {"pinned": {"/a~1b~0": {"source": 2, "gone": None}}},
    ),
    "no pins of ours": ({"a": 1, "pinned": "yes"}, {"a": 2}, {"a": 2}),
    "a pin without a time": (
        {"a": 1, "pinned": {"/a": 1}},
        {"a": 2},
        {"a": 2, "pinned": None},
    ),
}


@pytest.mark.parametrize(("state", "patch", "left"), HELD_BACK.values(), ids=HELD_BACK)
def test_held_back(state: dict[str, Any], patch: dict[str, Any], left: dict[str, Any]) -> None:
    assert held_back(state, patch, NOW) == left


def test_a_whole_item_says_again_what_is_pinned() -> None:
    state: dict[str, Any] = {"a": 2, "pinned": {"/a": {"until": LATE, "source": 1}}}
    assert held_back(state, {}, NOW, {"a": 2}) == {"pinned": {"/a": {"source": 2, "gone": None}}}


RELEASED: dict[str, tuple[dict[str, Any], int | None, dict[str, Any]]] = {
    "none": ({"a": 1}, None, {}),
    "not over yet": ({"a": 1, "pinned": {"/a": {"until": LATE}}}, NOW, {}),
    "over": ({"a": 1, "pinned": {"/a": {"until": NOW}}}, NOW, {"pinned": None}),
    "by hand": ({"a": 1, "pinned": {"/a": {"until": LATE}}}, None, {"pinned": None}),
    "with what the source said": (
        {"h": {"s": 1}, "pinned": {"/h/s": {"until": NOW, "source": 2}}},
        NOW,
        {"h": {"s": 2}, "pinned": None},
    ),
    "which took it away": (
        {"a": 1, "pinned": {"/a": {"until": NOW, "gone": True}}},
        NOW,
        {"a": None, "pinned": None},
    ),
    "one in another": (
        {
            "a": 1,
            "pinned": {"/a": {"until": NOW, "source": 1}, "/a/b": {"until": NOW, "source": 2}},
        },
        NOW,
        {"a": 1, "pinned": None},
    ),
    "one of two": (
        {"a": 1, "b": 1, "pinned": {"/a": {"until": EARLY}, "/b": {"until": LATE}}},
        NOW,
        {"pinned": {"/a": None}},
    ),
}


@pytest.mark.parametrize(("state", "now_ms", "patch"), RELEASED.values(), ids=RELEASED)
def test_released(state: dict[str, Any], now_ms: int | None, patch: dict[str, Any]) -> None:
    assert released(state, now_ms) == patch


def test_what_is_pinned_is_told_beside_what_its_source_says() -> None:
    state: dict[str, Any] = {
        "price": "70000.00",
        "a/b": 1,
        "home": {"score": 2},
        "pinned": {
            "/price": {"until": LATE, "source": "69000.00"},
            "/home/score": {"until": LATE},
            "/home/name": {"until": LATE, "source": None, "gone": True},
            "/a~1b": {"until": EARLY},
            "/odd": 1,
        },
    }
    assert pinned(state, NOW) == [
        Pinned("/home/name", None, None, gone=True, until=LATE),
        Pinned("/home/score", 2, None, gone=False, until=LATE),
        Pinned("/price", "70000.00", "69000.00", gone=False, until=LATE),
    ]
    assert pinned({}, NOW) == []


names = st.sampled_from(["a", "b", "c/d"])
values = st.recursive(
    st.integers(0, 3) | st.none(),
    lambda inner: st.dictionaries(names, inner, min_size=1, max_size=2),
    max_leaves=4,
)
patches = st.dictionaries(names, values, max_size=3)


@given(patches, patches, st.lists(patches, max_size=4))
def test_no_source_moves_what_is_pinned(
    first: dict[str, Any], by_hand: dict[str, Any], said: list[dict[str, Any]]
) -> None:
    state: dict[str, Any] = merge(merge({}, first), by_hand | pins(by_hand, LATE))
    pinned = [*state["pinned"]]
    before = {pointer: at(state, pointer) for pointer in pinned}
    for patch in said:
        state = merge(state, held_back(state, patch, NOW))
        assert {pointer: at(state, pointer) for pointer in pinned} == before
    after = merge(state, released(state, None))
    assert after.get("pinned", {}) == {}


def at(state: Any, pointer: str) -> Any:
    for name in (part.replace("~1", "/") for part in pointer[1:].split("/")):
        if not isinstance(state, dict) or name not in state:
            return None
        state = state[name]
    return state
