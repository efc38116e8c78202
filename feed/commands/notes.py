"""What a command that goes on says of itself: lines, and on a terminal how far it is."""

import asyncio
import os
from typing import TextIO

_SHOWN_EVERY_S = 0.2


class Notes:
    """Lines on stderr, each of which begins with `feed:`; below them one that is written over."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._is_terminal = output.isatty()
        self._shown_s = 0.0

    def say(self, text: str) -> None:
        """A line that stays."""
        self._write(f"feed: {text}\n")

    def show(self, text: str) -> None:
        """How far it is, as often as one can read it; nothing where it is no terminal."""
        now_s = asyncio.get_running_loop().time()
        if self._is_terminal and now_s - self._shown_s >= _SHOWN_EVERY_S:
            self._shown_s = now_s
            columns = os.get_terminal_size(self._output.fileno()).columns
            self._write(text[: columns - 1])

    def _write(self, text: str) -> None:
        self._output.write(f"\r\x1b[K{text}" if self._is_terminal else text)
        self._output.flush()
