"""What a row or a card says: an item as texts by the name of their slot.

`static/dashboard/view.js` is the same in the browser, so that the first paint and the live page
read alike; `tests/browser/test_view.py` holds the two together. Times of day are UTC here, the
reader's there.
"""

import re
from datetime import UTC
from typing import TypeAlias

from feed.model.codec import Json, JsonObject
from feed.model.entry import Item
from feed.model.wording import (
    compact,
    direction,
    grouped,
    instant,
    integer,
    kicks,
    match_clock,
    signed,
    text,
)

View: TypeAlias = dict[str, str]

_ARROWS = {"up": "▲", "down": "▼", "flat": ""}
_WORDS = {"break": "Break", "post": "Final"}
_CALLED_OFF = {"postponed": "Postponed", "abandoned": "Abandoned"}
_TEN_S, _MINUTE, _HOUR, _DAY = 10_000, 60_000, 3_600_000, 86_400_000
_COUNT = re.compile(r"[0-9]{1,9}")


def price_view(item: Item, now_ms: int) -> View:
    """The slots of a row of the price table."""
    data = item.state() or {}
    name, key = text(data.get("name")), _key(item)
    change, percent = text(data.get("change")), text(data.get("change_pct"))
    move = direction(change)
    return _source_view(item, data, now_ms) | {
        "move": move,
        "name": name or key,
        "detail": _joined([name and key, text(data.get("currency"))], " · "),
        "price": grouped(text(data.get("price"))) or "–",
        "arrow": _ARROWS[move],
        "change": signed(change),
        "percent": percent and f"{signed(percent)}%",
        "bid": grouped(text(data.get("bid"))),
        "ask": grouped(text(data.get("ask"))),
        "low": grouped(text(data.get("low"))),
        "high": grouped(text(data.get("high"))),
        "volume": compact(text(data.get("volume"))),
    }


def score_view(item: Item, now_ms: int) -> View:
    """The slots of a match's card."""
    data = item.state() or {}
    home, away = _side_view(data, "home"), _side_view(data, "away")
    phase = text(data.get("phase"))
    played = text(data.get("period")) or _WORDS.get(phase, "")
    return (
        _source_view(item, data, now_ms)
        | home
        | away
        | {
            "phase": phase,
            "league": text(data.get("league")) or text(data.get("sport")) or _key(item),
            "period": _CALLED_OFF.get(phase, played),
            "clock": _clock_text(data, now_ms),
            "title": f"{home['home_name']} – {away['away_name']}",
            "ahead": _leader(home["home_score"], away["away_score"])
            or _leader(home["home_kicks"], away["away_kicks"]),
        }
    )


def age_text(age_ms: int) -> str:
    """How long ago, coarse enough to be calm."""
    if age_ms < _TEN_S:
        return "now"
    if age_ms < _MINUTE:
        return f"{age_ms // _TEN_S * 10} s"
    if age_ms < _HOUR:
        return f"{age_ms // _MINUTE} min"
    if age_ms < 2 * _DAY:
        return f"{age_ms // _HOUR} h"
    return f"{age_ms // _DAY} d"


def _source_view(item: Item, data: JsonObject, now_ms: int) -> View:
    return {
        "state": text(data.get("state")),
        "age": age_text(now_ms - item.ts),
        "why": text(data.get("why")),
        "held": _held_text(data.get("pinned"), now_ms),
    }


def _held_text(pinned: Json, now_ms: int) -> str:
    """Until when the admin's word stands, where it stands for a while (`hub/pin.py`)."""
    pins = pinned.values() if isinstance(pinned, dict) else ()
    ends = [integer(pin.get("until")) or 0 for pin in pins if isinstance(pin, dict)]
    until = instant(max(ends, default=0), UTC)
    if until is None or max(ends, default=0) <= now_ms:
        return ""
    return f"by hand until {until:%H:%M} UTC"


def _side_view(data: JsonObject, side: str) -> View:
    team = data.get(side)
    team = team if isinstance(team, dict) else {}
    abbr = text(team.get("abbr"))
    return {
        f"{side}_name": text(team.get("name")) or abbr or side.capitalize(),
        f"{side}_abbr": abbr,
        f"{side}_score": text(team.get("score")) or "–",
        f"{side}_kicks": kicks(data).get(side, ""),
    }


def _clock_text(data: JsonObject, now_ms: int) -> str:
    """When it starts, or how long it has been played."""
    if data.get("phase") == "pre":
        start = instant(integer(data.get("start")), UTC)
        return f"{start:%a %H:%M} UTC" if start else ""
    return match_clock(data, now_ms)


def _leader(home: str, away: str) -> str:
    if not (_COUNT.fullmatch(home) and _COUNT.fullmatch(away)) or int(home) == int(away):
        return ""
    return "home" if int(home) > int(away) else "away"


def _key(item: Item) -> str:
    return item.topic.partition(":")[2]


def _joined(parts: list[str], between: str) -> str:
    return between.join(part for part in parts if part)
