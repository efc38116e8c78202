"""What every side of the comparison has in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.program import Program
from benchmarks.scenario import Scenario

SERVER_CORE, LOAD_CORE = 0, 1


@dataclass(frozen=True, slots=True)
class Server:
    """One at work. `load`: options that the load needs for it, beside the port.

    `paced`: it makes its messages itself and is told the rate on its standard input; else the
    load sends them, or, where `load` names nobody to send them to, they come from elsewhere.
    """

    program: Program
    port: int
    load: Sequence[str] = ()
    paced: bool = True


class Peer(Protocol):
    """A side. Raises CannotBuild where it is not to be had, Broken where it does not start."""

    @property
    def name(self) -> str:
        """As it is chosen and shown."""
        ...

    def serves(self, scenario: Scenario) -> bool:
        """Whether it has what the scenario is about."""
        ...

    def prepare(self) -> None:
        """Install or compile what it needs."""
        ...

    def start(self, scenario: Scenario, folder: Path) -> Server:
        """Start it on the server's core; `folder` is for its files and its log."""
        ...

    def subscription(self, topics: Sequence[int], scenario: Scenario) -> str:
        """A line of the load's plan for a subscriber of these topics."""
        ...


def names(topics: Sequence[int]) -> str:
    """Topics as most servers take them in the query."""
    return ",".join(f"T{topic:04d}" for topic in topics)
