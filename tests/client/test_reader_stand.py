"""A reader that has a cursor and no items stands on items as of a later place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.fault import ServerFault
from feed.client.frame import Element, Subscribed, Update
from feed.client.reader import Item, Reader
from feed.model.merge import difference

RESUMED = Subscribed(topics=("*",), resumed=True)


def whole(v: int, **data: Any) -> Element:
    return Element(topic="price:A", v=v, ts=1, data=data)


def patch(v: int, merged: int = 1, **fields: Any) -> Element:
    return Element(topic="price:A", v=v, ts=1, patch=fields, merged=merged)


def gone(v: int) -> Element:
    return Element(topic="price:A", v=v, ts=1, gone=True)


def update(*items: Element) -> Update:
    return Update(cursor="e-9", pt=1, items=items)


def standing(*items: Element) -> Reader:
    """Resumed at a place, with these items as they were later."""
    reader = Reader("e-5")
    reader.opened()
    assert reader.lacks(RESUMED)
    reader.stand(items, RESUMED)
    assert not reader.lacks(RESUMED)
    reader.apply(RESUMED)
    return reader


def test_one_without_a_cursor_lacks_nothing() -> None:
    reader = Reader()
    assert not reader.lacks(RESUMED)
    assert reader.stand([whole(1)], RESUMED).steps == ()


@pytest.mark.parametrize(
    ("told", "versions"),
    [
        ([patch(5, x=5)], []),
        ([patch(6, merged=3, x=6)], []),
        ([whole(4, x=4)], []),
        ([patch(7, x=7)], [7]),
        ([patch(5, x=5), patch(6, x=6), patch(7, x=7)], [7]),
        ([whole(9, x=9)], [9]),
        ([gone(7)], [7]),
        ([patch(6, x=6), gone(7), whole(8, x=8)], [7, 8]),
    ],
)
def test_what_is_held_already_is_passed_over(told: list[Element], versions: list[int]) -> None:
    reader = standing(whole(6, x=6))
    frame = update(*told)
    assert not reader.lacks(frame)
    assert [step.v for step in reader.apply(frame).steps] == versions
    assert reader.cursor == "e-9"


@pytest.mark.parametrize("element", [patch(8, merged=3, x=8), patch(9, x=9)])
def test_a_patch_to_another_version_wants_newer_items(element: Element) -> None:
    reader, frame = standing(whole(6, x=6)), update(element)
    assert reader.lacks(frame)
    news = reader.stand([whole(9, x=9)], frame)
    assert [step.v for step in news.steps] == [9]
    assert not reader.lacks(frame)
    assert reader.apply(frame).steps == ()
    with pytest.raises(ServerFault):
        reader.apply(update(patch(12, x=12)))


def test_items_of_which_one_is_none_are_not_stood_on() -> None:
    reader = standing(whole(6, x=6))
    with pytest.raises(ServerFault):
        reader.stand([whole(7), Element(topic="price:B", v=1, ts=1)], RESUMED)
    assert reader.items == {"price:A": Item(6, 1, {"x": 6})}


def test_a_topic_that_had_ended_by_then() -> None:
    reader, frame = standing(), update(patch(8, x=8))
    assert reader.lacks(frame)
    reader.stand([], frame)
    assert not reader.lacks(frame)
    assert reader.apply(frame).steps == ()
    assert [step.after for step in reader.apply(update(gone(9))).steps] == [None]
    assert reader.apply(update(whole(10, x=10))).steps[0].after == Item(10, 1, {"x": 10})


_states = st.none() | st.dictionaries(st.sampled_from("pqr"), st.integers(0, 2), max_size=3)


@given(st.lists(_states, min_size=1, max_size=12), st.data())
def test_whenever_items_are_had_the_end_is_the_last_state(
    history: list[dict[str, Any] | None], data: st.DataObject
) -> None:
    """Versions count from 1; None: gone. Frames tell some versions each, merged or one by one."""
    states: list[dict[str, Any] | None] = [None, *history]
    last = len(history)

    def now(least: int) -> list[Element]:
        v = data.draw(st.integers(least, last))
        state = states[v]
        return [] if state is None else [whole(v, **state)]

    def told(before: int, after: int) -> Element:
        had, state = states[before], states[after]
        if state is None:
            return gone(after)
        if had is None or None in states[before : after + 1]:
            return whole(after, **state)
        return Element(
            topic="price:A", v=after, ts=1, patch=difference(had, state), merged=after - before
        )

    at = data.draw(st.integers(0, last))
    reader = Reader("e-5")
    reader.opened()
    assert reader.lacks(RESUMED)
    reader.stand(now(at), RESUMED)
    reader.apply(RESUMED)
    while at < last:
        to = data.draw(st.integers(at + 1, last))
        steps = range(at, to) if data.draw(st.booleans()) else [at]
        ends = [*steps[1:], to]
        frame = update(*map(told, steps, ends))
        tries = 0
        while reader.lacks(frame):
            tries += 1
            reader.stand(now(to) if tries < 3 else now(last), frame)
            assert tries < 5
        reader.apply(frame)
        at = to
    held, end = reader.items.get("price:A"), states[last]
    assert (held and held.data) == end
    assert held is None or held.v == last
