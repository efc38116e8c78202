"""Results as tables: for a terminal, and as Markdown."""

from collections.abc import Mapping, Sequence

from benchmarks.result import Result, figure
from benchmarks.scenario import Scenario

FLOORS = ("floor-batched", "floor")
"""What is compared with: the first of them that was measured."""

Row = Mapping[str, Result]
"""A scenario's results, by the name of the side."""


def times_floor(name: str, row: Row) -> float | None:
    """A side's figure over the floor's; None where the floor has none."""
    floor = next((row[each].value for each in FLOORS if each in row), None)
    return row[name].value / floor if floor else None


def block(scenario: Scenario, row: Row) -> str:
    """One scenario for a terminal, the best side first."""
    lines = [f"{scenario.name}: {scenario.title}"]
    wide = max((len(row[name].cell()) for name in row), default=0)
    for name in _ranked(row):
        times = times_floor(name, row)
        ratio = "" if times is None else f"{figure(times):>6} × the floor"
        lines.append(f"  {name:16} {row[name].cell():{wide}} {ratio}".rstrip())
    return "\n".join(lines)


def _ranked(row: Row) -> list[str]:
    sides = sorted(row, key=lambda name: row[name].value)
    return sides if all(each.less_is_better for each in row.values()) else sides[::-1]


def markdown(found: Mapping[Scenario, Row], title: str) -> str:
    """Every side in what all can do, and the feed in the rest."""
    common = [scenario for scenario in found if not scenario.feed_only]
    own = [scenario for scenario in found if scenario.feed_only]
    parts = [f"{title}\n"]
    if common:
        parts.append(_every_side(found, common))
    if own:
        parts.append(_feed_alone(found, own))
    return "\n".join(parts)


def _every_side(found: Mapping[Scenario, Row], scenarios: Sequence[Scenario]) -> str:
    sides = list(dict.fromkeys(name for scenario in scenarios for name in found[scenario]))
    head = [f"{scenario.name}: {scenario.title}" for scenario in scenarios]
    rows = [[name, *(_cell(name, found[each]) for each in scenarios)] for name in sides]
    return _table(["", *head], rows)


def _feed_alone(found: Mapping[Scenario, Row], scenarios: Sequence[Scenario]) -> str:
    sides = list(dict.fromkeys(name for scenario in scenarios for name in found[scenario]))
    rows = [
        [f"{each.name}: {each.title}", *(_cell(name, found[each]) for name in sides)]
        for each in scenarios
    ]
    return _table(["", *sides], rows)


def _cell(name: str, row: Row) -> str:
    if name not in row:
        return "–"
    times = times_floor(name, row)
    ratio = "" if times is None or name == FLOORS[0] else f" · **{figure(times)} ×**"
    return row[name].cell() + ratio


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
