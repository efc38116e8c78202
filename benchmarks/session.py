"""A server at work, and the load that is subscribed to it."""

import time
from pathlib import Path
from typing import Any, Self

from benchmarks import build
from benchmarks.feed_log import TOKEN
from benchmarks.peer import LOAD_CORE, Peer
from benchmarks.program import Broken, Program
from benchmarks.result import Held
from benchmarks.scenario import Rate, Scenario

_CONNECT_S = 60
_MARK_S = 30
_LULL_S = 0.01
"""What a mark waits for, at the least (client/load.c)."""


class Session:
    """Of one scenario; `folder` is for its files. It ends both programs."""

    def __init__(self, peer: Peer, scenario: Scenario, folder: Path) -> None:
        self._scenario = scenario
        self._folder = folder
        self._peer = peer
        self.server = peer.start(scenario, folder)
        self._load: Program | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._load:
            self._load.stop()
        self.server.program.stop()

    @property
    def load(self) -> Program:
        """The load at work."""
        assert self._load
        return self._load

    def connect(self, extra: str = "", ready: str = "") -> dict[str, Any]:
        """Subscribe everybody and wait for it; raises Broken where somebody is refused.

        `extra`: a further parameter of each; `ready`: what is waited for instead of the usual.
        """
        scenario, folder, server = self._scenario, self._folder, self.server
        lines = (self._peer.subscription(each, scenario) for each in scenario.interests())
        plan = folder / "plan"
        plan.write_text("".join(f"{line}{extra}\n" for line in lines))
        command: list[str | Path] = [build.load(), "--port", str(server.port), *server.load]
        command += ["--plan", plan, "--door", scenario.door, "--timeout", str(_CONNECT_S)]
        command += ["--deflate"] if scenario.deflate else []
        command += ["--silent"] if scenario.silent else []
        command += ["--ready", ready] if ready else []
        self._load = Program(command, LOAD_CORE, {"FEED_ADMIN_TOKEN": TOKEN}, folder / "load.log")
        found = self._load.figures(_CONNECT_S + 5)
        if found["failed"]:
            raise Broken(f"{found['failed']} could not subscribe: {self._load.last_words()}")
        return found

    def rate(self, rate: Rate) -> None:
        """Send so much from now on; what a source of the feed sends is its own affair."""
        if self.server.paced:
            self.server.program.say(rate.line())
        elif "--inject" in self.server.load:
            self.load.say(rate.line())

    def mark(self) -> dict[str, Any]:
        """What came since the last mark."""
        self.load.say("mark\n")
        return self.load.figures(_MARK_S)

    def held(self, seconds: float, expected_per_s: float) -> Held:
        """What is sent now, for so long; raises Broken where nothing comes."""
        self.mark()
        cpu_ns = self.server.program.cpu_ns()
        time.sleep(seconds - _LULL_S)
        found = self.mark()
        cpu_ns = self.server.program.cpu_ns() - cpu_ns
        deliveries, lasted_s = found["deliveries"], found["seconds"]
        if not deliveries:
            raise Broken(f"nothing was delivered: {self.server.program.last_words()}")
        if found["refused"]:
            raise Broken(f"changes were refused: {self.load.last_words()}")
        return Held(
            cpu_us=cpu_ns / 1000 / deliveries,
            bytes_each=found["bytes"] / deliveries,
            share=deliveries / lasted_s / expected_per_s,
            reads=found["reads"] / deliveries,
            p50_ms=found["p50_ms"],
            p99_ms=found["p99_ms"],
            core=cpu_ns / 1e9 / lasted_s,
        )
