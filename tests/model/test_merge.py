"""Merge patches (RFC 7396), and the one between two states."""

from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import given

from feed.model.codec import Json, JsonObject
from feed.model.merge import difference, lay, merge, news, same
from tests.model.values import PATCHES, STATES, shape


@pytest.mark.parametrize(
    ("state", "patch", "merged"),
    [
        # RFC 7396, appendix A, where both are objects
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        # further ones
        ({}, {}, {}),
        ({"a": 1}, {}, {"a": 1}),
        ({}, {"a": None}, {}),
        ({"a": 1}, {"a": {"b": None, "c": 2}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({}, {"a": [None, {"b": None}]}, {"a": [None, {"b": None}]}),
        ({"a": 1}, {"a": True}, {"a": True}),
    ],
)
def test_merge(state: JsonObject, patch: JsonObject, merged: JsonObject) -> None:
    assert shape(merge(state, patch)) == shape(merged)


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {}, {"a": None}),
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 3}),
        ({"a": 1}, {"a": True}, {"a": True}),
        ({"a": 0}, {"a": False}, {"a": False}),
        ({"a": 1}, {"a": Decimal("1.0")}, {"a": Decimal("1.0")}),
        ({"a": Decimal("1.0")}, {"a": Decimal("1.00")}, {"a": Decimal("1.00")}),
        ({"a": "1"}, {"a": 1}, {"a": 1}),
        ({"a": [1]}, {"a": [1]}, {}),
        ({"a": [1]}, {"a": [True]}, {"a": [True]}),
        ({"a": [{"b": 1}]}, {"a": [{"b": Decimal("1.0")}]}, {"a": [{"b": Decimal("1.0")}]}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 1}}}, {}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": None}}),
        ({"a": {}}, {"a": []}, {"a": []}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": 1}, {"a": 1}),
    ],
)
def test_difference(before: JsonObject, after: JsonObject, patch: JsonObject) -> None:
    assert shape(difference(before, after)) == shape(patch)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1, True),
        (1, True, False),
        (0, False, False),
        (1, Decimal("1.0"), False),
        (Decimal("1.0"), Decimal("1.0"), True),
        (Decimal("1.0"), Decimal("1.00"), False),
        (Decimal("0.0"), Decimal("-0.0"), False),
        ("a", "a", True),
        ("1", 1, False),
        (None, None, True),
        (None, False, False),
        ([1, [2]], [1, [2]], True),
        ([1, [2]], [1, [Decimal("2.0")]], False),
        ([], {}, False),
    ],
)
def test_same(one: Json, other: Json, equal: bool) -> None:  # noqa: FBT001  (a case)
    assert same(one, other) is equal
    assert same(other, one) is equal


@given(STATES, STATES)
def test_the_difference_leads_from_one_state_to_the_other(
    before: JsonObject, after: JsonObject
) -> None:
    assert shape(merge(before, difference(before, after))) == shape(after)


@given(STATES, STATES)
def test_the_difference_names_nothing_that_is_not_needed(
    before: JsonObject, after: JsonObject
) -> None:
    patch = difference(before, after)
    for name in patch:
        less = {other: value for other, value in patch.items() if other != name}
        assert shape(merge(before, less)) != shape(after)


@pytest.mark.parametrize(
    ("state", "patch", "back"),
    [
        ({}, {}, {}),
        ({"a": "1", "b": "2"}, {"a": "3"}, {"a": "1"}),
        ({"a": "1"}, {"a": "1"}, {"a": "1"}),
        ({"a": "1"}, {"a": None}, {"a": "1"}),
        ({}, {"a": "1"}, {"a": None}),
        ({}, {"a": {"b": 1}}, {"a": None}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}}, {"a": {"b": 1, "d": None}}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": {"b": 1}}),
        ({"a": [1]}, {"a": {"b": None}}, {"a": [1]}),
    ],
)
def test_the_way_back(state: JsonObject, patch: JsonObject, back: JsonObject) -> None:
    assert shape(lay(state, patch)[1]) == shape(back)


@given(STATES, PATCHES)
def test_a_patch_that_is_taken_back_leaves_the_state(state: JsonObject, patch: JsonObject) -> None:
    after, back = lay(state, patch)
    assert shape(after) == shape(merge(state, patch))
    assert shape(merge(after, back)) == shape(state)


@pytest.mark.parametrize(
    ("state", "patch", "new"),
    [
        ({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}, {"b": "3", "c": "4"}),
        ({"a": "1"}, {"a": None, "b": None}, {"a": None}),
        ({"a": True}, {"a": 1}, {"a": 1}),
        ({"a": Decimal("1.0")}, {"a": Decimal("1.00")}, {"a": Decimal("1.00")}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 3}}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": None}}, {}),
        ({"a": {"b": 1}}, {"a": {}}, {}),
        ({"a": 1}, {"a": {}}, {"a": {}}),
        ({}, {"a": {"b": None}}, {"a": {"b": None}}),
        ({"a": [1]}, {"a": [1]}, {}),
        ({"a": "1"}, {"a": 1}, {"a": 1}),
    ],
)
def test_news(state: JsonObject, patch: JsonObject, new: JsonObject) -> None:
    assert shape(news(state, patch)) == shape(new)


@given(STATES, PATCHES)
def test_the_news_of_a_patch_does_what_the_patch_does(state: JsonObject, patch: JsonObject) -> None:
    new = news(state, patch)

    assert shape(merge(state, new)) == shape(merge(state, patch))
    assert (new == {}) == (shape(merge(state, patch)) == shape(state))


@given(STATES)
def test_there_is_no_difference_to_itself(state: JsonObject) -> None:
    assert difference(state, deepcopy(state)) == {}


@given(STATES, PATCHES)
def test_a_patch_laid_over_twice_is_as_once(state: JsonObject, patch: JsonObject) -> None:
    once = merge(state, patch)

    assert shape(merge(once, patch)) == shape(once)


@given(STATES, PATCHES)
def test_neither_argument_is_changed(state: JsonObject, patch: JsonObject) -> None:
    shapes = shape(state), shape(patch)
    merged = merge(state, patch)
    difference(state, merged)
    lay(state, patch)
    news(state, patch)
    merge(merged, {name: {"new": 1} for name in merged})

    assert (shape(state), shape(patch)) == shapes


@given(PATCHES)
def test_a_whole_item_holds_no_nulls_but_in_arrays(data: JsonObject) -> None:
    def clean(value: Json) -> bool:
        if isinstance(value, dict):
            return all(map(clean, value.values()))
        return value is not None

    assert clean(merge({}, data))
