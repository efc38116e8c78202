"""Whatever happens in a feed: recorded and played into an empty one, the same happens there."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.frame import Update, parse
from feed.client.reader import Reader
from feed.commands.recorded import before, changes, standing
from feed.hub.compose import NOTHING, State, checked, compose, newly
from feed.model.change import OPS, Change, EventChange, Op
from feed.model.codec import JsonObject, decode
from feed.model.entry import Record
from feed.model.frame import heading, update
from feed.sources.recorded.recording import Played, files_of, read_jsonl
from feed.sources.recorded.rows import Row
from tests.support.recordings import as_lines

TOPICS = ("price:A", "price:B", "score:A", "score:B")
MONEY = st.sampled_from(["0", "1", "2.50", "3", "-4"])
PRICES = ("price", "open", "prev_close", "high", "low", "change", "change_pct", "bid")
OTHERS = st.one_of(st.integers(0, 2), st.just({"z": 1}), st.just([1, None]), st.none())
SCORES = st.dictionaries(st.sampled_from("xyz"), st.one_of(OTHERS, st.just({"z": None, "w": 2})))
FIELDS = {
    "price": st.dictionaries(st.sampled_from(PRICES), st.one_of(MONEY, st.none())),
    "score": SCORES,
}


@st.composite
def histories(draw: st.DrawFn) -> list[list[Change]]:
    """Frames of changes that a feed accepts one after another."""
    frames: list[list[Change]] = []
    alive: set[str] = set()
    ids: dict[str, list[str]] = {topic: [] for topic in TOPICS}
    for number in range(draw(st.integers(1, 25))):
        topic = draw(st.sampled_from(TOPICS))
        kind = draw(st.sampled_from(["patch", "patch", "data", "gone", "event", "both"]))
        fields: dict[str, Any] = {}
        if kind == "gone" and topic in alive:
            fields["gone"] = True
        elif kind != "event":
            name = "data" if kind == "data" else "patch"
            fields[name] = draw(FIELDS[topic.partition(":")[0]])
        if kind in ("event", "both"):
            fields["event"] = draw(events(ids[topic], f"e-{number}"))
        change = Change(topic=topic, ts=draw(st.integers(0, 9)), **fields)
        if change.gone:
            alive.discard(topic)
        elif kind != "event" or fields["event"].op == "add":
            alive.add(topic)
        begins: bool = draw(st.booleans())
        if begins or not frames:
            frames.append([])
        frames[-1].append(checked(change))
    return frames


@st.composite
def events(draw: st.DrawFn, ids: list[str], new: str) -> EventChange:
    data: JsonObject = {"n": draw(st.integers(0, 3))}
    corrects: bool = draw(st.booleans())
    if ids and corrects:
        op: Op = draw(st.sampled_from(OPS[1:]))
        return EventChange(op=op, id=draw(st.sampled_from(ids)), kind="goal", ts=3, data=data)
    ids.append(new)
    return EventChange(id=new, kind="goal", ts=draw(st.one_of(st.none(), st.just(4))), data=data)


class Feed:
    """The records of changes, each on the state that the one before it leaves."""

    def __init__(self) -> None:
        self.states: dict[str, State] = {}
        self.records: list[Record] = []

    def take(self, change: Change) -> Record:
        state = self.states.get(change.topic, NOTHING)
        record, self.states[change.topic] = compose(change, state, 1)
        self.records.append(record)
        return record

    def take_from_a_source(self, change: Change) -> None:
        left = newly(change, self.states.get(change.topic, NOTHING), 1)
        assert left is not None
        self.take(left)

    def told(self) -> tuple[list[bytes], list[bytes]]:
        items = [canonical(record.item) for record in self.records if record.item]
        return items, [canonical(record.event) for record in self.records if record.event]


_sorted = msgspec.json.Encoder(order="sorted", decimal_format="number")


def canonical(text: bytes) -> bytes:
    return _sorted.encode(decode(text))


def recorded(frames: Sequence[Sequence[Record]], cuts: Sequence[bool]) -> list[list[JsonObject]]:
    """The lines of these frames, in a further file wherever there is a cut."""
    reader = Reader()
    head: JsonObject = {"snapshot": "begin", "topics": ["*"]}
    files = [list(standing({}, 0, "e-0", head))]
    for number, (records, cut) in enumerate(zip(frames, cuts, strict=False), start=1):
        items = [record.item for record in records if record.item]
        events = [record.event for record in records if record.event]
        text = update(heading(f"e-{number}", number * 10), items, events).payload.decode()
        frame = parse(text)
        assert isinstance(frame, Update)
        steps = reader.apply(frame).steps
        if cut:
            head = {"snapshot": "continued", "topics": ["*"]}
            stood = before(reader.items, steps)
            files.append(list(standing(stood, number * 10, f"e-{number - 1}", head)))
        files[-1] += changes(frame, steps)
    return files


@pytest.mark.parametrize("take", [Feed.take, Feed.take_from_a_source])
@given(history=histories(), cuts=st.lists(st.booleans(), min_size=25, max_size=25))
def test_the_same_comes_out(
    take: Callable[[Feed, Change], object], history: list[list[Change]], cuts: list[bool]
) -> None:
    day, again = Feed(), Feed()
    frames = [[day.take(change) for change in frame] for frame in history]
    with TemporaryDirectory() as folder:
        for number, lines in enumerate(recorded(frames, cuts)):
            (Path(folder) / f"{number:02d}.jsonl").write_bytes(as_lines(*lines))
        for row in read_jsonl(files_of(Path(folder)), Played()):
            assert isinstance(row, Row), row
            take(again, checked(row.change))
    assert again.told() == day.told()
    living = {topic: state for topic, state in day.states.items() if state.data is not None}
    assert {topic: again.states[topic].data for topic in living} == {
        topic: state.data for topic, state in living.items()
    }
