"""The floor as a side: the program in C that only writes."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import build
from benchmarks.peer import SERVER_CORE, Server, names
from benchmarks.program import Program
from benchmarks.scenario import Scenario


class Floor:
    """`batched`: one write for all that a connection gets of a burst, else one a message."""

    def __init__(self, *, batched: bool) -> None:
        self.name = "floor-batched" if batched else "floor"
        self._batched = batched

    def serves(self, scenario: Scenario) -> bool:
        """What is a matter of writing."""
        return scenario.kind in ("steady", "capacity", "idle")

    def prepare(self) -> None:
        """Compile it."""
        build.floor()

    def start(self, scenario: Scenario, folder: Path) -> Server:
        """Start it."""
        option = ["--batched"] if self._batched else []
        program = Program([build.floor(), *option], SERVER_CORE, errors=folder / f"{self.name}.log")
        return Server(program, int(program.line(5).removeprefix("port ")))

    def subscription(self, topics: Sequence[int], scenario: Scenario) -> str:
        """A path."""
        return f"/?topics={names(topics)}"
