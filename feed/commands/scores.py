"""The table of matches."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from feed.client.reader import Item
from feed.commands.cell import key, state_of, text, time_text
from feed.commands.grid import Column, Line, Span, grid
from feed.model.codec import JsonObject
from feed.model.wording import integer, kicks, match_clock, match_order

_PHASES = {"pre": "soon", "post": "final", "postponed": "postponed", "abandoned": "abandoned"}


def scores(items: Mapping[str, Item], now_ms: int, zone: tzinfo | None, width: int) -> list[Line]:
    """One row for each, first those that are played; empty where there is none."""
    topics = sorted(items, key=lambda topic: match_order(topic, items[topic].data))
    fields = [items[topic].data for topic in topics]
    leagues = [
        text(data.get("league")) or key(topic) for topic, data in zip(topics, fields, strict=True)
    ]
    clocks = [Span(_clock(data, now_ms, zone)) for data in fields]
    return grid(
        [
            Column("LEAGUE", [Span(league, "dim") for league in leagues], gives_way=True),
            Column("HOME", [_team(data, "home") for data in fields], right=True, gives_way=True),
            Column("", _standings(fields)),
            Column("AWAY", [_team(data, "away") for data in fields], gives_way=True),
            Column("PERIOD", [_period(data) for data in fields]),
            Column("CLOCK", clocks, right=True),
            Column("AGE", [state_of(items[topic], now_ms) for topic in topics], gives_way=True),
        ],
        width,
    )


def _side(data: JsonObject, side: str) -> JsonObject:
    team = data.get(side)
    return team if isinstance(team, dict) else {}


def _team(data: JsonObject, side: str) -> Span:
    """The name of a side; who leads is bold."""
    team, other = _side(data, side), _side(data, "away" if side == "home" else "home")
    ours, theirs = integer(team.get("score")), integer(other.get("score"))
    leads = ours is not None and theirs is not None and ours > theirs
    return Span(text(team.get("name")) or text(team.get("abbr")), "bold" if leads else "")


def _standings(fields: Sequence[JsonObject]) -> list[Span]:
    """The score, with the dashes below each other."""
    pairs = [[text(_side(data, side).get("score")) for side in ("home", "away")] for data in fields]
    left = max((len(home) for home, _ in pairs), default=0)
    right = max((len(away) for _, away in pairs), default=0)
    return [
        Span(f"{home:>{left}} – {away:<{right}}" if home or away else "", "bold")
        for home, away in pairs
    ]


def _period(data: JsonObject) -> Span:
    phase = text(data.get("phase"))
    word = _PHASES.get(phase) or text(data.get("period")) or phase
    shot = "–".join(kicks(data).values())
    return Span(f"{word} ({shot})" if shot else word, "" if phase == "live" else "dim")


def _clock(data: JsonObject, now_ms: int, zone: tzinfo | None) -> str:
    """When it starts, or how long it has been played."""
    if data.get("phase") == "pre":
        return time_text(integer(data.get("start")), zone)[:5]
    return match_clock(data, now_ms)
