"""What a client has seen, kept small, and how it differs from what was acknowledged."""

import json
from collections.abc import Collection, Iterable

from tests.support.admin import COMPUTED, Ledger, shown
from tests.support.client import Frame, Reader

Told = tuple[str, str, str, str, str]
"""An event: topic, id, op, kind and its data as text."""


class Expected:
    """What was acknowledged: every event in order, and a digest of each state of each topic."""

    def __init__(self, ledger: Ledger) -> None:
        self.last = ledger.last
        self.events = [told(event) for event in _as_frames(ledger)]
        self._states = ledger.states()
        self.topics = {topic for topic, _ in self._states}

    def digests(self, fields: Collection[str]) -> dict[tuple[str, int], int]:
        """Of the states, or of some of their fields."""
        return {key: digest(state, fields) for key, state in self._states.items()}

    def newest(self) -> dict[str, int]:
        """The last version of each topic that is not gone."""
        newest = dict(self._states.keys())  # of each topic the last counts
        return {topic: v for topic, v in newest.items() if self._states[topic, v] is not None}


def _as_frames(ledger: Ledger) -> Iterable[Frame]:
    for topic, id_, op, kind, data in ledger.events(lambda _: True):
        yield {"topic": topic, "id": id_, "op": op, "kind": kind, "data": data}


def told(event: Frame) -> Told:
    """An event in a form that takes little room."""
    *names, data = shown(event)
    topic, id_, op, kind = names
    return topic, id_, op, kind, json.dumps(data, sort_keys=True)


def digest(state: Frame | None, fields: Collection[str]) -> int:
    """Of what an admin said, without what the server works out by itself."""
    if state is None:
        return 0
    names = set(fields or state) - COMPUTED
    return hash(json.dumps({n: state[n] for n in names if n in state}, sort_keys=True))


class Record(Reader):
    """A strict reader that keeps digests instead of whole states, for minutes of traffic."""

    def __init__(self, name: str, fields: Collection[str] = ()) -> None:
        super().__init__(name, fields)
        self.told: list[Told] = []
        self.seen: dict[tuple[str, int], int] = {}
        self.frames = 0
        self.connections = 0

    def opened(self, door: str) -> None:
        """See Reader."""
        self.connections += 1
        super().opened(door)

    def apply(self, frame: Frame) -> None:
        """See Reader."""
        self.frames += 1
        super().apply(frame)
        self.told += [told(event) for event in self.events]
        self.events.clear()
        for step in self.steps:
            self.seen[step.topic, step.v] = digest(step.state, self.fields)
        self.steps.clear()

    def faults(self, expected: Expected) -> list[str]:
        """What differs from what was acknowledged; nothing: it kept the promise."""
        found = [f"a reset: {reason}" for reason in self.resets]
        found += different(self.told, expected.events)
        digests = expected.digests(self.fields)
        for key, seen in self.seen.items():
            if key[0] in expected.topics and digests.get(key) != seen:
                found.append(f"{key[0]} at version {key[1]} is not what was acknowledged")
        for topic, v in expected.newest().items():
            if self.versions.get(topic) != v and not self.fields:
                found.append(f"{topic} ends at {self.versions.get(topic)} and not at {v}")
        return found


def different(seen: list[Told], expected: list[Told]) -> list[str]:
    """The first place at which events differ, in words."""
    if seen == expected:
        return []
    place = next(
        (n for n, (one, other) in enumerate(zip(seen, expected, strict=False)) if one != other),
        min(len(seen), len(expected)),
    )
    has = seen[place][:3] if place < len(seen) else "the end"
    should = expected[place][:3] if place < len(expected) else "the end"
    doubled = len(seen) - len(set(seen))
    words = (
        f"event {place} of {len(expected)} is {has} and should be {should}; "
        f"{len(seen)} were told, {doubled} of them more than once"
    )
    return [words]
