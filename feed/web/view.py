"""What a row or a card says: an item as texts by the name of their slot.

`static/view.js` is the same in the browser, so that the first paint and the live page read alike;
`tests/browser/test_view.py` holds the two together. Times of day are UTC here, the reader's there.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from feed.model.codec import Json, JsonObject
from feed.model.entry import Item

View: TypeAlias = dict[str, str]

_ARROWS = {"up": "▲", "down": "▼", "flat": ""}
_WORDS = {"break": "Break", "post": "Final"}
_CALLED_OFF = {"postponed": "Postponed", "abandoned": "Abandoned"}
_ORDER = {"live": 0, "break": 0, "pre": 1, "post": 2, "postponed": 3, "abandoned": 4}
_DIGITS = 4
_UNITS = ("", "K", "M", "B", "T")
_TEN_S, _MINUTE, _HOUR, _DAY = 10_000, 60_000, 3_600_000, 86_400_000
_YEAR_9999_MS = 253_370_764_800_000
_SIGNED = re.compile(r"(-?)([0-9]+)(\.[0-9]+)?")
_PLAIN = re.compile(r"([0-9]+)(\.[0-9]+)?")
_COUNT = re.compile(r"[0-9]{1,9}")


def price_view(item: Item, now_ms: int) -> View:
    """The slots of a row of the price table."""
    data = item.state() or {}
    name, key = _text(data.get("name")), _key(item)
    change, percent = _text(data.get("change")), _text(data.get("change_pct"))
    move = _direction(change)
    return _source_view(item, data, now_ms) | {
        "move": move,
        "name": name or key,
        "detail": _joined([name and key, _text(data.get("currency"))], " · "),
        "price": _grouped(_text(data.get("price"))) or "–",
        "arrow": _ARROWS[move],
        "change": _signed(change),
        "percent": percent and f"{_signed(percent)}%",
        "bid": _grouped(_text(data.get("bid"))),
        "ask": _grouped(_text(data.get("ask"))),
        "low": _grouped(_text(data.get("low"))),
        "high": _grouped(_text(data.get("high"))),
        "volume": _compact(_text(data.get("volume"))),
    }


def score_view(item: Item, now_ms: int) -> View:
    """The slots of a match's card."""
    data = item.state() or {}
    home, away = _side_view(data, "home"), _side_view(data, "away")
    phase = _text(data.get("phase"))
    played = _text(data.get("period")) or _WORDS.get(phase, "")
    return (
        _source_view(item, data, now_ms)
        | home
        | away
        | {
            "phase": phase,
            "league": _text(data.get("league")) or _text(data.get("sport")) or _key(item),
            "period": _CALLED_OFF.get(phase, played),
            "clock": _clock_text(data, now_ms),
            "title": f"{home['home_name']} – {away['away_name']}",
            "ahead": _leader(home["home_score"], away["away_score"]),
        }
    )


def price_order(item: Item) -> tuple[str, str]:
    """By name, as it is read."""
    data = item.state() or {}
    return (_text(data.get("name")) or _key(item)).lower(), item.topic


def score_order(item: Item) -> tuple[int, int, str]:
    """What is played comes first, then by the start."""
    data = item.state() or {}
    return _ORDER.get(_text(data.get("phase")), 1), _integer(data.get("start")) or 0, item.topic


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
        "state": _text(data.get("state")),
        "age": age_text(now_ms - item.ts),
        "why": _text(data.get("why")),
    }


def _side_view(data: JsonObject, side: str) -> View:
    team = data.get(side)
    team = team if isinstance(team, dict) else {}
    abbr = _text(team.get("abbr"))
    return {
        f"{side}_name": _text(team.get("name")) or abbr or side.capitalize(),
        f"{side}_abbr": abbr,
        f"{side}_score": _text(team.get("score")) or "–",
    }


def _clock_text(data: JsonObject, now_ms: int) -> str:
    """The clock is an anchor: so many milliseconds had been played `at` a moment.

    It runs at the `rate` of a match that is simulated faster than life, else at 1.
    """
    if data.get("phase") == "pre":
        return _start_text(_integer(data.get("start")))
    clock = data.get("clock")
    played_ms = _integer(clock.get("ms")) if isinstance(clock, dict) else None
    if data.get("phase") != "live" or not isinstance(clock, dict) or played_ms is None:
        return ""
    at_ms = _integer(clock.get("at")) if clock.get("running") is True else None
    ticked_ms = 0 if at_ms is None else int(max(0, now_ms - at_ms) * _rate(clock.get("rate")))
    minutes, seconds = divmod((played_ms + ticked_ms) // 1000, 60)
    return f"{minutes}:{seconds:02}"


def _start_text(start_ms: int | None) -> str:
    if start_ms is None or not 0 <= start_ms < _YEAR_9999_MS:
        return ""
    return f"{datetime.fromtimestamp(start_ms / 1000, UTC):%a %H:%M} UTC"


def _rate(value: Json) -> Decimal | int:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return 1
    return value if value > 0 else 1


def _leader(home: str, away: str) -> str:
    if not (_COUNT.fullmatch(home) and _COUNT.fullmatch(away)) or int(home) == int(away):
        return ""
    return "home" if int(home) > int(away) else "away"


def _direction(change: str) -> str:
    if not re.search("[1-9]", change):
        return "flat"
    return "down" if change.startswith("-") else "up"


def _grouped(decimal: str) -> str:
    """Thousands apart, a minus as wide as a plus. What is no plain decimal stays as it is."""
    form = _SIGNED.fullmatch(decimal)
    if not form:
        return decimal
    sign, whole, fraction = form.groups(default="")
    return (sign and "−") + re.sub(r"\B(?=(\d{3})+$)", ",", whole) + fraction


def _signed(decimal: str) -> str:
    plus = _PLAIN.fullmatch(decimal) and _direction(decimal) == "up"
    return ("+" if plus else "") + _grouped(decimal)


def _compact(decimal: str) -> str:
    """From five digits on four and a unit, cut off, never rounded up."""
    form = _PLAIN.fullmatch(decimal)
    if not form:
        return decimal
    whole, fraction = form.groups(default="")
    if len(whole) <= _DIGITS:
        return _grouped(whole + (fraction if whole == "0" else fraction[:3]))
    unit = min((len(whole) - 1) // 3, len(_UNITS) - 1)
    head = whole[: len(whole) - 3 * unit]
    tail = whole[len(head) : max(_DIGITS, len(head))]
    return f"{_grouped(head)}{tail and f'.{tail}'} {_UNITS[unit]}"


def _key(item: Item) -> str:
    return item.topic.partition(":")[2]


def _joined(parts: list[str], between: str) -> str:
    return between.join(part for part in parts if part)


def _integer(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Json) -> str:
    """A text or a number as it was sent; anything else says nothing here."""
    return str(value) if not isinstance(value, (bool, list, dict)) and value is not None else ""
