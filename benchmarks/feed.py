"""The feed as a side: started as a user starts it, with its SQLite log on the disk."""

import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from benchmarks.build import BUILD, HERE, CannotBuild, run
from benchmarks.feed_log import TOKEN, change
from benchmarks.peer import SERVER_CORE, Server
from benchmarks.program import Broken, Program
from benchmarks.scenario import Scenario

_START_S = 20.0
_READY = '"more":false'
"""How the last part of a snapshot says that it is the last."""

_LAP = 20_000
"""Changes in the file of the source, about; then it begins again."""

Way = Literal["inject", "source"]


class Feed:
    """`way`: changes are posted to `/admin/inject`, or played by a source of the feed's own.

    `root`: of the tree that it is started from.
    """

    def __init__(self, name: str, way: Way = "inject", root: Path = HERE.parent) -> None:
        self.name = name
        self._way = way
        self._root = root
        self._python = Path(sys.executable)

    def serves(self, scenario: Scenario) -> bool:
        """Everything; what is posted or asked for by hand is not a source's matter."""
        return self._way == "inject" or scenario.kind in ("steady", "ingest")

    def prepare(self) -> None:
        """An environment of what is locked, unless the Python at work has all of it."""
        try:
            run([sys.executable, "-c", "import feed.app"], cwd=self._root)
        except CannotBuild:
            self._python = BUILD / "feed" / "bin" / "python"
            if not self._python.exists():
                run([sys.executable, "-m", "venv", BUILD / "feed"])
                lock = self._root / "requirements.txt"
                run([self._python, "-m", "pip", "install", "--quiet", "--requirement", lock])

    def start(self, scenario: Scenario, folder: Path) -> Server:
        """Start it on a new log, and wait until it serves."""
        errors = folder / f"{self.name}.log"
        environment = {
            "PORT": "0",
            "FEED_HOST": "127.0.0.1",
            "FEED_LOG": f"sqlite:///{folder / 'feed.db'}",
            "FEED_ADMIN_TOKEN": TOKEN,
            "FEED_CONFIG": str(_configuration(folder, self._way, scenario)),
        }
        program = Program(
            [self._python, "-m", "feed"], SERVER_CORE, environment, errors, cwd=self._root
        )
        port = _port(program, errors)
        if self._way == "source":
            return Server(program, port, ("--ready", _READY), paced=False)
        return Server(program, port, ("--ready", _READY, "--inject", "feed"), paced=False)

    def subscription(self, topics: Sequence[int], scenario: Scenario) -> str:
        """A path."""
        wanted = ",".join(f"price:T{topic:04d}" for topic in topics)
        query = f"&{scenario.query}" if scenario.query else ""
        return f"/{scenario.door}?topics={wanted}{query}"


def _port(program: Program, errors: Path) -> int:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        found = re.search(r"serving on http://[^:]*:(\d+)", errors.read_text(errors="replace"))
        if found:
            return int(found[1])
        time.sleep(0.05)
    program.stop()
    raise Broken(f"the feed does not start: {program.last_words()}")


def _configuration(folder: Path, way: Way, scenario: Scenario) -> Path:
    """A file with no source, or with one that plays the rate's changes in a circle."""
    file, rate = folder / "feed.toml", scenario.rate
    if way == "inject":
        file.write_text("sources = false\n")
        return file
    script = folder / "changes.jsonl"
    with script.open("w") as lines:
        for number in range(max(1, _LAP // rate.batch) * rate.batch):
            at_ms = 1_790_000_000_000 + number // rate.batch * rate.interval_us // 1000
            lines.write(json.dumps({"at": at_ms, **change(number, rate.topics)}) + "\n")
    file.write_text(
        f"""[[source]]
type = "replay"
name = "changes"
format = "jsonl"
path = "{script}"
loop = true
speed = {0 if scenario.kind == "ingest" else 1}
every_s = {rate.interval_us / 1_000_000}
"""
    )
    return file
