"""Two fixtures, and what is to be asked of the matches on them."""

from typing import Any

from feed.model.change import Change
from feed.model.codec import Json
from feed.sources.made.match_clock import MatchClock, MatchClockConfig
from feed.sources.match import Fixture, Team
from tests.support.sources import Table

FOOTBALL = Fixture(
    league="EPL", home=Team(name="Arsenal", abbr="ARS"), away=Team(name="Chelsea", abbr="CHE")
)
BASKETBALL = Fixture(
    league="NBA",
    sport="basketball",
    home=Team(name="Boston", abbr="BOS"),
    away=Team(name="Chicago", abbr="CHI"),
)
HOUR_MS = 3_600_000


def matches(*fixtures: Fixture, **settings: Any) -> MatchClock:
    return MatchClock(MatchClockConfig(name="matches", fixtures=fixtures, **settings))


async def watch(source: MatchClock, table: Table, begin_ms: int, end_ms: int, step_ms: int) -> None:
    for now_ms in range(begin_ms, end_ms, step_ms):
        table.apply(await source.poll(now_ms))


def scores(item: Any) -> list[Json]:
    return [item["home"]["score"], item["away"]["score"]]


def stages(changes: list[Change]) -> list[tuple[Json, Json, Json]]:
    """Phase, period, and whether the clock runs, of every change that says so."""
    return [
        (fields["phase"], fields["period"], fields["clock"]["running"])  # type: ignore[index,call-overload]
        for change in changes
        if "phase" in (fields := change.data or change.patch or {})
    ]
