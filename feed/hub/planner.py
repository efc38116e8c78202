"""A batch of changes → the records to append, each on the state that the one before it leaves."""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from feed.clock import Clock
from feed.errors import BadChange, Fault, TooManyTopics, TopicUnknown, VersionDiffers
from feed.hub.compose import NOTHING, State, by_hand, checked, compose, newly
from feed.hub.hub import Hub
from feed.log.base import Ground
from feed.model.change import Change
from feed.model.entry import Item, Record

log = logging.getLogger(__name__)

_KNOWN = 10_000
"""Topics whose states are kept as values, one or two kB each, so that planning decodes nothing."""


class Plan(NamedTuple):
    """The records of a batch; of each the place of its change; the states that they leave.

    `new`: the topics that it creates. `ground` is its batch's own, and `on` those of the batches on
    their way that it builds on.
    """

    records: list[Record]
    places: list[int]
    states: dict[str, State]
    new: set[str]
    ground: Ground
    on: set[Ground]


class Planner:
    """Knows the newest states: those that it planned, which may be ahead of the log, or the hub's.

    Whoever appends a plan says before that others may `build_on` it, and `settle`s it after that.
    """

    def __init__(self, hub: Hub, clock: Clock, most_topics: int) -> None:
        self._hub = hub
        self._clock = clock
        self._most_topics = most_topics
        self._epoch = ""
        self._known: dict[str, tuple[State, Ground]] = {}
        self._coming: set[str] = set()

    def plan(self, changes: Sequence[Change], source: str | None) -> Plan:
        """Plan changes that were checked; of a `source`'s only what is new and not too large.

        A topic that is gone still counts as one, since its version must go on: of `most_topics`
        the log keeps none less.
        Raises BadChange, TooManyTopics, VersionDiffers and TopicUnknown, where they are not a
        source's.
        """
        if self._epoch != self._hub.epoch:
            self._epoch = self._hub.epoch
            self._known.clear()
            self._coming.clear()
        now_ms, items = self._clock.now_ms(), self._hub.live.tail.items
        records: list[Record] = []
        places: list[int] = []
        states: dict[str, State] = {}
        new: set[str] = set()
        on: set[Ground] = set()
        for place, change in enumerate(changes):
            topic = change.topic
            state = states.get(topic) or self._state(topic, items.get(topic), on)
            if source is None:
                _allow(change, state, place)
                wanted = by_hand(change, state, now_ms)
            else:
                wanted = newly(change, state, now_ms)
            if wanted is None:
                continue
            try:
                if state is NOTHING:
                    self._need_room(new, topic)
                record, states[topic] = compose(wanted, state, now_ms)
            except BadChange as error:
                if source is None:
                    raise type(error)(_within(place, error)) from error
                leave_out(source, change, error)
            else:
                records.append(record)
                places.append(place)
        return Plan(records, places, states, new, Ground(), on)

    def build_on(self, plan: Plan) -> None:
        """Let what is planned from here on begin with what this leaves."""
        if len(self._known) > _KNOWN:
            self._known.clear()
        self._known.update((topic, (state, plan.ground)) for topic, state in plan.states.items())
        self._coming |= plan.new

    def settle(self, plan: Plan) -> None:
        """It was appended and read here; or nobody waits for it, and nothing more builds on it."""
        self._coming -= plan.new
        if plan.ground.is_so:
            return
        for topic in plan.states:
            if topic in self._known and self._known[topic][1] is plan.ground:
                del self._known[topic]

    def _need_room(self, new: set[str], topic: str) -> None:
        """Count a topic among the new ones, where there is room beside all that are on their way.

        Raises TooManyTopics.
        """
        count = len(self._hub.live.tail.items) + len(self._coming) + len(new)
        if count >= self._most_topics and topic not in self._coming:
            message = f"there is no such topic, and {self._most_topics} is as many as there may be"
            raise TooManyTopics([Fault("$.topic", message)])
        new.add(topic)

    def forget(self, topics: Iterable[str]) -> None:
        """Somebody else changed these: plan on what the hub has read."""
        for topic in topics:
            self._known.pop(topic, None)

    def _state(self, topic: str, item: Item | None, on: set[Ground]) -> State:
        """What a change of a topic meets; where that is still on its way, `on` tells whose."""
        known, ground = self._known.get(topic, (None, None))
        if known is not None and ground is not None and (item is None or known.v >= item.v):
            if not ground.is_so:
                on.add(ground)
            return known
        return NOTHING if item is None else State(item.v, item.ts, item.state())


def checked_all(changes: Iterable[Change]) -> list[Change]:
    """The changes as they are to be planned; raises BadChange with the faults of all of them."""
    good, faults = [], []
    for place, change in enumerate(changes):
        try:
            good.append(checked(change))
        except BadChange as error:
            faults += _within(place, error)
    if faults:
        raise BadChange(faults)
    return good


def checked_some(changes: Iterable[Change], source: str) -> list[Change]:
    """Those of a source's changes that are right; the others are logged."""
    good = []
    for change in changes:
        try:
            good.append(checked(change))
        except BadChange as error:
            leave_out(source, change, error)
    return good


def leave_out(source: str, change: Change, error: Exception) -> None:
    """Say that a change of a source goes no further."""
    log.warning("source %s: %s is refused: %s", source, change.topic, error)


def _within(place: int, error: BadChange) -> list[Fault]:
    """The faults of one change, in whose paths it is `$`, as faults of its batch."""
    return [Fault(f"$[{place}]{path[1:]}", message) for path, message in error.faults]


def _allow(change: Change, state: State, place: int) -> None:
    """Refuse what the current state does not allow."""
    v = 0 if state.data is None else state.v
    if change.if_v is not None and change.if_v != v:
        raise VersionDiffers(change.topic, v, place)
    if change.gone and state.data is None:
        raise TopicUnknown(f"{change.topic} does not exist", place)
