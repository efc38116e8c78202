"""Whatever sources say, and whatever happens meanwhile."""

from contextlib import suppress
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from feed.model.change import Change
from feed.model.entry import Entry
from feed.sources.base import as_before
from feed.sources.desk.desk import NothingHeld
from feed.sources.desk.gate import score
from feed.sources.policy import Policy
from tests.support.desk import COIN, MATCH, Room, coin, counted, goal, match

API = Policy(name="api", trust="checked", every_s=5, stale_after_s=30)
BACKUP = Policy(name="backup", trust="checked", every_s=5, stale_after_s=30)

PHASES = ["pre", "live", "break", "post", "postponed", "abandoned"]
BACK = {
    "live": {"pre"},
    "break": {"pre"},
    "post": {*PHASES} - {"post"},
    "abandoned": {*PHASES} - {"abandoned"},
}


class Listed(NamedTuple):
    """An event of an answer."""

    op: str
    id: str
    side: str
    by: int


class Answer(NamedTuple):
    """A poll of a match: what it says of the item, if anything, and the events that it lists."""

    said: tuple[int, int, str] | None
    listed: list[Listed]
    act: str


points = st.integers(0, 5)
scores = st.one_of(
    st.tuples(points, points, st.sampled_from(["live", "break", "post"])),
    st.just((0, 0, "pre")),
)
listed = st.builds(
    Listed,
    st.sampled_from(["add", "add", "void", "amend"]),
    st.sampled_from("abcdef"),
    st.sampled_from(["home", "away"]),
    st.integers(1, 3),
)
answers = st.builds(
    Answer,
    st.one_of(st.none(), scores),
    st.lists(listed, max_size=3),
    st.sampled_from(["", "", "", "", "restart", "accept", "reject"]),
)


def poll(room: Room, answer: Answer, known: set[str]) -> list[Entry]:
    """One poll, and what an admin makes of it; `known` are the ids that were ever listed."""
    changes = [] if answer.said is None else [match(*answer.said)]
    for each in answer.listed:
        if each.op == "add":
            known.add(each.id)
        if each.id in known:
            changes.append(goal(each.id, each.side, by=each.by, op=each.op))
    entries = room.poll("api", *changes)
    with suppress(NothingHeld):
        if answer.act == "restart":
            room.restart()
        elif answer.act == "accept":
            entries = entries + room.accept("api", MATCH)
        elif answer.act == "reject":
            room.desk.reject("api", MATCH)
    return entries


@given(st.lists(answers, max_size=14))
def test_the_goals_that_count_are_the_score(polls: list[Answer]) -> None:
    room, known, begin, phase = Room(API), set[str](), 0, "pre"
    room.poll("api", match(0, 0, "pre"))
    for answer in polls:
        for entry in poll(room, answer, known):
            now = str((entry.after() or {}).get("phase")) if entry.item else phase
            if (phase, now) == ("post", "pre"):
                begin = entry.offset - 1  # another match
            phase = now
        assert counted(room.log[begin:]) == room.score()


@given(st.lists(st.tuples(points, points, st.sampled_from(PHASES)), max_size=20))
def test_nothing_goes_back_that_the_source_did_not_stand_by(
    polls: list[tuple[int, int, str]],
) -> None:
    room = Room(API)
    for number, said in enumerate(polls):
        before = room.state(MATCH) if number else {}
        room.poll("api", match(*said))
        after = room.state(MATCH)
        if not before or after == before:
            continue
        last = polls[max(0, number - 2) : number + 1]
        fields: list[list[int | str]] = []
        if after["phase"] in BACK.get(str(before["phase"]), ()):
            fields.append([each[2] for each in last])
        for place, side in enumerate(("home", "away")):
            is_another = after["phase"] == "pre" and before["phase"] in ("post", "abandoned")
            if not is_another and score(after)[side] < score(before)[side]:
                fields.append([each[place] for each in last])
        for said_last in fields:
            assert said_last == [said_last[0]] * 3
        assert (after["home"], after["away"], after["phase"]) == (
            {"score": said[0]}, {"score": said[1]}, said[2],
        ), "what is shown was said now, and as a whole"  # fmt: skip


class Turn(NamedTuple):
    """What happens next: a source says something of a price, fails, or nothing at all."""

    source: str
    what: str
    after_s: int


turns = st.builds(
    Turn,
    st.sampled_from(["api", "api", "backup"]),
    st.sampled_from(["100", "101", "200", "as before", "fails", "silence", "silence"]),
    st.sampled_from([1, 5, 29, 31]),
)


def take(room: Room, turn: Turn) -> list[Entry]:
    match turn.what:
        case "silence":
            return []
        case "fails":
            return room.poll(turn.source, failure="answered 500", after_s=0)
        case "as before":
            spoken = {each.topic for each in room.desk.view(turn.source, room.now_ms).topics}
            changes: list[Change] = [as_before(COIN)] if COIN in spoken else []
            return room.poll(turn.source, *changes, after_s=0)
        case price:
            return room.poll(turn.source, coin(price), after_s=0)


@given(st.lists(turns, max_size=25))
def test_a_state_changes_once_and_is_true(steps: list[Turn]) -> None:
    room = Room(API, BACKUP)
    heard, failed = {"api": -(10**9), "backup": -(10**9)}, {"api": 0, "backup": 0}
    for turn in [Turn("api", "100", 1), Turn("backup", "100", 1), *steps]:
        room.now_ms += turn.after_s * 1000
        entries = take(room, turn)
        if turn.what == "fails":
            failed[turn.source] += 1
        elif turn.what != "silence":
            heard[turn.source], failed[turn.source] = room.now_ms, 0
        assert len(entries) <= 1
        moved = room.look(0)
        assert len(moved) <= 1
        for entry in moved:
            assert entry.before() != entry.after()
        assert room.look(0) == [], "nothing is said twice"
        name, state = room.shown(COIN, "source", "state")
        is_well = {
            each: failed[each] < 2 and room.now_ms - heard[each] <= 30_000 for each in failed
        }
        assert is_well[str(name)] or all(room.held(each) for each in is_well if is_well[each])
        trouble = "down" if failed[str(name)] >= 2 else "stale"
        assert state == ("live" if is_well[str(name)] else trouble)
