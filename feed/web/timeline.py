"""What happened in a match, as its card tells it: what was taken back stays, and says so.

`static/dashboard/timeline.js` and `eventView` in `view.js` are the same in the browser.
"""

from collections.abc import Iterable
from datetime import UTC
from typing import Literal, NamedTuple

from feed.model.codec import JsonObject, decode_object
from feed.model.wording import instant, integer, text
from feed.web.view import View

SHOWN = 4
"""Lines of a card, until its reader asks for all."""

_KEPT = 60


class Told(NamedTuple):
    """An event as it stands now, or as it stood. `why` it was changed; may be empty."""

    event: JsonObject
    state: Literal["stands", "amended", "taken"]
    why: str = ""


def told(events: Iterable[bytes], start_ms: int) -> list[Told]:
    """What is left to tell of events as frames have them, newest first.

    What was before the start of the match is of one that was played earlier.
    """
    known: dict[str, Told] = {}
    for each in events:
        event = decode_object(each)
        name, data = text(event.get("id")), _data(event)
        why = data.get("why")
        why = why if isinstance(why, str) else ""
        match event.get("op"):
            case "void":
                known[name] = Told(known[name].event if name in known else event, "taken", why)
            case "amend":
                known[name] = Told(event, "amended", why)
            case _:
                known[name] = Told(event, "stands")
    kept = [*known.values()][-_KEPT:]
    return [each for each in reversed(kept) if (integer(each.event.get("ts")) or 0) >= start_ms]


def event_view(each: Told, card: View) -> View:
    """The slots of a line; `card`: the view of its match."""
    event, state, why = each
    data = _data(event)
    side, score = data.get("side"), data.get("score")
    abbr = card[f"{side}_abbr"] if side in ("home", "away") else ""
    moment = instant(integer(event.get("ts")), UTC)
    word = {"stands": "", "amended": "corrected", "taken": "taken back"}[state]
    return {
        "clock": text(data.get("clock")) or (f"{moment:%H:%M} UTC" if moment else ""),
        "kind": _label(text(event.get("kind"))),
        "who": ", ".join(part for part in (text(data.get("who")), abbr) if part),
        "score": "–".join(text(goals) for goals in score) if isinstance(score, list) else "",
        "taken": ": ".join(part for part in (word, why) if part),
    }


def _data(event: JsonObject) -> JsonObject:
    data = event.get("data")
    return data if isinstance(data, dict) else {}


def _label(word: str) -> str:
    """`yellow_card` → `Yellow card`."""
    words = word.replace("_", " ")
    return words[:1].upper() + words[1:]
