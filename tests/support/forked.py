"""The program as a process of its own, forked from one that has loaded it already.

To load all that a server needs takes ten times the work of starting it, and the tests start
hundreds. What they see is the same: one process with its own settings, directory and output.
`tests/blackbox/test_start.py` and the documentation's tests start the program as users do.
"""

import logging
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from feed.__main__ import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["feed.app", "tests.support.forked", "uvloop", "tests.support.loaded"]
)


class Forked:
    """One such process, with the methods of `subprocess.Popen` that tests need.

    `output`: the file at whose end it writes what it prints. `words` are those of its command;
    `typed`: the file that it reads; `errors`: one of its own for stderr.
    """

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        output: Path,
        *words: str,
        typed: Path = Path(os.devnull),
        errors: Path | None = None,
    ) -> None:
        files = (str(typed), str(output), str(errors or output))
        places = (str(directory), dict(environment), words, files)
        # A daemon ends with the tests, however they end.
        self._process = _FORKS.Process(target=_run, args=places, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended; `subprocess.TimeoutExpired` where it has not."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("feed", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        self._process.kill()


def _run(
    directory: str, environment: dict[str, str], words: tuple[str, ...], files: tuple[str, ...]
) -> None:
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    flags = (os.O_RDONLY, *[os.O_WRONLY | os.O_CREAT | os.O_APPEND] * 2)
    for number, (path, flag) in enumerate(zip(files, flags, strict=True)):
        opened = os.open(path, flag, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0)  # which every child of multiprocessing closes
    try:
        sys.exit(main(list(words)))
    finally:
        logging.shutdown()  # as at the end of every program, but not of one that was forked
