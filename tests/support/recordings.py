"""Recordings as tests read them, and the recorder as a process that is killed."""

import asyncio
import json
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp.test_utils import BaseTestServer

from feed.model.codec import decode_object
from tests.support.client import Frame, offset, patched
from tests.support.server import ROOT, TOKEN, environment

FUSE_S = 30.0


def lines(place: Path) -> list[Frame]:
    """The lines of a recording, of all of its files."""
    files = sorted(place.glob("*.jsonl")) if place.is_dir() else [place]
    return [decode_object(text) for path in files for text in path.read_bytes().splitlines()]


def told(recording: list[Frame]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The items, each with the state that it leads to, and the events, as they were told in order.

    Items as they stand count once, where they begin the recording; those that begin a further
    file must be those that are known.
    """
    items: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    states: dict[str, Frame | None] = {}
    standing: dict[str, Frame] | None = None
    for line in recording:
        if "snapshot" in line:
            standing = {} if line["snapshot"] == "continued" else None
        if "reset" in line:
            raise AssertionError(f"something is missing: {line}")
        if "event" in line:
            event = line["event"]
            events.append((line["topic"], event["id"], event["op"], event["kind"], event["ts"]))
            events[-1] += (json.dumps(event["data"], default=str),)
        elif "topic" in line:
            topic = line["topic"]
            if standing is not None:
                standing[topic] = line["data"]
            else:
                states[topic] = _after(line, states.get(topic))
                items.append((topic, line["ts"], line.get("merged", 1), states[topic]))
        if standing is not None and "cursor" in line:
            assert standing == {t: state for t, state in states.items() if state is not None}
            standing = None
    return items, events


def _after(line: Frame, state: Frame | None) -> Frame | None:
    if line.get("gone"):
        return None
    after: Frame = line["data"] if "data" in line else patched(state, line["set"])
    return after


class Recorder:
    """`python -m feed record`, as often as it is started, always to the same place."""

    def __init__(self, place: Path, url: str, *more: str) -> None:
        self.place = place
        self.kills = 0
        self._words = ("record", "--to", str(place), "--url", url, *more)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, without waiting."""
        self._process = await start(*self._words)

    async def kill(self) -> None:
        """End it without a warning (kill -9)."""
        assert self._process is not None
        self._process.kill()
        await self._process.communicate()
        self.kills += 1

    async def stop(self) -> tuple[int, str]:
        """Ctrl-C; the exit status and what it said."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        _, said = await self._process.communicate()
        return self._process.returncode or 0, said.decode()

    async def until(self, cursor: str) -> None:
        """Wait until it has written up to this place."""
        async with asyncio.timeout(FUSE_S):
            while self._place() < offset(cursor):
                try:
                    await asyncio.wait_for(asyncio.shield(self._ended()), 0.05)
                except TimeoutError:
                    continue
                raise AssertionError("the recorder ended")

    async def _ended(self) -> None:
        assert self._process is not None
        await self._process.wait()

    def _place(self) -> int:
        """The offset of the last cursor; -1 where there is none."""
        files = sorted(self.place.glob("*.jsonl")) if self.place.is_dir() else [self.place]
        texts = [path.read_bytes() for path in files if path.exists()]
        found = re.findall(rb'"cursor":"([^"]+)"}\n', b"".join(texts))
        return offset(found[-1].decode()) if found else -1


async def start(*words: str, **settings: str) -> asyncio.subprocess.Process:
    """`python -m feed …` in pipes."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "feed", *words,
        cwd=ROOT, env=environment(FEED_ADMIN_TOKEN=TOKEN, **settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def play(url: str, *words: str) -> tuple[int, str]:
    """`python -m feed replay …` to its end; the exit status and what it said."""
    process = await start("replay", "--url", url, *words)
    _, said = await process.communicate()
    return process.returncode or 0, said.decode()


def source(**fields: Any) -> str:
    """A `[[source]]` as feed.toml has it."""
    rows = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
    return "\n".join(["[[source]]", *rows, ""])


def as_lines(*frames: Mapping[str, Any]) -> bytes:
    """A file of these lines."""
    return b"".join(json.dumps(frame).encode() + b"\n" for frame in frames)


def tape(path: Path, *records: dict[str, Any]) -> str:
    """A file of changes; a recording where the first line says so."""
    path.write_bytes(as_lines(*records))
    return str(path)


def url_of(server: BaseTestServer) -> str:
    """Where a server of aiohttp's is, as commands take it."""
    return str(server.make_url("")).rstrip("/")
