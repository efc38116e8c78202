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

from feed.client.frame import Reset
from feed.client.stream import Heard, Live, Message, Stream, Waiting
from feed.commands.lines import lines
from feed.commands.picture import show
from feed.commands.screen import Screen
from feed.commands.server import add_url
from feed.commands.text import escaped, printable
from feed.model.topic import parse_filter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed."""
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
        async with aiohttp.ClientSession() as session, Stream(session, url, topics) as stream:
            if sys.stdout.isatty() and not as_json:
                screen = Screen(sys.stdout, is_coloured=not os.environ.get("NO_COLOR"))
                await show(stream, screen, f"{url}  {' '.join(topics)}")
            else:
                await print_lines(stream, sys.stdout, sys.stderr, as_json=as_json)


async def print_lines(
    stream: Stream, output: TextIO, notes: TextIO, *, as_json: bool = False
) -> None:
    """One line for each change, or for each frame; what happens to the connection on `notes`."""
    async for message in stream:
        if isinstance(message, Heard):
            for line in [_frame(message.text, output)] if as_json else lines(message.news):
                output.write(f"{line}\n")
            output.flush()
        if note := _note(message):
            notes.write(f"feed: {note}\n")
            notes.flush()


def _frame(text: str, output: TextIO) -> str:
    return escaped(text) if output.isatty() else text


def _note(message: Message) -> str:
    match message:
        case Waiting():
            return f"no connection: {printable(message.why)}; next try in {message.delay_s:.1f} s"
        case Live():
            return "connected again, nothing was missed" if message.resumed else "connected"
        case Heard(frame=Reset(reason=reason)):
            return f"reset ({printable(reason)}): events may be missing, items are whole"
        case _:
            return ""
