"""A change and the state that it meets → the record for the log. Pure: merge, derive, version."""

from typing import NamedTuple

import msgspec

from feed.errors import BadChange, Fault
from feed.hub.derive import DERIVED, derive
from feed.model.change import Change, EventChange
from feed.model.codec import JsonObject, encode
from feed.model.entry import Record, way_back
from feed.model.field import check_fields, check_value, exact, moment
from feed.model.frame import item_gone, item_set, item_whole
from feed.model.merge import difference, merge
from feed.model.topic import kind_of

MAX_BYTES = 16 * 1024
"""An item or an event as compact JSON (protocol section 6)."""

_MAX_WORD = 128


class State(NamedTuple):
    """What a change meets: no data where the topic is gone; `v` 0 too where it never was."""

    v: int = 0
    ts: int = 0
    data: JsonObject | None = None


NOTHING = State()


def check(change: Change, path: str) -> list[Fault]:
    """What is wrong with a change by itself, whatever it meets. `path` names it: `$[0]`."""
    kind = kind_of(change.topic)
    faults: list[Fault] = []
    if sum((change.patch is not None, change.data is not None, change.gone)) > 1:
        faults.append(Fault(path, "only one of `set`, `data` and `gone`"))
    if not change.gone and change.patch is None and change.data is None and change.event is None:
        faults.append(Fault(path, "one of `set`, `data`, `event` or `gone` is needed"))
    if change.patch is not None:
        faults += check_fields(kind, change.patch, f"{path}.set")
    if change.data is not None:
        faults += check_fields(kind, change.data, f"{path}.data")
    if change.ts is not None and (message := moment(change.ts)):
        faults.append(Fault(f"{path}.ts", message))
    if change.event is not None:
        faults += _check_event(change.event, f"{path}.event")
    return faults


def _check_event(event: EventChange, path: str) -> list[Fault]:
    faults = check_value(event.data, f"{path}.data")
    for name, word in (("id", event.id), ("kind", event.kind)):
        if word is not None and not (0 < len(word) <= _MAX_WORD and word.isprintable()):
            faults.append(Fault(f"{path}.{name}", f"1 to {_MAX_WORD} printable characters"))
    if event.op == "add" and event.kind is None:
        faults.append(Fault(f"{path}.kind", "missing: an event that is added needs one"))
    if event.op != "add" and event.id is None:
        faults.append(Fault(f"{path}.id", f"missing: {event.op} which event?"))
    if event.ts is not None and (message := moment(event.ts)):
        faults.append(Fault(f"{path}.ts", message))
    if not faults and len(encode(event.data)) > MAX_BYTES:
        faults.append(Fault(path, f"an event over {MAX_BYTES} bytes"))
    return faults


def news(change: Change, state: State) -> Change | None:
    """A source's change without what is so already; None when nothing is left of it.

    A whole item of a source becomes the patch to it; what was derived from the old one stays.
    """
    if state.data is None:
        return None if change.gone else change
    fields = change.data if change.patch is None else change.patch
    if change.gone or fields is None:
        return change
    fields = exact(kind_of(change.topic), fields)
    if change.patch is None:
        kept = {name: state.data[name] for name in DERIVED if name in state.data}
        after = kept | merge({}, fields)
    else:
        after = merge(state.data, fields)
    patch = difference(state.data, after)
    if patch or change.recorded:
        return msgspec.structs.replace(change, patch=patch, data=None)
    return msgspec.structs.replace(change, patch=None, data=None) if change.event else None


def compose(change: Change, state: State, now_ms: int, path: str) -> tuple[Record, State]:
    """The record of a change without faults, and the state after it.

    Raises BadChange when the item grows too large. The event must have its id and kind by now.
    """
    ts = now_ms if change.ts is None else change.ts
    kind = kind_of(change.topic)
    if change.gone:
        record, after = _end(change, state, ts)
    elif change.patch is not None and state.data is not None:
        record, after = _patch(change.topic, exact(kind, change.patch), state, ts)
    elif change.patch is None and change.data is None and not _begins(change, state):
        record, after = Record(topic=change.topic, v=state.v, ts=ts), state
    else:
        fields = change.data if change.patch is None else change.patch
        record, after = _whole(change.topic, exact(kind, fields or {}), state, ts)
    if len(record.data or b"") > MAX_BYTES:
        raise BadChange([Fault(path, f"an item over {MAX_BYTES} bytes")])
    if change.event is not None:
        record = _with_event(record, change.event, ts)
    return record, after


def _begins(change: Change, state: State) -> bool:
    """Whether an event alone makes its topic: what is added does, what is corrected does not."""
    return state.data is None and change.event is not None and change.event.op == "add"


def _end(change: Change, state: State, ts: int) -> tuple[Record, State]:
    v = state.v + 1
    record = Record(
        topic=change.topic,
        v=v,
        ts=ts,
        item=item_gone(change.topic, v, ts),
        undo=way_back(state.ts, state.data or {}),
    )
    return record, State(v, ts, None)


def _patch(topic: str, patch: JsonObject, state: State, ts: int) -> tuple[Record, State]:
    before = state.data or {}
    after = merge(before, patch)
    if kind_of(topic) == "price" and (derived := derive(after, patch)):
        patch = patch | derived
        after |= derived
    v = state.v + 1
    record = Record(
        topic=topic,
        v=v,
        ts=ts,
        item=item_set(topic, v, ts, encode(patch)),
        data=encode(after),
        undo=way_back(state.ts, difference(after, before)),
    )
    return record, State(v, ts, after)


def _whole(topic: str, data: JsonObject, state: State, ts: int) -> tuple[Record, State]:
    """A replaced item, or the first of a topic: a whole state either way."""
    after = merge({}, data)
    if kind_of(topic) == "price":
        after |= derive(after, data)
    v = state.v + 1
    text = encode(after)
    undo = None if state.data is None else way_back(state.ts, difference(after, state.data))
    item = item_whole(topic, v, ts, text)
    return Record(topic=topic, v=v, ts=ts, item=item, data=text, undo=undo), State(v, ts, after)


def _with_event(record: Record, event: EventChange, ts: int) -> Record:
    element = {
        "topic": record.topic,
        "id": event.id,
        "op": event.op,
        "kind": event.kind,
        "ts": ts if event.ts is None else event.ts,
        "data": event.data,
    }
    return Record(
        topic=record.topic,
        v=record.v,
        ts=record.ts,
        item=record.item,
        event=encode(element),
        data=record.data,
        undo=record.undo,
        event_id=event.id,
        event_op=event.op,
        event_kind=event.kind,
    )
