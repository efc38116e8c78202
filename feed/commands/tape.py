"""The files of a recording: whole to the last frame whatever happens, and gone on with there."""

import fcntl
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from feed.client.fault import ServerFault
from feed.client.frame import Element, Reset, Snapshot, Subscribed, Update
from feed.client.reader import Reader
from feed.commands.server import Unusable
from feed.model.codec import JsonObject, encode
from feed.model.recording import Line, decode_line

_NAME = "????-??-??-????.jsonl"
_DAY = slice(0, 10)
_NUMBER = slice(11, 15)
_BEGINNING, _TOPIC = b'{"at":', b'"topic"'  # which the first line has, and has not

Standing = Callable[[], Sequence[JsonObject]]
"""The lines of the items as they stand, with which a further file begins."""


class Tape:
    """One file, or a directory of files that follow one another by day and by size.

    `reader` knows what the recording tells so far, and the place where it ends. `mended`: how many
    bytes of a last frame that was not whole were cut off. `most_bytes` of a file of a directory.
    Only one may be open for the same place. Raises Unusable and OSError.
    """

    def __init__(self, place: Path, topics: Sequence[str], most_bytes: int) -> None:
        self.reader = Reader()
        self.path = place
        self.mended = 0
        self.size_bytes = 0
        self._topics = tuple(topics)
        self._most_bytes = most_bytes
        self._is_folder = is_folder(place)
        if self._is_folder:
            place.mkdir(parents=True, exist_ok=True)
        self._folder = place if self._is_folder else place.parent
        self._file: FileIO | None = None
        self._lock = os.open(place, os.O_RDONLY | (0 if self._is_folder else os.O_CREAT), 0o666)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._restore()
        except BaseException as error:
            os.close(self._lock)
            if isinstance(error, BlockingIOError):
                raise Unusable(f"{place}: another recorder is at it") from error
            raise

    @property
    def is_new(self) -> bool:
        """Whether nothing is recorded yet."""
        return self.reader.cursor is None

    def write(self, lines: Sequence[JsonObject], at_ms: int, standing: Standing) -> None:
        """Append lines that lead to a place, all of them in one go; in a further file if need be.

        That file begins with what `standing` gives: the items before these lines.
        """
        if self._file is None or self._is_full(at_ms):
            begins = self._file is not None
            self._begin_file(at_ms)
            if begins:
                self._append(standing())
        self._append(lines)

    def close(self) -> None:
        """Let others write there."""
        self._end_file()
        os.close(self._lock)

    def _is_full(self, at_ms: int) -> bool:
        return self._is_folder and (
            self.size_bytes >= self._most_bytes or _day(at_ms) > self.path.name[_DAY]
        )

    def _begin_file(self, at_ms: int) -> None:
        self._end_file()
        if self._is_folder:
            day, number = _day(at_ms), 1
            if last := max(self._folder.glob(_NAME), default=None):
                day = max(day, last.name[_DAY])  # also where the server's clock went back
                if day == last.name[_DAY]:
                    number = int(last.name[_NUMBER]) + 1
            self.path = self._folder / f"{day}-{number:04d}.jsonl"
        self._open()

    def _open(self) -> None:
        self._file = FileIO(self.path, "ab")
        self.size_bytes = self._file.tell()

    def _end_file(self) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()

    def _append(self, lines: Sequence[JsonObject]) -> None:
        left = memoryview(b"".join(encode(line) + b"\n" for line in lines))
        self.size_bytes += len(left)
        while left and self._file is not None:
            left = left[self._file.write(left) :]

    # ---- what is there already ----

    def _restore(self) -> None:
        """Mend the last file and know what it tells; one that tells nothing whole is let go."""
        files = sorted(self._folder.glob(_NAME), reverse=True) if self._is_folder else [self.path]
        for path in files:
            self.path = path
            with path.open("r+b") as file:
                size = file.seek(0, os.SEEK_END)
                whole = self._read(file)
                self.mended += size - whole
                file.truncate(whole)
            if whole:
                self._open()
                return
            if self._is_folder:
                path.unlink()

    def _read(self, file: BinaryIO) -> int:
        """Apply the frames of a file; how many bytes of it lead to the last place that it says."""
        file.seek(0)
        head = file.readline()
        if head and (not head.startswith(_BEGINNING[: len(head)]) or _TOPIC in head):
            raise Unusable(f"{self.path} is no recording, and is left as it is")
        file.seek(0)
        whole = 0
        frame: list[Line] = []
        for number, text in enumerate(file, start=1):
            if not text.endswith(b"\n"):
                break
            try:
                frame.append(decode_line(text))
                if frame[-1].cursor is None:
                    continue
                self._apply(frame)
            except (msgspec.MsgspecError, ServerFault, ValueError) as error:
                place = f"{self.path}: line {number}"
                raise Unusable(f"{place}: a recording cannot go on after this: {error}") from error
            whole, frame = file.tell(), []
        return whole

    def _apply(self, frame: Sequence[Line]) -> None:
        """Raises ServerFault and ValueError."""
        head, cursor = frame[0], frame[-1].cursor or ""
        items = [_element(line) for line in frame if line.topic and line.event is None]
        if head.begins:
            if head.topics != self._topics:
                raise ValueError(f"it is of the topics {' '.join(head.topics)}")
            self.reader.opened()
            if head.reset is not None:
                self.reader.apply(Reset(reason=head.reset))
            self.reader.apply(Subscribed(topics=head.topics, resumed=False))
            self.reader.apply(Snapshot(items=tuple(items), more=False, cursor=cursor))
        elif self.reader.cursor is None:
            raise ValueError("it does not begin with the items as they stood")
        else:
            self.reader.apply(Update(cursor=cursor, pt=0, items=tuple(items)))


def is_folder(place: Path) -> bool:
    """Whether a recording there is a directory: one that is there, or no name of a file."""
    return place.is_dir() or not (place.is_file() or place.suffix == ".jsonl")


def _element(line: Line) -> Element:
    if line.topic is None or line.v is None or line.ts is None:
        raise ValueError("an item without `topic`, `v` and `ts`")
    return Element(
        topic=line.topic,
        v=line.v,
        ts=line.ts,
        data=line.data,
        patch=line.set,
        merged=line.merged,
        gone=line.gone,
    )


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
