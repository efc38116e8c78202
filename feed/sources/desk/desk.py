"""What sources say → what is published: who is believed, what is held, how well each item stands.

One desk for one leader's term. It decides, and does nothing: time and items come from outside,
and what it gives is appended by others before it is asked anything more. What was appended it
learns from the log alone.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from feed.errors import FeedError
from feed.model.change import Change
from feed.model.codec import JsonObject, decode
from feed.model.entry import Entry, Item
from feed.model.merge import merge
from feed.model.topic import kind_of
from feed.sources.base import Poll, as_before
from feed.sources.desk.gate import is_another, number
from feed.sources.desk.line import Held, Line, Word
from feed.sources.desk.place import Place
from feed.sources.desk.telling import Telling, borne_out, stated, taken_over
from feed.sources.policy import Policy

Shown: TypeAlias = Callable[[str], Item | None]
"""The newest item of a topic."""

Told: TypeAlias = dict[str, list[Change]]
"""Changes to publish, by the source that they come from."""


_TURN = re.compile(rb'"(phase|start)":')
"""What is in every change that lets another match begin: no other need be decoded for that."""

_BAD = ("stale", "down")


class NothingHeld(FeedError):
    """Nothing of this source is held on the topic."""


class Relied(msgspec.Struct, frozen=True):
    """A topic of a source: whether it is shown as this source says it, and how well that does."""

    topic: str
    in_force: bool
    state: str
    heard: int


class View(msgspec.Struct, frozen=True):
    """What an operator may want to know of a source. `clock_ahead_ms`: None where it is right."""

    held: list[Held]
    topics: list[Relied]
    clock_ahead_ms: int | None


class Desk:
    """Everything that is known of sources and their topics. `policies`: in order of preference."""

    def __init__(self, policies: Sequence[Policy], shown: Shown, now_ms: int) -> None:
        self._shown = shown
        self._places: dict[str, Place] = {}
        self._words = {
            policy.name: Word(policy, rank, now_ms) for rank, policy in enumerate(policies)
        }

    def resume(self, items: Iterable[Item], now_ms: int) -> None:
        """Go on with what the log shows: who was in force, and may be silent by now."""
        for item in items:
            state = item.state() or {}
            name = state.get("source")
            word = self._words.get(name) if isinstance(name, str) else None
            if word is None or word.policy.trust == "recorded":
                continue
            place = self._place(item.topic)
            place.put(place.line(word, now_ms))
            place.is_named = True
            place.says(state, {})
            if (price := number(state.get("price"))) is not None:
                place.recent.append(price)

    @property
    def needs_events(self) -> bool:
        """Whether there is a source whose events must agree with its scores."""
        return any(word.policy.trust == "checked" for word in self._words.values())

    def happened(self, entries: Iterable[Entry]) -> None:
        """What was appended, in order, whoever said it."""
        for entry in entries:
            if kind_of(entry.topic) != "score":
                continue
            if entry.item is not None and _TURN.search(entry.item):
                before, after = entry.before(), entry.after()
                if before is not None and after is not None and is_another(before, after):
                    place = self._place(entry.topic)
                    place.tally = place.tally.cleared()
            if entry.event is not None:
                event: Any = decode(entry.event)
                tally = self._place(entry.topic).tally
                tally.take(event["op"], event["id"], event["kind"], event["data"])

    def heard(self, poll: Poll) -> list[Change]:
        """What to publish of what a source said."""
        word = self._word(poll.source, poll.at_ms)
        word.polled(poll.at_ms, poll.failure)
        if word.policy.trust != "checked":
            return self._believed(word, poll)
        said: dict[str, list[Change]] = {}
        for change in poll.changes:
            if change.patch != {} or change.topic in word.lines:  # as before what?
                said.setdefault(change.topic, []).append(change)
        if poll.failure is not None:
            for topic in word.lines if poll.failed is None else poll.failed:
                if topic in word.lines and topic not in said:
                    word.lines[topic].failed(poll.failure)
        return [
            told
            for topic, changes in said.items()
            for told in self._checked(word, self._place(topic), changes, poll.at_ms)
        ]

    def look(self, now_ms: int) -> Told:
        """What time alone has changed: items gone stale, closed, down; sources that step in."""
        told: Told = {}
        for place in self._places.values():
            line = place.in_force
            if line is None or (line.word.policy.trust == "recorded" and len(place.lines) == 1):
                continue
            chosen = place.choose(now_ms)
            changes: list[Change] = []
            if chosen is not line and chosen.said is not None and chosen.hold is None:
                changes = self._stepped_in(place, chosen, now_ms)
            if not changes:
                changes = self._moved(place, line, now_ms)
            if changes:
                told.setdefault(chosen.name, []).extend(changes)
        return told

    def accept(self, source: str, topic: str, now_ms: int) -> list[Change]:
        """What is held of a source on a topic, to be published now. Raises NothingHeld."""
        place, line = self._held(source, topic)
        shown = self._state(topic)
        change = line.hold.change if line.hold else borne_out(place, line, shown or {})
        return Telling(place, line, shown, change, (), now_ms, by_hand=True).changes()

    def reject(self, source: str, topic: str) -> None:
        """What is held is not published, for as long as the source says the same. NothingHeld."""
        _, line = self._held(source, topic)
        line.waiting = {}
        if line.hold:
            line.hold.is_rejected = True

    def view(self, source: str, now_ms: int) -> View:
        """What there is to know of a source."""
        word = self._words.get(source)
        lines = [] if word is None else list(word.lines.values())
        topics = []
        for line in lines:
            trouble = line.trouble(now_ms)
            in_force = self._places[line.topic].in_force is line
            heard = line.heard_ms if line.said is not None else line.word.well_ms
            topics.append(Relied(line.topic, in_force, trouble.state if trouble else "live", heard))
        held = [held for line in lines for held in line.held()]
        return View(held, topics, None if word is None else word.ahead_ms)

    def _checked(
        self, word: Word, place: Place, changes: Sequence[Change], now_ms: int
    ) -> list[Change]:
        line = place.line(word, now_ms)
        events = [
            msgspec.structs.replace(each.event, ts=word.moment(each.event.ts, now_ms))
            for each in changes
            if each.event is not None
        ]
        parts = [change for change in changes if _has_item(change)]
        timely = [part for each in parts if (part := line.timely(each, now_ms)) is not None]
        if timely or not parts:
            line.heard(now_ms)
        for change in timely:
            line.says(change)
        if place.choose(now_ms) is not line:
            return []
        if timely and timely[-1].gone:
            return self._ended(place, line, timely[-1])
        if changes == [as_before(place.topic)] and line.hold is None and place.in_force is line:
            return self._moved(place, line, now_ms)
        if place.in_force is not line and line.said is not None:
            timely = [taken_over(line, place.in_force)]
        if place.kind == "score" and len(timely) > 1:  # its events go with one step
            timely = [msgspec.structs.replace(timely[-1], patch=line.said, data=None)]
        told: list[Change] = []
        state = self._state(place.topic)
        for change in timely[:-1]:
            new = Telling(place, line, state, change, (), now_ms).changes()
            state = _after(state, new)
            told += new
        last = timely[-1] if timely else None
        return told + Telling(place, line, state, last, events, now_ms).changes()

    def _believed(self, word: Word, poll: Poll) -> list[Change]:
        """What a source says that needs no check: all of it, unless a better one is in force."""
        told = []
        for change in poll.changes:
            place = self._place(change.topic)
            line = place.line(word, poll.at_ms)
            if place.in_force is not line or len(place.lines) > 1:
                if place.choose(poll.at_ms) is not line:
                    continue
                if place.in_force is not line:
                    place.put(line)
            told.append(change if word.policy.trust == "recorded" else _named(change, place, word))
        return told

    def _stepped_in(self, place: Place, line: Line, now_ms: int) -> list[Change]:
        """All that a source says which comes into force without having been asked just now."""
        change = taken_over(line, place.in_force)
        return Telling(place, line, self._state(place.topic), change, (), now_ms).changes()

    def _moved(self, place: Place, line: Line, now_ms: int) -> list[Change]:
        """The change of an item's state, once for each."""
        standing = place.standing(line, now_ms)
        if standing is None or standing.state == place.told:
            return []
        state = self._state(place.topic) or {}
        shown = state.get("state")
        is_bad = standing.state in _BAD
        if line.word.policy.trust == "made":  # it says by itself what is closed
            is_so = shown != "live" if is_bad else shown not in _BAD
        else:
            is_so = shown == standing.state or (line.said is None and standing.state == "live")
        if is_so or not state:
            place.told = standing.state
            return []
        place.told = None  # it may be refused, or turn again before the next look
        patch = stated(standing, state, now_ms) | {"source": line.name}
        return [Change(topic=place.topic, patch=patch)]

    def _ended(self, place: Place, line: Line, change: Change) -> list[Change]:
        del self._places[place.topic]
        for each in place.lines:
            each.word.lines.pop(place.topic, None)
        return [change]

    def _held(self, source: str, topic: str) -> tuple[Place, Line]:
        word = self._words.get(source)
        line = word.lines.get(topic) if word else None
        if line is None or not line.held():
            raise NothingHeld(f"nothing of {source} is held on {topic}")
        return self._places[topic], line

    def _word(self, source: str, now_ms: int) -> Word:
        word = self._words.get(source)
        if word is None:
            policy = Policy(name=source)
            word = self._words[source] = Word(policy, len(self._words), now_ms)
        return word

    def _place(self, topic: str) -> Place:
        place = self._places.get(topic)
        if place is None:
            place = self._places[topic] = Place(topic)
        return place

    def _state(self, topic: str) -> JsonObject | None:
        item = self._shown(topic)
        return None if item is None else item.state()


def _has_item(change: Change) -> bool:
    return change.gone or change.patch is not None or change.data is not None


def _named(change: Change, place: Place, word: Word) -> Change:
    """A generator's change with its name, which a patch needs only once."""
    if change.data is not None:
        place.is_named = True
        data = change.data | {"source": word.policy.name}
        return msgspec.structs.replace(change, data=data)
    if change.patch is None or place.is_named:
        return change
    place.is_named = True
    patch = change.patch | {"source": word.policy.name}
    return msgspec.structs.replace(change, patch=patch)


def _after(state: JsonObject | None, changes: Sequence[Change]) -> JsonObject | None:
    """A state after some changes."""
    for change in changes:
        if change.data is not None:
            state = merge({}, change.data)
        elif change.patch is not None:
            state = merge(state or {}, change.patch)
    return state
