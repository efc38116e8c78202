"""`python -m feed watch TOPIC…`: the feed in a terminal, or as lines in a pipe."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

import aiohttp

from feed.client.change import Reset
from feed.client.feed import Feed, Status
from feed.client.message import Heard, Live, Waiting
from feed.client.stream import Stream
from feed.client.wanted import Wanted
from feed.commands.lines import change_line
from feed.commands.picture import show
from feed.commands.screen import Screen
from feed.commands.server import add_url
from feed.commands.text import escaped, printable
from feed.model.topic import parse_filter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
    parser.description = (
        "Topics as they change: a live table in a terminal, a line for each change in a pipe. It"
        " connects by WebSocket, by Server-Sent Events or by long poll, whatever comes through,"
        " and comes back by itself where it left off. Ctrl-C ends it."
    )
    parser.add_argument(
        "topic", nargs="*", help="BTC-USD, score:EPL.ARS-CHE, score:EPL.* (default: everything)"
    )
    parser.add_argument("--json", action="store_true", help="print the frames as they come")
    add_url(parser)


def run(arguments: argparse.Namespace) -> int:
    """Watch until Ctrl-C, which is a good end. Raises FeedError where the server refuses."""
    topics = [parse_filter(text) for text in arguments.topic or ["*"]]
    try:
        asyncio.run(_watch(arguments.url, topics, as_json=arguments.json))
    except BrokenPipeError:  # who reads has seen enough; Python must not fail to flush at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


async def _watch(url: str, topics: Sequence[str], *, as_json: bool) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, task.cancel if task else loop.stop)
    with suppress(asyncio.CancelledError):
        if as_json:
            await _print_frames(Wanted(url=url, topics=tuple(topics)), sys.stdout)
        elif sys.stdout.isatty():
            screen = Screen(sys.stdout, is_coloured=not os.environ.get("NO_COLOR"))
            async with Feed(url) as feed:
                await show(feed, topics, screen, f"{url}  {' '.join(topics)}")
        else:
            await _print_lines(url, topics, sys.stdout)


async def _print_frames(wanted: Wanted, output: TextIO) -> None:
    async with aiohttp.ClientSession() as session, Stream(session, wanted) as stream:
        async for message in stream:
            match message:
                case Heard(text=text):
                    output.write(f"{escaped(text) if output.isatty() else text}\n")
                    output.flush()
                case Waiting():
                    _say(_waiting(message.why, message.delay_s, message.transport))
                case Live():
                    _say(_connected(message.transport, resumed=message.resumed))
                case _:
                    pass  # what follows says it too


async def _print_lines(url: str, topics: Sequence[str], output: TextIO) -> None:
    """One for each change; what happens to the connection on stderr."""
    async with Feed(url, on_status=_say_status) as feed:
        async for change in feed.changes(*topics):
            if isinstance(change, Reset):
                _say(f"reset ({printable(change.reason)}): events may be missing, items are whole")
            else:
                output.write(f"{change_line(change)}\n")
            if change.cursor is not None:  # the last of a frame
                output.flush()


def _say_status(status: Status) -> None:
    match status.state:
        case "waiting":
            _say(_waiting(status.why, status.retry_s, status.transport))
        case "live":
            _say(_connected(status.transport, resumed=status.resumed))
        case _:
            pass  # its end is said by what ends it


def _waiting(why: str, delay_s: float, transport: str) -> str:
    again = f"next try in {delay_s:.1f} s" if delay_s else f"trying {transport}"
    return f"no connection: {printable(why)}; {again}"


def _connected(transport: str, *, resumed: bool) -> str:
    if resumed:
        return f"connected again by {transport}, nothing was missed"
    return f"connected by {transport}"


def _say(note: str) -> None:
    sys.stderr.write(f"feed: {note}\n")
    sys.stderr.flush()
