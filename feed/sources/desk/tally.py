"""The events that make up a score, kept in step with it.

What counts is told by the log alone: a tally is the sum of its events, whoever gave them. Points
that no event tells of (from before the log begins) are its base: the score without the tally.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from feed.model.change import EventChange, Op
from feed.model.codec import Json, JsonObject
from feed.sources.desk.gate import SIDES

_KEPT = 500  # more than a match of any sport has

_COUNTING = frozenset({"goal", "score", "correction"})
_SPORTS_OF_GOALS = frozenset({"football", "soccer", "futsal", "hockey", "handball", "water polo"})


class Goal(NamedTuple):
    """An event that counts: `by` points for a side."""

    side: str
    by: int
    kind: str
    data: JsonObject


def points(kind: str | None, data: JsonObject) -> tuple[str, int] | None:
    """The side and the points that an event counts for; None where it counts for none.

    A `goal`, `score` or `correction` of a `side` counts, for `by`, else `points`, else one.
    """
    side, by = data.get("side"), data.get("by", data.get("points", 1))
    if kind not in _COUNTING or side not in SIDES or type(by) is not int:
        return None
    return str(side), by


def word(sport: object) -> str:
    """What a point is called where the source does not say."""
    return "goal" if sport is None or str(sport).lower() in _SPORTS_OF_GOALS else "score"


class Tally:
    """The newest events of one topic that count, oldest first; those before are of its base."""

    def __init__(self) -> None:
        self.goals: dict[str, Goal] = {}
        self.taken_back: dict[str, None] = {}

    def take(self, op: Op, event_id: str, kind: str | None, data: JsonObject) -> None:
        """An event of the log."""
        counts = None if op == "void" else points(kind, data)
        if counts is None:
            if self.goals.pop(event_id, None) or op == "void":
                self.taken_back[event_id] = None
                _forget(self.taken_back)
            return
        self.taken_back.pop(event_id, None)
        self.goals[event_id] = Goal(*counts, kind or "", data)
        _forget(self.goals)

    def sum(self, side: str) -> int:
        """The points of a side that events tell of."""
        return sum(goal.by for goal in self.goals.values() if goal.side == side)

    def name(self, event_id: str) -> str:
        """The id by which the log knows an event of a source; it may have been told as inferred."""
        for known, goal in self.goals.items():
            if goal.data.get("ref") == event_id:
                return known
        return event_id

    def copy(self) -> "Tally":
        """One that may be changed."""
        new = Tally()
        new.goals, new.taken_back = dict(self.goals), dict(self.taken_back)
        return new

    def cleared(self) -> "Tally":
        """That of another match: what counted for this one does not, and its ids are in use."""
        new = Tally()
        new.taken_back = self.taken_back | dict.fromkeys(self.goals)
        return new


def _forget(events: dict[str, Any]) -> None:
    if len(events) > _KEPT:
        del events[next(iter(events))]


class Step(NamedTuple):
    """An event, and the score that stands after it."""

    event: EventChange
    score: Mapping[str, int]


class Settled(NamedTuple):
    """What to tell of a score that moves.

    `steps`: from one score to the other; `plain`: events that leave it as it is; `waiting`: events
    that the score does not bear out yet; `corrected`: sides whose fall no event of the source
    tells.
    """

    steps: list[Step]
    plain: list[EventChange]
    waiting: list[EventChange]
    corrected: frozenset[str]


def settle(
    tally: Tally,
    before: Mapping[str, int],
    after: Mapping[str, int],
    listed: Sequence[EventChange],
    *,
    kind: str,
    why: str,
    mark: str,
    is_first: bool = False,
) -> Settled:
    """The events from one score to another: those that the source lists, the others inferred.

    `kind`: of what is inferred; `why`: of what is taken back; `mark`: what makes new ids unique.
    `is_first`: the source lists for the first time, maybe what the score has contained long since.
    """
    work = _Settling(tally.copy(), before, after, kind, why, mark)
    work.follow(listed, is_first=is_first)
    needs = {side: work.need(side) for side in work.score}
    for side, need in needs.items():
        if need > 0:
            work.infer(side, need)
        elif need < 0:
            work.correct(side, -need)
    corrected = frozenset(side for side, need in needs.items() if need < 0)
    return Settled(work.steps, work.plain, work.waiting, corrected)


class _Settling:
    """The work of `settle`: `score` is where it has come to."""

    def __init__(
        self,
        tally: Tally,
        before: Mapping[str, int],
        after: Mapping[str, int],
        kind: str,
        why: str,
        mark: str,
    ) -> None:
        self.steps: list[Step] = []
        self.plain: list[EventChange] = []
        self.waiting: list[EventChange] = []
        self.score = {side: before.get(side, points) for side, points in after.items()}
        self._tally = tally
        self._after = after
        self._kind = kind
        self._why = why
        self._mark = mark

    def need(self, side: str) -> int:
        """The points that are still to be told."""
        return self._after[side] - self.score[side] if side in self.score else 0

    def follow(self, listed: Sequence[EventChange], *, is_first: bool) -> None:
        """The source's own events, in its order."""
        new = [event for event in listed if event.op == "add" and not self._is_known(event)]
        rest = dict.fromkeys(SIDES, 0)
        for event in new:
            if counts := points(event.kind, event.data):
                rest[counts[0]] += counts[1]
        for event in listed:
            if event.op != "add":
                self._change(event)
            elif not self._is_known(event):
                counts = points(event.kind, event.data)
                if counts is None:
                    self.plain.append(event)
                    continue
                side, by = counts
                is_old = is_first and rest[side] > self.need(side) and self._base(side) >= by
                rest[side] -= by
                self._add(event, side, by, is_old=is_old)

    def infer(self, side: str, by: int) -> None:
        """Points that nobody tells of."""
        self._new(self._kind, side, by, {"inferred": True})

    def correct(self, side: str, by: int) -> None:
        """Points that do not count: the newest are taken back, whole or in part."""
        for event_id, goal in reversed([*self._tally.goals.items()]):
            if goal.side != side or goal.by <= 0:
                continue
            taken = min(by, goal.by)
            left = self._standing(side, -taken)
            if taken == goal.by:
                data: JsonObject = {"side": side, "by": taken, "why": self._why, "score": left}
                self._step(EventChange(op="void", id=event_id, kind=goal.kind, data=data))
            else:
                data = goal.data | {"by": goal.by - taken, "why": self._why, "score": left}
                self._step(EventChange(op="amend", id=event_id, kind=goal.kind, data=data))
            by -= taken
            if not by:
                return
        self._new("correction", side, -by, {"inferred": True, "why": self._why})

    def _add(self, event: EventChange, side: str, by: int, *, is_old: bool) -> None:
        if event.id in self._tally.taken_back:  # the id is in use: it counts again
            event = msgspec.structs.replace(event, op="amend")
        if is_old:
            self._step(event)
        elif 0 < by <= self.need(side):
            self._move(side, by)
            self._step(event)
        elif self.need(side) > 0 or not self._replace(event, side, by):
            self.waiting.append(event)

    def _replace(self, event: EventChange, side: str, by: int) -> bool:
        """Tell what was inferred as the source has it now."""
        for event_id, goal in self._tally.goals.items():
            if goal.side != side or goal.by < by or not goal.data.get("inferred") or by < 1:
                continue
            if goal.by == by:
                data: JsonObject = event.data | {"ref": event.id}
                event = msgspec.structs.replace(event, op="amend", id=event_id, data=data)
            else:
                data = goal.data | {"by": goal.by - by}
                self._step(EventChange(op="amend", id=event_id, kind=goal.kind, data=data))
            self._step(event)
            return True
        return False

    def _change(self, event: EventChange) -> None:
        """What the source amends or takes back."""
        event_id = self._tally.name(event.id or "")
        goal = self._tally.goals.get(event_id)
        if goal is None:
            if not self._change_waiting(event) and event_id not in self._tally.taken_back:
                self.plain.append(event)
            return
        counts = None if event.op == "void" else points(event.kind or goal.kind, event.data)
        moves = dict.fromkeys(SIDES, 0)
        moves[goal.side] -= goal.by
        if counts:
            moves[counts[0]] += counts[1]
        if not all(_leads(move, self.need(side)) for side, move in moves.items()):
            self.waiting.append(event)
            return
        for side, move in moves.items():
            if move:
                self._move(side, move)
        if event_id != event.id:
            data = event.data | {"ref": event.id}
            event = msgspec.structs.replace(event, id=event_id, data=data)
        self._step(msgspec.structs.replace(event, kind=event.kind or goal.kind))

    def _change_waiting(self, event: EventChange) -> bool:
        """Change what was not told yet, where it is that."""
        for index, each in enumerate(self.waiting):
            if each.id == event.id and each.op != "void":
                amended = msgspec.structs.replace(event, op=each.op, kind=event.kind or each.kind)
                self.waiting[index : index + 1] = [] if event.op == "void" else [amended]
                return True
        return False

    def _new(self, kind: str, side: str, by: int, further: JsonObject) -> None:
        standing = self._standing(side, by)
        event_id = f"{self._mark}-{side}-{self.score[side]}"
        data: JsonObject = {"side": side, "by": by, "score": standing, **further}
        self._step(EventChange(id=event_id, kind=kind, data=data))

    def _standing(self, side: str, by: int) -> list[Json]:
        self._move(side, by)
        return [self.score.get(each, 0) for each in SIDES]

    def _move(self, side: str, by: int) -> None:
        self.score[side] += by

    def _step(self, event: EventChange) -> None:
        self._tally.take(event.op, event.id or "", event.kind, event.data)
        self.steps.append(Step(event, dict(self.score)))

    def _base(self, side: str) -> int:
        return self.score.get(side, 0) - self._tally.sum(side)

    def _is_known(self, event: EventChange) -> bool:
        return self._tally.name(event.id or "") in self._tally.goals


def _leads(move: int, need: int) -> bool:
    """Whether a move goes towards what is needed, and not beyond."""
    return move == 0 or 0 < move <= need or need <= move < 0
