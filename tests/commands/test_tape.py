from collections.abc import Sequence
from pathlib import Path

import pytest

from feed.client.reader import Item
from feed.commands.server import Unusable
from feed.commands.tape import Tape, is_folder
from feed.model.codec import JsonObject
from tests.support.recordings import as_lines, lines

DAY_MS = 86_400_000
BEGIN: JsonObject = {"at": 1, "snapshot": "begin", "topics": ["*"]}
CONTINUED: JsonObject = {"at": 1, "snapshot": "continued", "topics": ["*"], "cursor": "e-8"}
MANY = 1 << 20


def item(v: int, **fields: JsonObject | bool) -> JsonObject:
    return {"at": v, "topic": "score:A", "v": v, "ts": v, **fields}


def at(line: JsonObject, place: int) -> JsonObject:
    return line | {"cursor": f"e-{place}"}


FRAMES: list[list[JsonObject]] = [
    [BEGIN, at(item(1, data={"x": 1, "ü": "é"}), 1)],
    [item(2, set={"x": 2}), at(item(3, set={"y": 3}), 3)],
    [at({"at": 3, "topic": "score:A", "event": {"id": "g", "kind": "goal"}}, 4)],
    [at({"at": 4}, 5)],
    [at(item(4, gone=True), 6)],
    [at({"at": 4, "reset": "expired", "topics": ["*"]}, 9)],
    [at(item(5, data={"z": 1}), 10)],
]
STATES: list[dict[str, Item]] = [
    {},
    {"score:A": Item(1, 1, {"x": 1, "ü": "é"})},
    *[{"score:A": Item(3, 3, {"x": 2, "ü": "é", "y": 3})}] * 3,
    *[{}] * 2,
    {"score:A": Item(5, 5, {"z": 1})},
]
"""What is known after so many frames."""
PLACES = [None, "e-1", "e-3", "e-4", "e-5", "e-6", "e-9", "e-10"]


def nothing() -> Sequence[JsonObject]:
    return [CONTINUED]


def test_it_goes_on_from_the_last_whole_frame_wherever_it_was_cut(tmp_path: Path) -> None:
    place = tmp_path / "day.jsonl"
    parts = [as_lines(*frame) for frame in FRAMES]
    whole = b"".join(parts)
    ends = [len(b"".join(parts[:n])) for n in range(len(parts) + 1)]
    for size in range(len(whole) + 1):
        place.write_bytes(whole[:size])
        tape = Tape(place, ["*"], MANY)
        frames = max(n for n, end in enumerate(ends) if end <= size)
        assert tape.mended == size - ends[frames]
        assert tape.reader.cursor == PLACES[frames]
        assert tape.is_new == (frames == 0)
        assert tape.reader.items == STATES[frames]
        for frame in FRAMES[frames:]:
            tape.write(frame, 1, nothing)
        tape.close()
        assert lines(place) == [line for frame in FRAMES for line in frame]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"precious", "is no recording, and is left as it is"),
        (b"[]\n", "is no recording"),
        (b'{"at":1,"topic":"A","set":{}}\n', "is no recording"),
        (b'{"at":1,"topic":"A","set":{}}', "is no recording"),
        (b'{"at":1,"cursor":"e-1"}\n', "does not begin with the items"),
        (b'{"at":1,nonsense}\n', "line 1: a recording cannot go on after this"),
        (as_lines(*FRAMES[0]) + b"nonsense\n", "line 3: "),
        (as_lines(*FRAMES[0], at(item(9, set={}), 2)), "line 3: .*version 9"),
        (as_lines(*FRAMES[0], at({"at": 1, "topic": "A", "set": {}}, 2)), "line 3: .*without"),
        (as_lines(at({"at": 1, "snapshot": "begin", "topics": ["price:*"]}, 1)), "price:*"),
    ],
)
def test_what_it_cannot_go_on_with_is_left_as_it_is(
    tmp_path: Path, content: bytes, words: str
) -> None:
    place = tmp_path / "day.jsonl"
    place.write_bytes(content)
    with pytest.raises(Unusable, match=words):
        Tape(place, ["*"], MANY).close()
    assert place.read_bytes() == content


def test_two_at_once(tmp_path: Path) -> None:
    for place in (tmp_path / "day", tmp_path / "day.jsonl"):
        first = Tape(place, ["*"], MANY)
        with pytest.raises(Unusable, match="another recorder is at it"):
            Tape(place, ["*"], MANY)
        first.close()
        Tape(place, ["*"], MANY).close()


def test_a_file_for_each_day_and_size(tmp_path: Path) -> None:
    place = tmp_path / "all" / "day"
    tape = Tape(place, ["*"], 300)
    assert tape.path == place
    tape.write(FRAMES[0], 5 * DAY_MS, nothing)
    tape.write(FRAMES[1], 5 * DAY_MS, nothing)
    tape.write(FRAMES[2], 5 * DAY_MS, nothing)
    tape.write(FRAMES[3], 5 * DAY_MS, nothing)
    tape.write(FRAMES[4], 6 * DAY_MS, nothing)
    tape.write(FRAMES[5], 5 * DAY_MS, nothing)
    tape.close()
    assert {path.name: len(lines(path)) for path in sorted(place.iterdir())} == {
        "1970-01-06-0001.jsonl": 5,
        "1970-01-06-0002.jsonl": 2,
        "1970-01-07-0001.jsonl": 3,
    }
    assert lines(place / "1970-01-06-0002.jsonl")[0] == CONTINUED
    again = Tape(place, ["*"], 300)
    assert again.reader.cursor == "e-9"
    again.write(FRAMES[6], 8 * DAY_MS, nothing)
    again.close()
    assert lines(place / "1970-01-09-0001.jsonl") == [CONTINUED, *FRAMES[6]]


def test_a_further_file_that_tells_nothing_whole_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "1970-01-06-0001.jsonl").write_bytes(as_lines(*FRAMES[0]))
    torn = tmp_path / "1970-01-06-0002.jsonl"
    torn.write_bytes(b'{"at":1,"snapshot":"continued","topics":["*"]}\n{"at":1,')
    tape = Tape(tmp_path, ["*"], MANY)
    assert tape.reader.cursor == "e-1"
    assert not torn.exists()
    tape.write(FRAMES[1], 5 * DAY_MS, nothing)
    tape.close()
    assert len(lines(tmp_path)) == 4


def test_which_places_are_directories(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dir.jsonl").mkdir()
    names = ("file", "new.jsonl", "dir.jsonl", "new")
    assert [is_folder(tmp_path / name) for name in names] == [False, False, True, True]
