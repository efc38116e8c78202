"""`python -m benchmarks`: measures, prints, and writes the table and the picture."""

import argparse
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import build
from benchmarks.chart import chart
from benchmarks.floor import Floor
from benchmarks.machine import machine
from benchmarks.measure import MEASURE
from benchmarks.peer import Peer
from benchmarks.program import Broken
from benchmarks.result import Result, median
from benchmarks.scenario import EVERY, Scenario
from benchmarks.sides import every_side
from benchmarks.table import FLOORS, Row, block, markdown


def main() -> int:
    """Measure what the arguments name; gives the exit status."""
    chosen = _arguments()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    try:
        build.load()
        peers = _prepared(chosen.peers, chosen.before)
    except build.CannotBuild as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    title = f"{machine()}; medians of {chosen.rounds} rounds."
    print(title)
    found: dict[Scenario, Row] = {}
    for scenario in chosen.scenarios:
        found[scenario] = _rounds(scenario, peers, chosen.rounds, chosen.seconds)
        print(f"\n{block(scenario, found[scenario])}", flush=True)
    if chosen.markdown:
        chosen.markdown.write_text(markdown(found, title))
    if chosen.svg:
        chosen.svg.write_text(chart(found, title))
    return 0


def _arguments() -> argparse.Namespace:
    scenarios = {scenario.name: scenario for scenario in EVERY}
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="What the feed costs, beside others. Without arguments: everything.",
        epilog="Scenarios: " + "; ".join(f"{each.name} ({each.title})" for each in EVERY),
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="all, unless named")
    parser.add_argument("--peers", metavar="A,B", help=f"of {', '.join(every_side(None))}")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="of a window (%(default)s)")
    parser.add_argument("--before", type=Path, help="another tree of the feed: feed-before")
    parser.add_argument("--markdown", type=Path, help="file for the tables")
    parser.add_argument("--svg", type=Path, help="file for the picture")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.scenarios if name not in scenarios]
    if unknown:
        parser.error(f"no scenario is named {', '.join(unknown)}")
    chosen.scenarios = [scenarios[name] for name in chosen.scenarios] or list(EVERY)
    if chosen.before:
        chosen.before = chosen.before.resolve()
    return chosen


def _prepared(names: str | None, before: Path | None) -> list[Peer]:
    """The floor, and who is asked for and can be had here; who cannot is named."""
    sides = every_side(before)
    wanted = names.split(",") if names else list(sides)
    if unknown := [name for name in wanted if name not in sides]:
        raise build.CannotBuild(f"no side is named {', '.join(unknown)}")
    peers = []
    for name, side in sides.items():
        if name not in wanted and name != FLOORS[0]:
            continue
        try:
            side.prepare()
        except build.CannotBuild as error:
            print(f"without {name}: {' '.join(str(error).split())}", file=sys.stderr)
        else:
            peers.append(side)
    return peers


def _rounds(scenario: Scenario, peers: Sequence[Peer], rounds: int, seconds: float) -> Row:
    """The medians; in each round every side has its turn, so that a noisy minute hurts all."""
    found: dict[str, list[Result]] = {}
    sides = [peer for peer in peers if peer.serves(scenario)]
    for turn in range(rounds):
        for peer in sides:
            done = f"{scenario.name} {turn + 1}/{rounds} {peer.name}"
            what = scenario.plain if isinstance(peer, Floor) else scenario
            try:
                with tempfile.TemporaryDirectory(prefix="feed-benchmark-") as folder:
                    result = MEASURE[scenario.kind](peer, what, Path(folder), seconds)
            except Broken as error:
                print(f"{done}: {error}", file=sys.stderr)
            else:
                print(f"{done}: {result.cell()}", file=sys.stderr)
                found.setdefault(peer.name, []).append(result)
    return {name: median(results) for name, results in found.items()}


sys.exit(main())
