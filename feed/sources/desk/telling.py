"""A source's word on a topic → the changes that tell it, or what is held of it."""

from collections.abc import Sequence

import msgspec

from feed.model.change import Change, EventChange
from feed.model.codec import JsonObject
from feed.model.merge import merge
from feed.sources.desk.gate import (
    POLLS,
    SIDES,
    alike,
    as_pinned,
    doubts,
    is_another,
    number,
    pinned,
    score,
)
from feed.sources.desk.line import Hold, Line
from feed.sources.desk.place import Place, Standing
from feed.sources.desk.tally import Settled, points, settle, word

_LASTING = frozenset({"name", "currency", "sport", "league", "start"})
"""What one source says of a thing is so for all of them."""


class Telling:
    """One word of the source in force: `change` of the item, None where there are only `events`.

    `shown` is the item that it meets. `by_hand`: an admin lets it through.
    """

    def __init__(
        self,
        place: Place,
        line: Line,
        shown: JsonObject | None,
        change: Change | None,
        events: Sequence[EventChange],
        now_ms: int,
        *,
        by_hand: bool = False,
    ) -> None:
        hold = line.hold
        if change is not None and change.patch == {} and hold:  # it stands by that
            change = hold.change
        self._place = place
        self._line = line
        self._shown = shown
        self._change = change
        self._now_ms = now_ms
        self._by_hand = by_hand
        self._given: JsonObject = {}
        self._said = shown or {}
        if change is not None and change.data is not None:
            self._given, self._said = change.data, merge({}, change.data)
        elif change is not None:
            self._given = change.patch or {}
            self._said = merge(self._said, self._given)
        if shown is not None:
            self._said = as_pinned(shown, self._said, now_ms)
        self._is_new = shown is None or is_another(shown, self._said)
        self._listed = [*(event for event, _ in line.waiting.values()), *events]

    def changes(self) -> list[Change]:
        """What to publish. What is held is noted in the line."""
        settled = self._settled()
        if self._is_held(settled):
            counting = [event for event in self._listed if event not in settled.plain]
            self._line.wait(counting, self._now_ms)
            return self._lone(settled.plain)
        self._line.wait(settled.waiting, self._now_ms)
        return self._told(settled)

    def _settled(self) -> Settled:
        if self._place.kind != "score":
            return Settled([], list(self._listed), [], frozenset())
        before, after = score(self._shown or {}), score(self._said)
        tally = self._place.tally
        stood_by = f"{self._line.name} stood by it for {POLLS} polls"
        return settle(
            tally.cleared() if self._is_new else tally,
            after if self._is_new else before,
            after,
            self._listed,
            kind=word(self._said.get("sport")),
            why="let through by hand" if self._by_hand else stood_by,
            mark=f"i-{self._now_ms}",
            is_first=self._is_new or not self._line.has_listed,
        )

    def _is_held(self, settled: Settled) -> bool:
        line, change = self._line, self._change
        if change is None or self._shown is None or self._by_hand:
            return False
        explained = [side for side in SIDES if side not in settled.corrected]
        found = doubts(self._place.kind, self._shown, self._said, self._place.recent, explained)
        if not found:
            line.hold = None
            return False
        if line.hold and alike(line.hold.doubts, found):
            line.hold.stands(found, change, self._now_ms)
        else:
            line.hold = Hold(found, change, self._now_ms)
        return line.hold.polls_left != 0

    def _told(self, settled: Settled) -> list[Change]:
        """The item's part, its score in steps where events tell it, the whole with the last."""
        place, line, change = self._place, self._line, self._change
        line.has_listed = True
        if place.in_force is not line:
            place.put(line)
        if change is None:
            return self._stepped(settled, None)
        line.hold = None
        price = number(self._said.get("price"))
        if price is not None and (not place.recent or place.recent[-1] != price):
            place.recent.append(price)
        place.says(self._said, self._given)
        standing = place.standing(line, self._now_ms)
        marks: JsonObject = {"source": line.name}
        if standing is not None:
            marks |= stated(standing, self._shown or {}, self._now_ms)
        if change.data is not None:
            return self._stepped(settled, msgspec.structs.replace(change, data=change.data | marks))
        patch = (change.patch or {}) | marks
        return self._stepped(settled, msgspec.structs.replace(change, patch=patch))

    def _stepped(self, settled: Settled, whole: Change | None) -> list[Change]:
        told = []
        before = score(self._shown or {})
        for step in settled.steps:
            patch: JsonObject = {
                side: {"score": count}
                for side, count in step.score.items()
                if count != before.get(side)
            }
            before |= step.score
            moves = whole is not None and not self._is_new
            told.append(
                Change(
                    topic=self._place.topic,
                    patch=patch if moves and patch else None,
                    event=step.event,
                    ts=None if whole is None else whole.ts,
                )
            )
        lone = self._lone(settled.plain)
        if whole is None:
            return lone + told
        if self._is_new or not told:  # a match begins with its item
            return [whole, *lone, *told]
        told[-1] = msgspec.structs.replace(whole, event=told[-1].event)
        return lone + told

    def _lone(self, events: Sequence[EventChange]) -> list[Change]:
        return [Change(topic=self._place.topic, event=event, ts=event.ts) for event in events]


def stated(standing: Standing, shown: JsonObject, now_ms: int) -> JsonObject:
    """The fields that say how an item stands; with a state that an admin holds goes his `why`."""
    if "/state" in pinned(shown, now_ms):
        return {"state": standing.state}
    return {"state": standing.state, "why": standing.why}


def taken_over(line: Line, before: Line | None) -> Change:
    """All that a source says, as it comes into force after another; what that one alone said goes.

    The line must have said something.
    """
    said = line.said or {}
    old = {} if before is None or before.said is None else before.said
    gone: JsonObject = {name: None for name in old if name not in said and name not in _LASTING}
    return Change(topic=line.topic, patch=gone | said)


def borne_out(place: Place, line: Line, shown: JsonObject) -> Change:
    """The change of the score that bears out the events that wait for it."""
    points_of = score(shown)
    for event, _ in line.waiting.values():
        goal = place.tally.goals.get(place.tally.name(event.id or ""))
        counts = (
            None if event.op == "void" else points(event.kind or (goal and goal.kind), event.data)
        )
        if goal and event.op != "add":
            points_of[goal.side] = points_of.get(goal.side, 0) - goal.by
        if counts:
            points_of[counts[0]] = points_of.get(counts[0], 0) + counts[1]
    patch: JsonObject = {side: {"score": count} for side, count in points_of.items()}
    return Change(topic=place.topic, patch=patch)
