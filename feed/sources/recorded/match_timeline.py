"""A match as somebody wrote it down for a rehearsal: `12' goal home Novak`, `14' void`, `HT`."""

import re
from typing import NamedTuple

from feed.errors import BadInput
from feed.model.codec import JsonObject
from feed.sources.match import MINUTE_MS, Script

_ENTRY = re.compile(r"(?:([0-9]{1,3})(?:\+([0-9]{1,2}))?'\s+)?(\S+)\s*(.*)")
_HALF_MIN = 45
_SIDES = ("home", "away")
_CARDS = ("yellow", "red")
_KINDS = ("goal", *_CARDS)
_REMARKS = {"(penalty)": "penalty", "(own goal)": "own_goal"}
_FORM = (
    "expected MINUTE' goal|yellow|red home|away [WHO], MINUTE' void|amend, HT, FT, abandoned"
    " or postponed"
)


class _Told(NamedTuple):
    """An event that stands, `goal` or the colour of a card, and what was said of it."""

    kind: str
    event_id: str
    side: int
    half: int
    data: JsonObject


class MatchTimeline:
    """Writes the entries of one match into a script, one by one; each may raise BadInput.

    A half lasts 45 minutes, and longer where an entry is later or says so (`45+2'`). The second
    begins `break_ms` after `HT`.
    """

    def __init__(self, script: Script, break_ms: int) -> None:
        self._script = script
        self._break_ms = break_ms
        self._half = 0  # not kicked off
        self._half_after_ms = 0
        self._minute = 0  # of the match's clock, with stoppage time
        self._end = ""
        self._standing: list[_Told] = []

    def add(self, entry: str) -> None:
        """The next entry. Raises BadInput, which says what is expected instead."""
        if self._end:
            raise BadInput(f"expected nothing after {self._end}")
        form = _ENTRY.fullmatch(entry.strip())
        if form is None:
            raise BadInput(_FORM)
        base, added, word, rest = form.groups()
        if word == "postponed":
            return self._postpone(base, rest)
        if self._half == 0:
            self.kick_off()
        if base is not None:
            self._advance(int(base), int(added or 0))
        match word:
            case "HT" | "FT" | "abandoned":
                self._stop(word, rest, is_given=base is not None)
            case "goal" | "yellow" | "red" | "void" | "amend" if base is None:
                raise BadInput(f"expected its minute first: 12' {word} or 45+2' {word}")
            case "void" | "amend":
                self._correct(word, rest)
            case "goal" | "yellow" | "red":
                clock = f"{base}+{added}'" if added else f"{base}'"
                self._happen(word, rest, {"clock": clock})
            case _:
                raise BadInput(_FORM)
        return None

    def kick_off(self) -> None:
        """Begin, where no entry has made it begin."""
        if self._half == 0 and not self._end:
            self._half = 1
            self._script.begin(0, "1H")

    @property
    def _after_ms(self) -> int:
        into_min = self._minute - _HALF_MIN * (self._half - 1)
        return self._half_after_ms + into_min * MINUTE_MS

    def _advance(self, base: int, added: int) -> None:
        end = _HALF_MIN * self._half
        if base > end:
            raise BadInput(f"expected {'HT' if self._half == 1 else 'FT'}: {end}+N' is possible")
        if added and base != end:
            raise BadInput(f"expected stoppage time of this half: {end}+{added}'")
        if base + added < self._minute:
            raise BadInput(f"expected a minute that is not before {self._minute}'")
        self._minute = base + added

    def _postpone(self, base: str | None, why: str) -> None:
        if self._half or base is not None:
            raise BadInput("expected postponed as the only entry, without a minute")
        self._end = "postponed"
        self._script.finish(0, "", 0, _ended("postponed", why))

    def _stop(self, word: str, rest: str, *, is_given: bool) -> None:
        if word == "abandoned":
            self._finish(word, f"{self._half}H", _ended(word, rest))
            return
        if rest:
            raise BadInput(f"expected nothing beside {word}")
        wanted = "HT" if self._half == 1 else "FT"
        if word != wanted:
            raise BadInput(f"expected {wanted} before {word}" if wanted == "HT" else "expected FT")
        if not is_given:
            self._minute = max(self._minute, _HALF_MIN * self._half)
        if word == "FT":
            self._finish(word, word, {})
            return
        self._script.rest(self._after_ms, word, self._minute * MINUTE_MS)
        self._half_after_ms = self._after_ms + self._break_ms
        self._half, self._minute = 2, _HALF_MIN
        self._script.begin(self._half_after_ms, "2H", _HALF_MIN * MINUTE_MS)

    def _finish(self, word: str, period: str, further: JsonObject) -> None:
        self._end = word
        self._script.finish(self._after_ms, period, self._minute * MINUTE_MS, further)

    def _happen(self, kind: str, rest: str, data: JsonObject) -> None:
        side, _, who = rest.partition(" ")
        if side not in _SIDES:
            raise BadInput(f"expected home or away after {kind}")
        for remark, name in _REMARKS.items():
            if kind == "goal" and who.endswith(remark):
                who = who.removesuffix(remark).strip()
                data |= {name: True}
        if who:
            data |= {"who": who}
        number = _SIDES.index(side)
        if kind == "goal":
            event_id = self._script.score_points(self._after_ms, number, 1, "goal", data)
        else:
            data |= {"card": kind}
            event_id = self._script.note(self._after_ms, number, "card", data)
        said: JsonObject = {"side": side, **data, "score": [*self._script.score]}
        self._standing.append(_Told(kind, event_id, number, self._half, said))

    def _correct(self, op: str, rest: str) -> None:
        first, _, after = rest.partition(" ")
        kind, words = (first, after.strip()) if first in _KINDS else ("goal", rest)
        told = next((told for told in self._standing[::-1] if told.kind == kind), None)
        if told is None:
            raise BadInput(f"expected a {kind} before it that stands")
        place = self._standing.index(told)
        event_kind = "goal" if kind == "goal" else "card"
        if op == "amend":
            if not words:
                raise BadInput("expected who it was instead: amend Sato")
            told = told._replace(data=told.data | {"who": words})
            self._standing[place] = told
            self._script.correct(self._after_ms, "amend", told.event_id, event_kind, told.data)
            return
        if kind == "goal" and told.half != self._half:
            raise BadInput("expected a goal of this half before it that stands")
        del self._standing[place]
        why = words or "taken back"
        if kind == "goal":
            self._script.take_back(self._after_ms, told.event_id, told.side, why)
        else:
            self._script.correct(self._after_ms, "void", told.event_id, "card", {"why": why})


def _ended(phase: str, why: str) -> JsonObject:
    return {"phase": phase, "why": why} if why else {"phase": phase}
