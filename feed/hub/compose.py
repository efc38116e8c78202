"""A change and the state that it meets → the record for the log. Pure: merge, derive, version."""

import msgspec

from feed.errors import BadChange, Fault
from feed.hub.derive import DERIVED, derive
from feed.hub.pin import FIELD, held_back, is_pinned, pins, released
from feed.model.change import Change, EventChange
from feed.model.codec import JsonObject, encode
from feed.model.entry import Record, way_back
from feed.model.field import check_value, exact, moment
from feed.model.frame import item_gone, item_set, item_whole
from feed.model.merge import difference, lay, merge, news
from feed.model.topic import kind_of

MAX_BYTES = 16 * 1024
"""An item or an event as compact JSON (protocol section 6)."""

MAX_PIN_S = 7 * 24 * 3600
"""A pin that was forgotten ends by itself after a week."""

_MAX_WORD = 128


class State(msgspec.Struct, frozen=True, gc=False):
    """What a change meets: no data where the topic is gone; `v` 0 too where it never was."""

    v: int = 0
    ts: int = 0
    data: JsonObject | None = None


NOTHING = State()


def checked(change: Change) -> Change:
    """The change with its decimals as the feed carries them, which it mostly has already.

    Raises BadChange with all that is wrong with it by itself; `$` in the paths is the change.
    """
    faults: list[Fault] = []
    kind = kind_of(change.topic)
    patch = change.patch and exact(kind, change.patch, "$.set", faults)
    data = change.data and exact(kind, change.data, "$.data", faults)
    states = (patch is not None) + (data is not None) + change.gone
    if states > 1:
        faults.append(Fault("$", "only one of `set`, `data` and `gone`"))
    if change.pin_s is not None and patch is None:
        faults.append(Fault("$.pin_s", "goes with `set`, whose fields it pins"))
    elif change.pin_s is not None and not 0 < change.pin_s <= MAX_PIN_S:
        faults.append(Fault("$.pin_s", f"expected more than 0 and at most {MAX_PIN_S} seconds"))
    if not states and change.event is None and change.release is None:
        faults.append(Fault("$", "one of `set`, `data`, `event` or `gone` is needed"))
    if change.ts is not None and (message := moment(change.ts)):
        faults.append(Fault("$.ts", message))
    if change.event is not None:
        faults += _check_event(change.event, "$.event")
    if faults:
        raise BadChange(faults)
    if patch is change.patch and data is change.data:
        return change
    return msgspec.structs.replace(change, patch=patch, data=data)


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


def newly(change: Change, state: State, now_ms: int) -> Change | None:
    """A source's change without what is so already; None when nothing is left of it.

    A whole item of a source becomes the patch to it; what was derived from the old one stays, and
    so does what is pinned. A step of a recording is made as it was, where nothing is pinned.
    """
    if state.data is None:
        return None if change.gone else change
    if change.recorded and not is_pinned(state.data, now_ms):
        return change
    if change.patch is not None:
        patch = held_back(state.data, change.patch, now_ms)
        patch = news(state.data, patch)
    elif change.data is not None:
        kept = {name: state.data[name] for name in (*DERIVED, FIELD) if name in state.data}
        whole = merge({}, change.data)
        patch = difference(state.data, kept | whole)
        patch = news(state.data, held_back(state.data, patch, now_ms, whole))
    else:
        return change
    if patch or change.recorded:
        return msgspec.structs.replace(change, patch=patch, data=None)
    return msgspec.structs.replace(change, patch=None, data=None) if change.event else None


def by_hand(change: Change, state: State, now_ms: int) -> Change | None:
    """An admin's change with the pins that it makes or ends; None where it was to end none."""
    if change.pin_s is not None and change.patch is not None:
        until_ms = now_ms + round(change.pin_s * 1000)
        return msgspec.structs.replace(change, patch=change.patch | pins(change.patch, until_ms))
    if change.release is None:
        return change
    patch = released(state.data or {}, now_ms if change.release == "over" else None)
    return msgspec.structs.replace(change, patch=patch) if patch else None


def compose(change: Change, state: State, now_ms: int) -> tuple[Record, State]:
    """The record of a change that was `checked`, and the state after it.

    Raises BadChange when the item grows too large. The event must have its id and kind by now.
    """
    ts = now_ms if change.ts is None else change.ts
    if change.patch is not None and state.data is not None:
        record, after = _patch(change.topic, change.patch, state, ts)
    elif change.gone:
        record, after = _end(change.topic, state, ts)
    elif change.patch is None and change.data is None and not _begins(change, state):
        record, after = Record(topic=change.topic, v=state.v, ts=ts), state
    else:
        fields = change.data if change.patch is None else change.patch
        record, after = _whole(change.topic, fields or {}, state, ts)
    if record.data is not None and len(record.data) > MAX_BYTES:
        raise BadChange([Fault("$", f"an item over {MAX_BYTES} bytes")])
    if change.event is not None:
        record = _with_event(record, change.event)
    return record, after


def _begins(change: Change, state: State) -> bool:
    """Whether an event alone makes its topic: what is added does, what is corrected does not."""
    return state.data is None and change.event is not None and change.event.op == "add"


def _end(topic: str, state: State, ts: int) -> tuple[Record, State]:
    v = state.v + 1
    undo = way_back(state.ts, state.data or {})
    return Record(topic=topic, v=v, ts=ts, item=item_gone(topic, v, ts), undo=undo), State(v, ts)


def _patch(topic: str, patch: JsonObject, state: State, ts: int) -> tuple[Record, State]:
    before = state.data or {}
    after, back = lay(before, patch)
    if kind_of(topic) == "price" and (derived := derive(after, patch)):
        back |= {name: before.get(name) for name in derived}
        patch = patch | derived
        after |= derived
    v = state.v + 1
    record = Record(
        topic=topic,
        v=v,
        ts=ts,
        item=item_set(topic, v, ts, patch),
        data=encode(after),
        undo=way_back(state.ts, back),
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


def _with_event(record: Record, event: EventChange) -> Record:
    element = {
        "topic": record.topic,
        "id": event.id,
        "op": event.op,
        "kind": event.kind,
        "ts": record.ts if event.ts is None else event.ts,
        "data": event.data,
    }
    return msgspec.structs.replace(
        record,
        event=encode(element),
        event_id=event.id,
        event_op=event.op,
        event_kind=event.kind,
    )
