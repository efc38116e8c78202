"""Frames → state, by the letter of the protocol. No I/O."""

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple, assert_never

from feed.client.fault import ServerFault
from feed.client.frame import (
    Bye,
    Element,
    Error,
    Event,
    Frame,
    Heartbeat,
    Pong,
    Reset,
    Snapshot,
    Subscribed,
    Update,
    Welcome,
)
from feed.model.codec import JsonObject
from feed.model.merge import merge
from feed.model.topic import NONE, Filters


class Item(NamedTuple):
    """The state of a topic. `ts` in milliseconds; `data` is never changed in place."""

    v: int
    ts: int
    data: JsonObject


class Step(NamedTuple):
    """One item as it was applied.

    `before` is None where it was not there, `after` where it is gone. `v` is the version after it,
    also of a topic that is gone.
    """

    topic: str
    v: int
    before: Item | None
    after: Item | None


class News(NamedTuple):
    """What one frame told, in order; the items come before the events."""

    steps: tuple[Step, ...] = ()
    events: tuple[Event, ...] = ()


class Ahead:
    """How far items are ahead of the cursor, where they were had from elsewhere.

    `met`: topics whose items are told by the frames from here on. `gone`: those that are told, but
    had ended by the place of the items.
    """

    def __init__(self) -> None:
        self.stands = False
        self.met = set[str]()
        self.gone = set[str]()


class Reader:
    """What one viewer knows, over any number of connections.

    `opened` before each connection, `apply` for each of its frames in their order. `cursor` is the
    place to come back with, and None where only a snapshot can help. `items` are as of `cursor`:
    a cut between two parts of a snapshot leaves both as they were.

    One that begins with a `cursor` alone knows no items. While it `lacks` what a frame builds upon,
    it must `stand` on items as of a later place; it then passes over what these hold already.
    """

    def __init__(self, cursor: str | None = None) -> None:
        self.items: dict[str, Item] = {}
        self.cursor = cursor
        self._vouched = NONE  # what the cursor was received with
        self._in_force = NONE
        self._parts: list[Element] = []
        self._ahead = None if cursor is None else Ahead()

    def opened(self) -> None:
        """A connection begins, or the one before is left for good."""
        self._parts = []
        self._in_force = NONE

    def forget(self) -> None:
        """Come back without the cursor; the items stay until the snapshot replaces them."""
        self.cursor = None
        self._vouched = NONE
        self._ahead = None

    def lacks(self, frame: Frame) -> bool:
        """Whether items have to be had from elsewhere before this frame is applied."""
        if self._ahead is None:
            return False
        match frame:
            case Subscribed(resumed=True):
                return not self._ahead.stands
            case Update():
                return self._is_baseless(frame.items, self._ahead)
            case _:
                return False

    def stand(self, elements: Iterable[Element], frame: Frame) -> News:
        """Take whole items as they are at a later place than the frame's."""
        if self._ahead is None:
            return News()
        self._ahead.stands = True
        ahead = self._ahead
        steps = self._taken(
            self._whole(element)
            for element in elements
            if element.topic not in ahead.met and self._is_newer(element)
        )
        if isinstance(frame, Update):
            topics = {element.topic for element in frame.items}
            ahead.gone |= topics - self.items.keys() - ahead.met
        return News(steps)

    def apply(self, frame: Frame) -> News:
        """Apply the next frame, all of it.

        Raises ServerFault, after which items and cursor are as before, and only `forget` helps.
        """
        match frame:
            case Subscribed():
                self._subscribed(frame)
            case Reset():
                self._vouched = NONE
                self._parts = []
            case Snapshot():
                return self._snapshot(frame)
            case Update():
                return self._update(frame)
            case Heartbeat() | Bye():
                if self._in_force != NONE:  # else it is the place of a connection, and of no topic
                    self.cursor = frame.cursor
            case Welcome() | Error() | Pong():
                pass
            case _:
                assert_never(frame)
        return News()

    def _subscribed(self, frame: Subscribed) -> None:
        self._in_force = Filters.of(frame.topics)
        if frame.resumed:
            self._vouched = self._in_force
        else:  # an unsubscribe narrows what the cursor vouches for
            self._vouched = self._vouched.minus(self._vouched.minus(self._in_force))

    def _snapshot(self, frame: Snapshot) -> News:
        self._parts += frame.items
        if frame.more:
            return News()
        if frame.cursor is None:
            raise ServerFault("the last part of a snapshot has no cursor")
        parts, self._parts = self._parts, []
        present = {element.topic for element in parts}
        missing = [
            topic
            for topic in self.items
            if topic not in present and not self._vouched.matches(topic)
        ]
        steps = self._taken(
            chain(
                (self._step(topic, self.items[topic].v, None) for topic in missing),
                map(self._whole, parts),
            )
        )
        self.cursor = frame.cursor
        self._vouched = self._in_force
        self._ahead = None
        return News(steps)

    def _update(self, frame: Update) -> News:
        steps = self._taken(
            self._change(element) for element in frame.items if not self._is_known(element)
        )
        self.cursor = frame.cursor
        return News(steps, frame.events)

    def _taken(self, steps: Iterable[Step]) -> tuple[Step, ...]:
        """Steps that are taken as they are asked for; all of them or, where one is wrong, none."""
        taken: list[Step] = []
        try:
            for step in steps:
                taken.append(step)  # noqa: PERF402 — `extend` need not keep what came before a fault
        except ServerFault:
            for step in reversed(taken):
                self._step(step.topic, step.v, step.before)
            raise
        return tuple(taken)

    def _is_newer(self, element: Element) -> bool:
        had = self.items.get(element.topic)
        return had is None or had.v < element.v

    def _is_known(self, element: Element) -> bool:
        """Whether the items hold it already, being ahead of the cursor."""
        ahead, had = self._ahead, self.items.get(element.topic)
        if ahead is None or element.topic in ahead.met:
            return False
        if had is None:
            return element.patch is not None and element.topic in ahead.gone
        if element.v >= had.v:
            ahead.met.add(element.topic)
        return element.v <= had.v

    def _is_baseless(self, elements: Iterable[Element], ahead: Ahead) -> bool:
        """Whether one is a patch to another version than those that are there."""
        met = set(ahead.met)
        for element in elements:
            topic, had = element.topic, self.items.get(element.topic)
            if topic in met or (had is None and topic in ahead.gone):
                continue
            if had is None or element.v > had.v:
                base = None if had is None else had.v
                if element.patch is not None and element.v - element.merged != base:
                    return True
                met.add(topic)
            elif element.v == had.v:
                met.add(topic)
        return False

    def _change(self, element: Element) -> Step:
        topic, v = element.topic, element.v
        had = self.items.get(topic)
        if element.patch is None:
            if had is not None and v <= had.v:
                raise ServerFault(f"{topic}: version {v} after {had.v}")
            return self._step(topic, v, None) if element.gone else self._whole(element)
        if had is None or v != had.v + element.merged:
            known = had.v if had else "none"
            raise ServerFault(f"{topic}: version {v} ({element.merged} merged) after {known}")
        return self._step(topic, v, Item(v, element.ts, merge(had.data, element.patch)))

    def _whole(self, element: Element) -> Step:
        if element.data is None:
            raise ServerFault(f"{element.topic}: an item without `data`, `set` and `gone`")
        item = Item(element.v, element.ts, merge({}, element.data))
        return self._step(element.topic, element.v, item)

    def _step(self, topic: str, v: int, after: Item | None) -> Step:
        before = self.items.pop(topic, None) if after is None else self.items.get(topic)
        if after is not None:
            self.items[topic] = after
        return Step(topic, v, before, after)
