"""A strict client of the protocol: it applies frames by the letter and objects to all else."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Frame: TypeAlias = dict[str, Any]

PLACES = frozenset({"update", "heartbeat", "bye"})
ANSWERS = frozenset({"subscribed", "error", "pong"})
OPS = frozenset({"add", "amend", "void"})
ALWAYS = frozenset({"state", "why"})
PART_ITEMS = 500


def parse(text: str | bytes) -> Frame:
    """Strict JSON object → dict; NaN and the like are no JSON."""
    value = json.loads(text, parse_constant=_no_constant)
    assert isinstance(value, dict), f"a frame is an object: {text!r}"
    return value


def offset(cursor: str) -> int:
    """The decimal that grows in a cursor."""
    return int(cursor.rpartition("-")[2])


def epoch(cursor: str) -> str:
    """The log that a cursor belongs to."""
    return cursor.rpartition("-")[0]


def patched(state: Any, patch: Any) -> Any:
    """RFC 7396, word for word as its section 2 has it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(state) if isinstance(state, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = patched(result.get(name), value)
    return result


@dataclass(frozen=True)
class Step:
    """One item as applied: the topic's version and its state then; None: gone."""

    topic: str
    v: int
    state: Frame | None


class Reader:
    """What one viewer knows, over any number of connections at any door.

    `opened` before each connection, `apply` for each of its frames, in order. `cursor` is the
    place to come back with. A broken rule raises AssertionError with the frames that led there.
    """

    def __init__(self, name: str = "reader", fields: Iterable[str] = ()) -> None:
        self.name = name
        self.items: dict[str, Frame] = {}
        self.versions: dict[str, int] = {}
        self.events: list[Frame] = []
        self.steps: list[Step] = []
        self.resets: list[str] = []
        self.rejected: list[Frame] = []
        self.cursor: str | None = None
        self.fields = frozenset(fields)
        self._log: deque[str] = deque(maxlen=12)
        self._expected: frozenset[str] | None = None
        self._parts: list[Frame] = []
        self._reset = ""
        self._resumed = False
        self._seen: set[str] = set()

    def opened(self, door: str) -> None:
        """A connection begins; `door` is `ws`, `sse` or `poll` (there: one request)."""
        self._log.append(f"--- {door} from {self.cursor}")
        self._parts, self._reset, self._seen = [], "", set()
        self._resumed = self.cursor is not None
        if door == "poll":
            self._expected = None if self._resumed else frozenset({"snapshot"})
        else:
            self._expected = frozenset({"welcome"})

    def apply(self, frame: Frame) -> None:
        """Apply the connection's next frame."""
        self._log.append(json.dumps(frame)[:1500])
        kind = frame.get("type")
        self._demand(isinstance(kind, str), "a frame has a type")
        if self._expected is not None:
            self._demand(kind in self._expected, f"expected one of {sorted(self._expected)}")
        places = kind in PLACES or (kind == "snapshot" and frame.get("more") is False)
        self._demand(("cursor" in frame) == places, "only frames that move the place have a cursor")
        rules: dict[str, Callable[[Frame], None]] = {
            "welcome": self._welcome,
            "subscribed": self._subscribed,
            "reset": self._reset_begins,
            "snapshot": self._snapshot,
            "update": self._update,
            "heartbeat": self._heartbeat,
            "bye": self._bye,
            "error": self._error,
            "pong": self._pong,
        }
        self._demand(kind in rules, "the protocol has no such type")
        rules[str(kind)](frame)

    def move(self, cursor: object, *, forward: bool = False) -> None:
        """Be at a cursor from now on; it never lies before the last one (`forward`: beyond)."""
        self._demand(isinstance(cursor, str) and cursor != "", "a cursor is a string")
        assert isinstance(cursor, str)
        if self.cursor is not None and not self._reset:
            self._demand(epoch(cursor) == epoch(self.cursor), "an epoch changes by a reset only")
            beyond = offset(cursor) - offset(self.cursor)
            self._demand(beyond > 0 if forward else beyond >= 0, f"a cursor grows: {self.cursor}")
        self.cursor = cursor

    def _welcome(self, frame: Frame) -> None:
        names = {"protocol", "instance", "connection", "head", "now", "heartbeat_ms"}
        self._demand(names | {"ends_in_ms", "limits"} <= frame.keys(), "welcome lacks a field")
        self._demand(frame["protocol"] == 1, "protocol 1")
        limits = {"topics", "wildcards", "commands_per_s", "message_bytes"}
        self._demand(limits <= frame["limits"].keys(), "limits lack a field")
        self._expected = ANSWERS | {"heartbeat", "bye"}

    def _subscribed(self, frame: Frame) -> None:
        names = {"topics", "conflate_ms", "window_ms", "delay_ms", "fields", "resumed", "rejected"}
        self._demand(names <= frame.keys(), "subscribed lacks a field")
        self.rejected += frame["rejected"]
        first = self._expected is not None
        if not first or not frame["topics"]:
            return
        self._demand(not frame["resumed"] or self._resumed, "resumed without a cursor")
        self._resumed = frame["resumed"]
        begin = {"snapshot"} if self.cursor is None else {"reset", "snapshot"}
        self._expected = None if self._resumed else frozenset(begin)

    def _reset_begins(self, frame: Frame) -> None:
        self._demand(frame.get("reason") in {"expired", "epoch", "ahead"}, "a reset has a reason")
        self._demand(self.cursor is not None and not self._reset, "a reset answers a cursor")
        self._reset = frame["reason"]
        self._expected = frozenset({"snapshot"})

    def _snapshot(self, frame: Frame) -> None:
        self._demand(type(frame.get("more")) is bool, "a snapshot says whether more follow")
        self._demand(len(frame["items"]) <= PART_ITEMS, "at most 500 items a part")
        self._parts += frame["items"]
        if frame["more"]:
            self._expected = frozenset({"snapshot", "error", "pong"})
            return
        self._expected = None
        if self._reset:
            self.resets.append(self._reset)
            self.items.clear()
            if self._reset != "expired":
                self.versions.clear()
        parts, self._parts = self._parts, []
        for item in parts:
            self._demand("data" in item, "items of a snapshot are whole")
            self._item(item, least=0)
        self.move(frame["cursor"])
        self._reset = ""

    def _update(self, frame: Frame) -> None:
        items, events = frame.get("items", []), frame.get("events", [])
        self._demand(bool(items or events), "an update says something")
        self._demand(type(frame.get("pt")) is int, "an update has pt")
        for item in items:
            self._item(item, least=1)
        for event in events:
            self._event(event)
        self.move(frame["cursor"], forward=True)

    def _item(self, item: Frame, least: int) -> None:
        topic, v = item["topic"], item["v"]
        self._demand(type(v) is int and type(item["ts"]) is int, f"v and ts are integers: {item}")
        had = self.versions.get(topic, 0)
        bodies = [name for name in ("data", "set", "gone") if name in item]
        self._demand(len(bodies) == 1, f"one of data, set and gone: {item}")
        state: Frame | None = None
        if bodies == ["set"]:
            merged = item.get("merged", 1)
            self._demand("merged" not in item or (type(merged) is int and merged >= 2), "merged")
            self._demand(topic in self.items, f"a set of {topic}, which is not there")
            self._demand(v == had + merged, f"a gap: had {topic} at {had}: {item}")
            late = self.fields and self._resumed and topic not in self._seen
            self._demand(not late, f"after a resume with fields first as data: {item}")
            state = patched(self.items[topic], item["set"])
        else:
            self._demand(v >= had + least, f"had {topic} at {had}: {item}")
            self._demand("merged" not in item, f"merged belongs to set: {item}")
            state = item.get("data")
            self._demand(item.get("gone", True) is True, f"gone is true: {item}")
            self._demand(not any(_nulls(state)), f"data holds no nulls: {item}")
        given = item.get("data", item.get("set", dict[str, Any]())).keys()
        allowed = not self.fields or given <= self.fields | ALWAYS
        self._demand(allowed, f"fields that nobody asked for: {item}")
        self._seen.add(topic)
        self.versions[topic] = v
        self.steps.append(Step(topic, v, state))
        if state is None:
            self.items.pop(topic, None)
        else:
            self.items[topic] = state

    def _event(self, event: Frame) -> None:
        shaped = (
            all(isinstance(event.get(name), str) for name in ("topic", "id", "kind"))
            and event.get("op") in OPS
            and type(event.get("ts")) is int
            and isinstance(event.get("data"), dict)
        )
        self._demand(shaped, f"an event has topic, id, op, kind, ts and data: {event}")
        self.events.append(event)

    def _heartbeat(self, frame: Frame) -> None:
        self._demand(type(frame.get("now")) is int, "a heartbeat says now")
        self.move(frame["cursor"])

    def _error(self, frame: Frame) -> None:
        self._demand(type(frame.get("retry")) is bool, "an error says whether to retry")
        self._demand(bool(frame.get("code")) and "message" in frame, "code and message")

    def _pong(self, frame: Frame) -> None:
        self._demand(type(frame.get("now")) is int, "a pong says now")

    def _bye(self, frame: Frame) -> None:
        self._demand(frame.get("reason") in {"rotate", "shutdown", "token"}, "bye has a reason")
        self._demand(type(frame.get("reconnect")) is bool, "bye says whether to come back")
        self._demand({"after_ms", "grace_ms"} <= frame.keys(), "bye lacks a field")
        self.move(frame["cursor"])

    def _demand(self, holds: bool, rule: str) -> None:  # noqa: FBT001 - as assert
        if not holds:
            led = "\n".join(self._log)
            raise AssertionError(f"{self.name} at {self.cursor}: {rule}; after:\n{led}")


def _nulls(state: object) -> Iterator[bool]:
    """True for each member that is null; elements of arrays are values and may be."""
    if isinstance(state, Mapping):
        for value in state.values():
            yield value is None
            yield from _nulls(value)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")
