"""The server under gunicorn, as a process of its own."""

import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tests.support.server import Server, environment


def is_installed() -> bool:
    """Whether it is there: it is an extra of ours."""
    return find_spec("gunicorn") is not None


class Gunicorn(Server):
    """One master and its workers; what it says and how it ends is the master's."""

    def __init__(self, directory: Path, settings: Mapping[str, str], workers: int = 1) -> None:
        super().__init__(directory, settings)
        self._workers = workers

    def begin(self) -> None:
        """See Server."""
        words = ["-k", "aiohttp.GunicornUVLoopWebWorker", "-b", self.address, "feed.wsgi:make_app"]
        options = ["--workers", str(self._workers), "--no-control-socket"]
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *options, *words],
                cwd=self.directory,
                env=environment(**self.settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
