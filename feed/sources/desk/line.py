"""What one source says of one topic, how well it does so, and what of it is held."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from feed.model.change import Change, EventChange
from feed.model.codec import Json, JsonObject
from feed.model.merge import merge
from feed.sources.desk.gate import POLLS, Doubt
from feed.sources.policy import Policy

_FAILURES = 2  # in a row: one alone is noise
_PROOF = 3  # polls that must go well after trouble, before a source is preferred again
_WAITING = 50  # events that a score does not bear out; no list that is right has so many
_AHEAD_MS = 5_000  # by how much clocks may differ


class Trouble(NamedTuple):
    """The state of an item whose source does not do well, and why."""

    state: str
    why: str


class Held(msgspec.Struct, frozen=True):
    """A value that is held back. `polls_left`: None where only an admin can let it through."""

    topic: str
    field: str
    value: Json
    shown: Json
    why: str
    since: int
    polls_left: int | None


class Hold:
    """A change that is in doubt: for how many polls it stood, of which the last was at `at_ms`."""

    def __init__(self, doubts: Sequence[Doubt], change: Change, at_ms: int) -> None:
        self.doubts = doubts
        self.change = change
        self.is_rejected = False
        self.since_ms = self.at_ms = at_ms
        self.polls = 1

    def stands(self, doubts: Sequence[Doubt], change: Change, at_ms: int) -> None:
        """The source says it again; what is told twice of one poll counts once."""
        self.doubts, self.change = doubts, change
        self.polls += at_ms > self.at_ms
        self.at_ms = at_ms

    @property
    def polls_left(self) -> int | None:
        """None: it was rejected, and is not published however long it stands."""
        return None if self.is_rejected else max(0, POLLS - self.polls)


class Word:
    """One source: when it was last well, and how its clock goes. `rank`: 0 is preferred."""

    def __init__(self, policy: Policy, rank: int, now_ms: int) -> None:
        self.policy = policy
        self.rank = rank
        self.lines: dict[str, Line] = {}
        self.ahead_ms: int | None = None
        self.failures = 0
        self.failure = ""
        self.well_ms = now_ms

    def polled(self, at_ms: int, failure: str | None) -> None:
        """Note how a poll went."""
        if failure is None:
            self.failures = 0
            self.well_ms = max(self.well_ms, at_ms)
        else:
            self.failures += 1
            self.failure = failure

    def moment(self, ts: int | None, now_ms: int) -> int | None:
        """A time that the source gave; None where it is in the future, and ours must do."""
        if ts is None:
            return None
        is_ahead = ts > now_ms + _AHEAD_MS
        self.ahead_ms = ts - now_ms if is_ahead else None
        return None if is_ahead else ts


class Line:
    """What a source says of a topic: `said` the whole of it, None before it said anything."""

    def __init__(self, word: Word, topic: str, kind: str, now_ms: int) -> None:
        self.word = word
        self.topic = topic
        self.said: JsonObject | None = None
        self.hold: Hold | None = None
        self.waiting: dict[tuple[str, str | None], tuple[EventChange, int]] = {}
        self.has_listed = False
        self.proof = 0
        self.heard_ms = now_ms
        self._stale_ms = word.policy.stale_ms(kind)
        self._failures = 0
        self._failure = ""
        self._ts = self._number = 0

    @property
    def name(self) -> str:
        """The source's."""
        return self.word.policy.name

    def trouble(self, now_ms: int) -> Trouble | None:
        """Why the source is not to be relied on now, in this topic."""
        is_checked = self.word.policy.trust == "checked"  # others speak of all topics at once
        failures = self._failures if is_checked else self.word.failures
        if failures >= _FAILURES:
            why = self._failure if is_checked else self.word.failure
            return Trouble("down", f"{self.name}: {why}")
        if now_ms - (self.heard_ms if is_checked else self.word.well_ms) > self._stale_ms:
            seconds = self._stale_ms / 1000
            return Trouble("stale", f"{self.name} has not confirmed it for {seconds:g} s")
        return None

    def heard(self, now_ms: int) -> None:
        """The source spoke of the topic."""
        if self.trouble(now_ms):
            self.proof = _PROOF
        self.proof = max(0, self.proof - 1)
        self.heard_ms = max(self.heard_ms, now_ms)
        self._failures = 0

    def failed(self, why: str) -> None:
        """The source was asked for the topic in vain."""
        self._failures += 1
        self._failure = why

    def timely(self, change: Change, now_ms: int) -> Change | None:
        """A change as it is to be judged; None where the source said newer ones already.

        `seq` is a number of the source's that grows; it is compared, and not published.
        """
        fields = change.patch if change.data is None else change.data
        number = (fields or {}).get("seq")
        ts = self.word.moment(change.ts, now_ms)
        if type(number) is int:
            if number < self._number:
                return None
            self._number = number
        elif ts is not None:
            if ts < self._ts:
                return None
            self._ts = ts
        if fields and "seq" in fields:
            fields = {name: value for name, value in fields.items() if name != "seq"}
            if change.data is None:
                return msgspec.structs.replace(change, patch=fields, ts=ts)
            return msgspec.structs.replace(change, data=fields, ts=ts)
        return change if ts == change.ts else msgspec.structs.replace(change, ts=ts)

    def says(self, change: Change) -> None:
        """Remember the whole of what the source says."""
        if change.gone:
            self.said = None
        elif change.data is not None:
            self.said = merge({}, change.data)
        else:
            self.said = merge(self.said or {}, change.patch or {})

    def wait(self, events: Sequence[EventChange], now_ms: int) -> None:
        """Keep these, and only these, for a score that bears them out."""
        before = self.waiting
        self.waiting = {
            (event.op, event.id): (event, before.get((event.op, event.id), (event, now_ms))[1])
            for event in events[-_WAITING:]
        }

    def rest(self) -> None:
        """Another source is in force: nothing of this one is held."""
        self.hold = None
        self.waiting = {}

    def held(self) -> list[Held]:
        """What of it is held back now."""
        hold = self.hold
        values = (
            []
            if hold is None
            else [
                Held(
                    self.topic,
                    doubt.field,
                    doubt.value,
                    doubt.shown,
                    doubt.why,
                    hold.since_ms,
                    hold.polls_left,
                )
                for doubt in hold.doubts
            ]
        )
        return values + [
            Held(
                self.topic,
                "event",
                _shown(event),
                None,
                "the score does not bear it out",
                since_ms,
                None,
            )
            for event, since_ms in self.waiting.values()
        ]


def _shown(event: EventChange) -> JsonObject:
    return {"op": event.op, "id": event.id, "kind": event.kind, "data": event.data}
