"""What tests know of the dashboard: its selectors, and a match to show."""

from typing import Any

LIVE = "html[data-connection=live]"
GOAL = {"kind": "goal", "id": "g-31", "data": {"side": "home", "who": "Saka", "clock": "67:12"}}
MATCH: dict[str, Any] = {
    "league": "EPL",
    "phase": "live",
    "period": "2H",
    "clock": {"ms": 4_020_000, "at": 0, "running": False},
    "home": {"name": "Arsenal", "abbr": "ARS", "score": 1},
    "away": {"name": "Chelsea", "abbr": "CHE", "score": 0},
    "state": "live",
}


def row(topic: str, slot: str = "") -> str:
    """The selector of a row or a card, or of one of its slots."""
    inner = f' [data-slot="{slot}"]' if slot else ""
    return f'[data-topic="{topic}"]{inner}'
