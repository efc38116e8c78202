"""A picture of the results: bars from the floor on, one panel a scenario, as SVG."""

import math
from collections.abc import Mapping
from html import escape

from benchmarks.result import Held, figure
from benchmarks.scenario import Scenario
from benchmarks.table import FLOORS, Row, times_floor

_WIDTH, _NAMES, _VALUES = 760, 130, 130
_BAR, _GAP, _PANEL, _TOP = 16, 6, 58, 20
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500)

_STYLE = """
  svg { font: 13px system-ui, sans-serif }
  .paper { fill: #ffffff } text { fill: #24292f } .quiet { fill: #57606a }
  .bar { fill: #8fa3b8 } .own { fill: #0b6bcb } .line { stroke: #d8dee4 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #9198a1 }
    .bar { fill: #56687a } .own { fill: #4da3ff } .line { stroke: #30363d }
  }
"""

_FRAME = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"
 height="{height}" role="img" aria-label="{label}">
<style>{style}</style>
<rect class="paper" width="{width}" height="{height}"/>
{body}
</svg>
"""


_CAPTION = "CPU of the server for each delivery, and how many times the floor's it is (logarithmic)"


def chart(found: Mapping[Scenario, Row], machine: str) -> str:
    """Of the scenarios that have a cost for each delivery, and more sides than the feed's."""
    rows = {each: row for each, row in found.items() if _fits(each, row)}
    most = max(
        (times for row in rows.values() for name in row if (times := times_floor(name, row))),
        default=1.0,
    )
    axis = _Axis(most)
    body, y = [], _TOP
    for scenario, row in rows.items():
        drawn, y = _panel(scenario, row, axis, y)
        body += drawn
    for line in (_CAPTION, machine):
        body.append(_text(16, y + 8, line, 'class="quiet"'))
        y += 20
    return _FRAME.format(
        width=_WIDTH, height=y + 8, label=_CAPTION, style=_STYLE, body="\n".join(body)
    )


def _fits(scenario: Scenario, row: Row) -> bool:
    return not scenario.feed_only and all(isinstance(each, Held) for each in row.values())


class _Axis:
    """From one time the floor to the most that any side took; each doubling is as wide."""

    def __init__(self, most: float) -> None:
        self.ticks = [tick for tick in _TICKS if tick <= most * 1.01]
        self._unit = (_WIDTH - _NAMES - _VALUES) / max(math.log(max(most, 2)), 1e-9)

    def x(self, times: float) -> float:
        """Pixels from the left edge; what is below the floor stands on it."""
        return _NAMES + self._unit * math.log(max(times, 1.0))


def _panel(scenario: Scenario, row: Row, axis: _Axis, top: int) -> tuple[list[str], int]:
    sides = sorted(row, key=lambda name: row[name].value)
    y = top + 34
    bottom = y + len(sides) * (_BAR + _GAP)
    title = f"{scenario.name}: {scenario.title}"
    drawn = [_text(16, top + 6, title, 'font-weight="600"')]
    for tick in axis.ticks:
        x = axis.x(tick)
        drawn.append(f'<line class="line" x1="{x:.0f}" x2="{x:.0f}" y1="{y - 4}" y2="{bottom}"/>')
        drawn.append(_text(x, y - 8, f"{tick}×", 'class="quiet" text-anchor="middle"'))
    for name in sides:
        drawn += _bar(name, row, axis, y)
        y += _BAR + _GAP
    return drawn, bottom + _PANEL - 34


def _bar(name: str, row: Row, axis: _Axis, y: int) -> list[str]:
    times = times_floor(name, row) or 1.0
    end, text_y = max(axis.x(times), _NAMES + 2), y + _BAR - 4
    kind = "bar own" if name.startswith("feed") else "bar"
    figures = f"{figure(row[name].value)} µs"
    if name != FLOORS[0]:
        figures += f" · {figure(times)}×"
    place = f'x="{_NAMES}" y="{y}" width="{end - _NAMES:.0f}" height="{_BAR}"'
    return [
        _text(_NAMES - 8, text_y, name, 'text-anchor="end"'),
        f'<rect class="{kind}" {place} rx="2"/>',
        _text(end + 6, text_y, figures),
    ]


def _text(x: float, y: float, words: str, attributes: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {attributes}>{escape(words)}</text>'
