"""A terminal: what is drawn on it, and how it is left as it was found."""

import os
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

from feed.commands.grid import Line

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"  # the alternate screen, without a cursor, without wrapping
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # shown at once, where the terminal knows how
_STYLES = {"bold": "1", "dim": "2", "up": "32", "down": "31", "warn": "33", "live": "32"}


class Screen:
    """Draws lines in place, only those that changed."""

    def __init__(self, output: TextIO, *, is_coloured: bool) -> None:
        self._output = output
        self._is_coloured = is_coloured
        self._size = (0, 0)
        self._shown: list[str] = []

    @property
    def size(self) -> os.terminal_size:
        """Columns and lines, now."""
        return os.get_terminal_size(self._output.fileno())

    @contextmanager
    def taken(self) -> Iterator[None]:
        """The alternate screen for as long as it lasts; what is typed meanwhile is not shown."""
        with _silent_keys():
            self._write(_ENTER)
            try:
                yield
            finally:
                self._write(_LEAVE)

    def draw(self, lines: Sequence[Line]) -> None:
        """Show these lines, which must fit."""
        texts = [self._painted(line) for line in lines]
        size = self.size
        if size != self._size:
            self._size, self._shown = size, []
            self._output.write("\x1b[2J")
        changed = [
            f"\x1b[{row + 1};1H\x1b[2K{text}"
            for row, text in enumerate(texts)
            if row >= len(self._shown) or self._shown[row] != text
        ]
        self._shown = texts
        if changed:
            self._write(f"{_BEGIN}{''.join(changed)}{_END}")

    def _painted(self, line: Line) -> str:
        if not self._is_coloured:
            return "".join(span.text for span in line).rstrip()
        return "".join(
            f"\x1b[{_STYLES[span.style]}m{span.text}\x1b[0m" if span.style else span.text
            for span in line
        )

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()


@contextmanager
def _silent_keys() -> Iterator[None]:
    """Keys are not echoed, and none is left over for whoever reads next."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    silent = list(before)
    silent[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal may be gone by now
            termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, before)
