from typing import Any

import pytest

from feed.model.codec import encode
from feed.model.entry import Item
from feed.web.timeline import event_view, told
from feed.web.view import score_view

CARD = score_view(Item("score:A", 1, 0, encode({"home": {"abbr": "ARS"}})), 0)
NOW = 1_790_000_000_000


def event(name: str, op: str = "add", **data: Any) -> bytes:
    return encode({"id": name, "op": op, "kind": "goal", "ts": NOW, "data": data})


def said(*events: bytes) -> list[tuple[str, str]]:
    return [(view["who"], view["taken"]) for view in (event_view(e, CARD) for e in told(events, 0))]


def test_the_newest_comes_first() -> None:
    assert said(event("1", who="A"), event("2", who="B")) == [("B", ""), ("A", "")]


def test_what_was_taken_back_stays_as_it_stood_and_says_why() -> None:
    goal, void = event("1", who="A"), event("1", "void", who="X", why="offside")
    assert said(goal, event("2", who="B"), void) == [("B", ""), ("A", "taken back: offside")]
    assert said(void) == [("X", "taken back: offside")]
    assert said(goal, event("1", "void")) == [("A", "taken back")]


def test_what_was_corrected_is_as_it_is_now_and_says_so() -> None:
    goal, amended = event("1", who="A"), event("1", "amend", who="B", why="scorer")
    assert said(goal, amended) == [("B", "corrected: scorer")]
    assert said(goal, event("1", "amend", who="B", why=7)) == [("B", "corrected")]
    assert said(goal, amended, event("1", "void")) == [("B", "taken back")]


def test_only_so_many_are_kept() -> None:
    names = [each.id for each in told((event(str(n)) for n in range(70)), 0)]
    assert names == [str(n) for n in range(69, 9, -1)]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (
            {"clock": "67:12", "who": "Saka", "side": "home", "score": [2, 0]},
            ("67:12", "Yellow card", "Saka, ARS", "2–0"),
        ),
        (
            {"clock": "120:00", "scored": False, "penalties": [1, 0], "score": [2, 2]},
            ("120:00", "Yellow card missed", "", "1–0"),
        ),
        ({"side": "home"}, ("14:13 UTC", "Yellow card", "ARS", "")),
        ({"side": "third", "who": ["x"], "score": "2"}, ("14:13 UTC", "Yellow card", "", "")),
    ],
)
def test_a_line_says_when_what_who_and_the_score(
    data: dict[str, Any], line: tuple[str, ...]
) -> None:
    raw = encode({"id": "1", "op": "add", "kind": "yellow_card", "ts": NOW, "data": data})
    view = event_view(told([raw], 0)[0], CARD)
    assert (view["clock"], view["kind"], view["who"], view["score"]) == line


def test_what_was_before_the_start_is_of_an_earlier_match() -> None:
    assert told([event("1"), event("1", "void")], NOW + 1) == []
    assert len(told([event("1")], NOW)) == 1


def test_an_event_without_data_is_told() -> None:
    [each] = told([encode({"id": "1", "op": "add", "kind": "goal", "ts": NOW})], NOW)
    assert event_view(each, CARD)["kind"] == "Goal"
