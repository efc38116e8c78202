"""A score that moves, and the events that tell it."""

from typing import NamedTuple

import pytest

from feed.model.change import EventChange
from feed.model.codec import JsonObject
from feed.sources.desk.tally import Settled, Tally, points, settle, word


class Case(NamedTuple):
    """Goals that count, the score before and after, what a source lists; what is told of it."""

    name: str
    goals: str
    before: tuple[int, int]
    after: tuple[int, int]
    listed: list[EventChange]
    told: list[str]
    waiting: list[str] = []  # noqa: RUF012  (never changed)
    is_first: bool = False


def event(op: str, event_id: str, side: str = "home", by: int = 1) -> EventChange:
    data: JsonObject = {} if op == "void" else {"side": side, "by": by}
    return EventChange(op=op, id=event_id, kind="goal", data=data)  # type: ignore[arg-type]


def add(event_id: str, side: str = "home", by: int = 1) -> EventChange:
    return event("add", event_id, side, by)


def amend(event_id: str, side: str = "home", by: int = 1) -> EventChange:
    return event("amend", event_id, side, by)


def void(event_id: str) -> EventChange:
    return event("void", event_id)


CASES = [
    Case("nothing", "", (1, 0), (1, 0), [], []),
    Case("two that are listed", "", (0, 0), (2, 0), [add("a"), add("b")], ["add a", "add b"]),
    Case("two of which none is", "", (0, 0), (2, 0), [], ["add i-home-2 +2 inferred"]),
    Case("two of which one is", "", (0, 0), (2, 0), [add("a")], ["add a", "add i-home-2 inferred"]),
    Case("one on each side", "", (0, 0), (1, 1), [add("b", "away"), add("a")], ["add b", "add a"]),
    Case("three points at once", "", (0, 0), (3, 0), [add("a", by=3)], ["add a +3"]),
    Case("listed too early", "", (0, 0), (0, 0), [add("a")], [], ["add a"]),
    Case("of two, one too early", "", (0, 0), (1, 0), [add("a"), add("b")], ["add a"], ["add b"]),
    Case("more than moved", "", (0, 0), (2, 0), [add("a", by=3)], ["add i-home-2 +2 inferred"],
         ["add a"]),
    Case("listed again", "a", (1, 0), (1, 0), [add("a")], []),
    Case("listed late", "i?", (1, 0), (1, 0), [add("a")], ["amend i ref a"]),
    Case("one of two listed late", "i?2", (2, 0), (2, 0), [add("a")],
         ["amend i inferred", "add a"]),
    Case("taken back by the source", "a b", (2, 0), (1, 0), [void("a")], ["void a"]),
    Case("taken back too early", "a", (1, 0), (1, 0), [void("a")], [], ["void a"]),
    Case("taken back by nobody", "a b", (2, 0), (1, 0), [], ["void b"]),
    Case("all taken back", "a b", (2, 0), (0, 0), [], ["void b", "void a"]),
    Case("a part taken back", "a3", (3, 0), (2, 0), [], ["amend a +2"]),
    Case("what no event told", "", (1, 0), (0, 0), [], ["add i-home-0 -1 inferred"]),
    Case("one and what no event told", "a", (2, 0), (0, 0), [],
         ["void a", "add i-home-0 -1 inferred"]),
    Case("one for another", "a", (1, 0), (0, 1), [add("b", "away")], ["add b", "void a"]),
    Case("given to the other side", "a", (1, 0), (0, 1), [amend("a", "away")], ["amend a"]),
    Case("given to the other side too early", "a", (1, 0), (1, 0), [amend("a", "away")], [],
         ["amend a"]),
    Case("told better", "a", (1, 0), (1, 0), [amend("a")], ["amend a"]),
    Case("told better late", "i?", (1, 0), (1, 0), [add("a"), amend("a")],
         ["amend i ref a", "amend i ref a"]),
    Case("known long since", "", (2, 0), (2, 0), [add("a"), add("b")], ["add a", "add b"], [],
         is_first=True),
    Case("of three the last is new", "", (2, 0), (3, 0), [add("a"), add("b"), add("c")],
         ["add a", "add b", "add c"], [], is_first=True),
    Case("taken back before it counted", "", (0, 0), (0, 0), [add("a"), void("a")], []),
    Case("told better before it counted", "", (0, 0), (0, 0), [add("a"), amend("a")], [],
         ["add a"]),
    Case("taken back, and yet", "-a", (0, 0), (1, 0), [add("a")], ["amend a"]),
    Case("taken back already", "-a", (0, 0), (0, 0), [void("a"), amend("a")], []),
]  # fmt: skip


def tally(goals: str) -> Tally:
    """`a3` is a goal of three points, `i?` one that was inferred, `-a` one that was taken back."""
    made = Tally()
    for text in goals.split():
        name = text.lstrip("-")[0]
        by = int(text[-1]) if text[-1].isdigit() else 1
        data: JsonObject = {"side": "home", "by": by}
        made.take("add", name, "goal", data | {"inferred": True} if "?" in text else data)
        if text.startswith("-"):
            made.take("void", name, "goal", {})
    return made


def told(settled: Settled) -> list[str]:
    """`amend i +2 inferred ref a`; a point alone is not said."""
    lines = []
    for each in settled.steps:
        event, data = each.event, each.event.data
        by = data.get("by", 1) if event.op != "void" else 1
        words = [event.op, str(event.id), f"{by:+d}" if by != 1 else ""]
        words += ["inferred" if data.get("inferred") else ""]
        words += [f"ref {data['ref']}" if "ref" in data else ""]
        lines.append(" ".join(word for word in words if word))
    return lines


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_score(case: Case) -> None:
    settled = settle(
        tally(case.goals),
        dict(zip(("home", "away"), case.before, strict=True)),
        dict(zip(("home", "away"), case.after, strict=True)),
        case.listed,
        kind="goal",
        why="because",
        mark="i",
        is_first=case.is_first,
    )
    assert told(settled) == case.told
    assert [f"{event.op} {event.id}" for event in settled.waiting] == case.waiting
    if settled.steps:
        assert tuple(settled.steps[-1].score.values()) == case.after
    assert settled.plain == []


def test_what_is_inferred_says_so_and_what_the_score_is_then() -> None:
    settled = settle(
        Tally(), {"home": 1, "away": 0}, {"home": 3, "away": 1}, [],
        kind="score", why="", mark="m",
    )  # fmt: skip
    assert [step.event for step in settled.steps] == [
        EventChange(id="m-home-3", kind="score",
                    data={"side": "home", "by": 2, "score": [3, 0], "inferred": True}),
        EventChange(id="m-away-1", kind="score",
                    data={"side": "away", "by": 1, "score": [3, 1], "inferred": True}),
    ]  # fmt: skip


def test_what_is_taken_back_says_why_and_from_whom() -> None:
    settled = settle(
        tally("a"), {"home": 1, "away": 2}, {"home": 0, "away": 2}, [],
        kind="goal", why="an admin said so", mark="m",
    )  # fmt: skip
    data: JsonObject = {"side": "home", "by": 1, "why": "an admin said so", "score": [0, 2]}
    assert [step.event for step in settled.steps] == [
        EventChange(op="void", id="a", kind="goal", data=data)
    ]
    assert settled.corrected == {"home"}


def test_what_does_not_count_passes() -> None:
    card = EventChange(id="c", kind="card", data={"side": "home"})
    shot = EventChange(id="s", kind="goal", data={})
    unknown = void("x")
    settled = settle(
        Tally(), {"home": 0}, {"home": 0}, [card, shot, unknown], kind="goal", why="", mark="m"
    )
    assert settled.plain == [card, shot, unknown]
    assert (settled.steps, settled.waiting) == ([], [])


def test_it_remembers_no_more_than_a_match_has() -> None:
    made = Tally()
    for number in range(600):
        made.take("add", f"g{number}", "goal", {"side": "home"})
    assert len(made.goals) == made.sum("home") == 500
    assert "g599" in made.goals


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("goal", {"side": "home"}, ("home", 1)),
        ("score", {"side": "away", "points": 3}, ("away", 3)),
        ("score", {"side": "away", "points": 3, "by": 2}, ("away", 2)),
        ("correction", {"side": "home", "by": -1}, ("home", -1)),
        ("card", {"side": "home"}, None),
        ("goal", {"side": "left"}, None),
        ("goal", {"side": "home", "by": "2"}, None),
        ("goal", {"side": "home", "by": True}, None),
        (None, {"side": "home"}, None),
    ],
)
def test_which_events_count(
    kind: str | None, data: JsonObject, expected: tuple[str, int] | None
) -> None:
    assert points(kind, data) == expected


@pytest.mark.parametrize(
    ("sport", "expected"),
    [(None, "goal"), ("Football", "goal"), ("hockey", "goal"), ("basketball", "score")],
)
def test_what_a_point_is_called(sport: object, expected: str) -> None:
    assert word(sport) == expected
