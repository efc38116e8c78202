"""What happened in a match, as its card tells it: what was taken back stays, and says so.

`static/dashboard/timeline.js` and `eventView` in `view.js` are the same in the browser.
"""

from collections.abc import Iterable
from datetime import UTC

from feed.hub.standing import Standing, standing
from feed.model.wording import instant, text
from feed.web.view import View

SHOWN = 4
"""Lines of a card, until its reader asks for all."""

_KEPT = 60


def told(events: Iterable[bytes], start_ms: int) -> list[Standing]:
    """What is left to tell of events as frames have them, newest first.

    What was before the start of the match is of one that was played earlier.
    """
    kept = standing(events)[-_KEPT:]
    return [each for each in reversed(kept) if each.ts >= start_ms]


def event_view(event: Standing, card: View) -> View:
    """The slots of a line; `card`: the view of its match."""
    data = event.data
    side, score = data.get("side"), data.get("penalties")
    score = data.get("score") if score is None else score
    abbr = card[f"{side}_abbr"] if side in ("home", "away") else ""
    moment = instant(event.ts, UTC)
    word = {"add": "", "amend": "corrected", "void": "taken back"}[event.op]
    return {
        "clock": text(data.get("clock")) or (f"{moment:%H:%M} UTC" if moment else ""),
        "kind": _label(event.kind) + (" missed" if data.get("scored") is False else ""),
        "who": ", ".join(part for part in (text(data.get("who")), abbr) if part),
        "score": "–".join(text(goals) for goals in score) if isinstance(score, list) else "",
        "taken": ": ".join(part for part in (word, event.why) if part),
    }


def _label(word: str) -> str:
    """`yellow_card` → `Yellow card`."""
    words = word.replace("_", " ")
    return words[:1].upper() + words[1:]
