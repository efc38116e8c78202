"""`python -m feed record`: what a feed tells, as JSON Lines."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp

from feed.client.frame import Frame, Heartbeat, Reset, Snapshot, Update
from feed.client.message import Heard, Live, Message, Waiting
from feed.client.reader import News
from feed.client.stream import Stream
from feed.client.wanted import Wanted
from feed.commands.notes import Notes
from feed.commands.recorded import before, changes, standing
from feed.commands.server import add_url
from feed.commands.tape import Tape
from feed.commands.text import printable
from feed.model.codec import JsonObject
from feed.model.topic import parse_filter

_MIB = 1 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = (
        "Write down what a feed tells: first the items as they stand, then every version and every"
        " event, one a line. Started again with the same place it goes on where it ended, however"
        " it ended: nothing twice, nothing left out. Ctrl-C ends it."
    )
    parser.add_argument(
        "topic", nargs="*", help="BTC-USD, score:EPL.ARS-CHE, score:EPL.* (default: everything)"
    )
    parser.add_argument(
        "--to",
        metavar="PLACE",
        type=Path,
        required=True,
        help="NAME.jsonl: one file; anything else: a directory with a new file every day",
    )
    parser.add_argument(
        "--most-mb",
        metavar="N",
        type=_positive,
        default=256,
        help="in a directory also a new file after so many MiB (default: %(default)s)",
    )
    add_url(parser)


def _positive(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError("expected more than 0")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Record until Ctrl-C, which is a good end. Raises FeedError and OSError."""
    topics = sorted({parse_filter(text) for text in arguments.topic or ["*"]})
    tape = Tape(arguments.to, topics, int(arguments.most_mb * _MIB))
    try:
        asyncio.run(_record(arguments.url, topics, tape))
    finally:
        tape.close()
    return 0


async def _record(url: str, topics: Sequence[str], tape: Tape) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, task.cancel if task else loop.stop)
    notes = Notes(sys.stderr)
    notes.say(_beginning(url, topics, tape))
    recorder = Recorder(tape, topics, notes)
    wanted = Wanted(url=url, topics=tuple(topics))
    try:
        with suppress(asyncio.CancelledError):
            async with (
                aiohttp.ClientSession() as session,
                Stream(session, wanted, tape.reader) as stream,
            ):
                async for message in stream:
                    recorder.hear(message, stream.clock.now_ms())
    finally:
        notes.say(f"{recorder.counted}; the same command goes on from here")


def _beginning(url: str, topics: Sequence[str], tape: Tape) -> str:
    what = f"{' '.join(topics)} of {url} to {tape.path}"
    if tape.mended:
        what += f", of which {tape.mended} bytes were no whole frame and are cut off"
    return f"recording {what}" if tape.is_new else f"recording goes on: {what}"


class Recorder:
    """Writes down what a stream says, and notes how it goes."""

    def __init__(self, tape: Tape, topics: Sequence[str], notes: Notes) -> None:
        self._tape = tape
        self._topics: JsonObject = {"topics": [*topics]}
        self._notes = notes
        self._cursor = tape.reader.cursor
        self._head: JsonObject = {"snapshot": "begin"} if tape.is_new else {"reset": "fault"}
        self._items = self._events = self._merged = 0

    @property
    def counted(self) -> str:
        """What was written so far."""
        merged = f" ({self._merged:,} more merged into them)" if self._merged else ""
        return f"{self._items:,} items{merged} and {self._events:,} events to {self._tape.path}"

    def hear(self, message: Message, now_ms: int) -> None:
        """Write what it tells. `now_ms`: by the server's clock. Raises OSError."""
        match message:
            case Heard(frame=frame, news=news) if frame is not None:
                self._write(frame, news, now_ms)
            case Waiting(delay_s=delay_s, why=why):
                self._notes.say(f"no connection: {printable(why)}; next try in {delay_s:.1f} s")
            case Live(resumed=resumed):
                self._notes.say("connected, nothing was missed" if resumed else "connected")
            case _:
                pass  # a frame that is none; a snapshot follows

    def _write(self, frame: Frame, news: News, now_ms: int) -> None:
        reader = self._tape.reader
        match frame:
            case Reset(reason=reason):
                self._head = {"reset": reason}
                self._notes.say(f"reset ({printable(reason)}): what came before is missing in part")
            case Snapshot(more=False):
                head = self._head | self._topics
                self._append(standing(reader.items, now_ms, reader.cursor, head), now_ms, news)
                self._head = {"reset": "fault"}  # what a further one would mean
            case Update():
                known = [(step.v, step.before) for step in news.steps]
                self._merged += sum(v - had.v - 1 for v, had in known if had)
                self._append(changes(frame, news.steps), frame.pt, news)
            case Heartbeat() if frame.cursor != self._cursor:
                self._append([{"at": frame.now, "cursor": frame.cursor}], frame.now, news)
            case _:
                pass  # nothing that was told

    def _append(self, lines: Sequence[JsonObject], at_ms: int, news: News) -> None:
        def stood() -> Sequence[JsonObject]:
            items = before(self._tape.reader.items, news.steps)
            head: JsonObject = {"snapshot": "continued"}
            return standing(items, at_ms, self._cursor, head | self._topics)

        self._tape.write(lines, at_ms, stood)
        self._cursor = self._tape.reader.cursor
        self._items += sum("v" in line for line in lines)
        self._events += sum("event" in line for line in lines)
        self._notes.show(self.counted)
