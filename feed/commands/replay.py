"""`python -m feed replay FILE…`: a recording or a rehearsal, into a feed that runs."""

import argparse
import asyncio
import logging
import secrets
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from feed.client.admin import Admin
from feed.client.fault import NoAnswer, Problem
from feed.clock import SystemClock
from feed.commands.notes import Notes
from feed.commands.server import Unusable, add_url, admin_token
from feed.commands.text import printable
from feed.errors import BadInput
from feed.model.change import Change
from feed.model.codec import encode
from feed.sources.recorded.player import MAX_SPEED, Player
from feed.sources.recorded.recording import Played, files_of, read_jsonl
from feed.sources.recorded.scenario import read_scenario

_EVERY_S = 0.5
_MOST_CHANGES = 1_000  # of one call (protocol section 6)
_MOST_BYTES = 1_000_000
_INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = (
        "Play recordings, one after another, or a rehearsal into a feed that runs: every version"
        " and every event of it. The token is taken from FEED_ADMIN_TOKEN. While the server does"
        " not answer it waits, and tells nothing twice."
    )
    parser.add_argument(
        "file",
        nargs="+",
        type=Path,
        help="what `record` wrote (files, or its directory), other changes as JSON Lines,"
        " or one rehearsal (.toml)",
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        metavar="N|max",
        help="times faster than it was (default: 1, or what the rehearsal says)",
    )
    parser.add_argument(
        "--now",
        action="store_true",
        help="as if it happened now: the times of items, events and matches are moved;"
        " a rehearsal always is",
    )
    add_url(parser)


def _speed(text: str) -> float:
    speed = 0.0 if text == "max" else float(text)
    if text != "max" and not 0 < speed <= MAX_SPEED:
        raise argparse.ArgumentTypeError(f"expected more than 0 and at most {MAX_SPEED}, or max")
    return speed


def run(arguments: argparse.Namespace) -> int:
    """Play to the end; 1 where some of it cannot be played. Raises FeedError and OSError."""
    token = admin_token()
    player = open_player(arguments.file, arguments.speed, as_now=arguments.now)
    logging.basicConfig(level=logging.WARNING, format="feed: %(message)s")
    return asyncio.run(_replay(arguments.url, token, player))


def open_player(files: Sequence[Path], speed: float | None, *, as_now: bool) -> Player:
    """What plays the files. Raises BadInput, SettingsError, Unusable and OSError."""
    place = ", ".join(map(str, files))
    if any(path.suffix == ".toml" for path in files):
        if len(files) > 1:
            raise Unusable("a rehearsal is played alone")
        scenario = read_scenario(files[0])
        pace = scenario.speed if speed is None else speed
        return Player(
            "replay", "replay", scenario.open_rows,
            every_s=_EVERY_S, speed=pace, place=place, as_now=True,
        )  # fmt: skip
    found = [each for path in files for each in files_of(path)]
    for path in found:
        if path.suffix != ".jsonl":
            raise BadInput(
                f"{path}: expected .jsonl or .toml; a [[source]] of the type replay plays others"
            )
        with path.open("rb"):
            pass
    played = Played()
    return Player(
        "replay", "replay", lambda: read_jsonl(found, played),
        every_s=_EVERY_S, speed=1 if speed is None else speed, place=place, as_now=as_now,
    )  # fmt: skip


async def _replay(url: str, token: str, player: Player) -> int:
    notes = Notes(sys.stderr)
    notes.say(f"playing {player.place} into {url}, {pace(player.speed)}")
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, task.cancel if task else loop.stop)
    async with aiohttp.ClientSession() as session:
        admin = Admin(session, url, token, lambda _, why: notes.say(f"{printable(why)}; again"))
        stage = Stage(admin, notes)
        try:
            while not player.ended:
                await stage.tell(await player.poll(SystemClock().now_ms()))
                await asyncio.sleep(min(player.next_s, _EVERY_S))
        except asyncio.CancelledError:
            notes.say(f"stopped; {stage.counted}")
            return _INTERRUPTED
        finally:
            await player.aclose()
    wrong = f"; {player.bad_rows:,} could not be played" if player.bad_rows else ""
    notes.say(f"the end: {stage.counted}{wrong}")
    return 1 if player.bad_rows else 0


def pace(speed: float) -> str:
    """A speed in words."""
    if not speed:
        return "as fast as it goes"
    return "at its own speed" if speed == 1 else f"{speed:g} times as fast"


class Stage:
    """The feed that is played into, by its admin's door."""

    def __init__(self, admin: Admin, notes: Notes) -> None:
        self._admin = admin
        self._notes = notes
        self._play = secrets.token_hex(8)
        self._calls = 0
        self._items = self._events = self._left_out = 0

    @property
    def counted(self) -> str:
        """What was told so far."""
        left_out = f", {self._left_out:,} left out" if self._left_out else ""
        return f"{self._items:,} items and {self._events:,} events{left_out}"

    async def tell(self, changes: Sequence[Change]) -> None:
        """Tell them in order; what the feed cannot do is left out and said. Raises Problem."""
        for batch in _batches(changes):
            while batch:
                try:
                    await self._inject(batch)
                    break
                except Problem as problem:
                    if problem.index is None:
                        raise
                    self._leave_out(batch, problem.index, str(problem))
            self._items += sum(not _is_event(change) for change in batch)
            self._events += sum(change.event is not None for change in batch)
            self._notes.show(self.counted)

    async def _inject(self, batch: Sequence[Change]) -> None:
        """Once, however often that needs to be said."""
        self._calls += 1
        body, key = encode([_given(change) for change in batch]), f"{self._play}-{self._calls}"
        while True:
            try:
                await self._admin.inject(body, key)
            except NoAnswer:
                continue  # it was said why
            return

    def _leave_out(self, batch: list[Change], index: int, why: str) -> None:
        """An event that the feed has, or the correction of one that it never had."""
        change = batch[index]
        self._left_out += 1
        self._notes.say(f"left out: {printable(why.partition(': ')[2])}")
        if change.event is None or _is_event(change):
            del batch[index]
        else:
            batch[index] = msgspec.structs.replace(change, event=None)


def _batches(changes: Sequence[Change]) -> Iterator[list[Change]]:
    batch: list[Change] = []
    size = 0
    for change in changes:
        length = len(encode(_given(change))) + 1
        if batch and (len(batch) == _MOST_CHANGES or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(change)
        size += length
    if batch:
        yield batch


def _is_event(change: Change) -> bool:
    return change.patch is None and change.data is None and not change.gone


def _given(change: Change) -> dict[str, Any]:
    """A change as `/admin/inject` takes it."""
    given = {
        "topic": change.topic,
        "set": change.patch,
        "data": change.data,
        "gone": change.gone or None,
        "ts": change.ts,
        "event": change.event and _without_none(msgspec.structs.asdict(change.event)),
    }
    return _without_none(given)


def _without_none(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
