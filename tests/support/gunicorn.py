"""The server under gunicorn, as a process of its own."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tests.support.server import Spawned


def is_installed() -> bool:
    """Whether it is there: it is an extra of ours."""
    return find_spec("gunicorn") is not None


class Gunicorn(Spawned):
    """One master and its workers; what it says and how it ends is the master's."""

    def __init__(self, directory: Path, settings: Mapping[str, str], workers: int = 1) -> None:
        super().__init__(directory, settings)
        options = ("--workers", str(workers), "--no-control-socket", "--bind", self.address)
        worker = ("--worker-class", "aiohttp.GunicornUVLoopWebWorker")
        self._words = ("gunicorn", *options, *worker, "feed.wsgi:make_app")
