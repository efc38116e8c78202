"""The program's commands as processes of their own: in pipes, or on a terminal."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from tests.support.forked import Forked
from tests.support.server import ROOT, TOKEN, environment

END_S = 10.0


def _environment(**more: str) -> dict[str, str]:
    return environment(**{"FEED_ADMIN_TOKEN": TOKEN, "TERM": "xterm"} | more)


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    status: int
    output: str
    errors: str


async def command(*words: str, typed: bytes = b"", **settings: str) -> Done:
    """Run `python -m feed …` to its end."""
    with TemporaryDirectory() as directory:
        stdin, output, errors = (Path(directory) / name for name in ("stdin", "output", "errors"))
        stdin.write_bytes(typed)
        process = Forked(ROOT, _environment(**settings), output, *words, typed=stdin, errors=errors)
        try:
            status = await asyncio.to_thread(process.wait, END_S)
        finally:
            process.kill()
        return Done(status, output.read_text(), errors.read_text())


class Piped:
    """A command that goes on, whose lines are read one by one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        """The next line on stdout."""
        return await self._next(self._process.stdout)

    async def note(self) -> str:
        """The next line on stderr."""
        return await self._next(self._process.stderr)

    async def notes(self) -> AsyncIterator[str]:
        """The lines on stderr until its end."""
        while note := await self.note():
            yield note

    async def interrupted(self) -> int:
        """Ctrl-C; the exit status."""
        self._process.send_signal(signal.SIGINT)
        async with asyncio.timeout(END_S):
            return await self._process.wait()

    async def _next(self, stream: asyncio.StreamReader | None) -> str:
        assert stream is not None
        async with asyncio.timeout(END_S):
            return (await stream.readline()).decode().rstrip("\n")


@asynccontextmanager
async def piped(*words: str) -> AsyncIterator[Piped]:
    """`python -m feed …` in pipes; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "feed", *words,
        cwd=ROOT, env=_environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Piped(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


class Terminal:
    """A command on a terminal of 80 columns and 24 lines; `text` is all that it wrote there."""

    def __init__(self, process: asyncio.subprocess.Process, leader: int, follower: int) -> None:
        self.text = ""
        self.process = process
        self._leader = leader
        self._follower = follower
        self._grown = asyncio.Event()
        asyncio.get_running_loop().add_reader(leader, self._read)

    async def shows(self, text: str) -> None:
        """Wait until it has written this."""
        async with asyncio.timeout(END_S):
            while text not in self.text:
                self._grown.clear()
                await self._grown.wait()

    def type(self, keys: bytes) -> None:
        """As somebody at the keyboard."""
        os.write(self._leader, keys)

    def echoes(self) -> bool:
        """Whether what is typed is shown."""
        return bool(termios.tcgetattr(self._follower)[3] & termios.ECHO)

    def close(self) -> None:
        """Let go of the terminal."""
        asyncio.get_running_loop().remove_reader(self._leader)
        os.close(self._leader)
        os.close(self._follower)

    def _read(self) -> None:
        self.text += os.read(self._leader, 65536).decode(errors="replace")
        self._grown.set()


@asynccontextmanager
async def terminal(*words: str, **settings: str) -> AsyncIterator[Terminal]:
    """`python -m feed …` on a terminal; killed at the end if it still runs."""
    try:
        leader, follower = pty.openpty()
    except OSError as error:
        pytest.skip(f"this machine gives out no pseudo-terminals: {error}")
    termios.tcsetwinsize(follower, (24, 80))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "feed", *words,
        cwd=ROOT, env=_environment(**settings), start_new_session=True,
        stdin=follower, stdout=follower, stderr=follower,
    )  # fmt: skip
    screen = Terminal(process, leader, follower)
    try:
        yield screen
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        screen.close()
