"""What takes a batch back: the changes that compensate it, last things first. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from feed.errors import NotToUndo
from feed.hub.pin import FIELD, begun, catch_up
from feed.model.change import Change, EventChange
from feed.model.codec import Json, JsonObject, decode_object
from feed.model.entry import Entry, Item
from feed.model.merge import difference, merge

WHY = "undone"


class Told(NamedTuple):
    """An event as it was last told before a batch, and as of now; None: not told there."""

    before: JsonObject | None
    now: JsonObject | None


def compensation(
    batch: Sequence[Entry],
    current: Callable[[str], Item | None],
    told: Mapping[tuple[str, str], Told],
) -> list[Change]:
    """The changes that lead back to where things were before a batch.

    `told` has what the log says of each event of the batch. Raises NotToUndo where something newer
    changed the same fields or the same event; what was changed beside them stays.
    """
    for topic, last in {entry.topic: entry for entry in batch if entry.item}.items():
        item = current(topic)
        entries = [entry for entry in batch if entry.topic == topic and entry.item]
        _check(topic, entries, last, item)
    for event, then in events_of(batch).items():
        if _standing(told[event].now or then) != _standing(then):
            raise NotToUndo(f"{event[0]}: event {event[1]} has changed since")
    changes, met, ended = [], set[str](), _pins(batch)
    for entry in reversed(batch):
        if entry.item is not None:
            back = _back(entry, current(entry.topic), ended.get(entry.topic, set()))
            if entry.topic not in met:
                back = replace(back, if_v=_version(current(entry.topic)))
            met.add(entry.topic)
            changes.append(back)
    for event, first in events_of(reversed(batch)).items():
        is_new = first["op"] == "add"
        changes.append(_voided(*event) if is_new else _event_back(*event, told[event].before))
    return changes


def _version(item: Item | None) -> int:
    return 0 if item is None or item.data is None else item.v


def _standing(event: JsonObject) -> tuple[Json, ...]:
    """What an event says, however often it was said."""
    return event["op"] == "void", event["kind"], event.get("data")


def events_of(batch: Iterable[Entry]) -> dict[tuple[str, str], JsonObject]:
    """Topic and id of every event of some entries → what the last of them says of it."""
    told = [(entry.topic, decode_object(entry.event)) for entry in batch if entry.event is not None]
    return {(topic, str(event["id"])): event for topic, event in told}


def _check(topic: str, entries: Sequence[Entry], last: Entry, item: Item | None) -> None:
    """Whether the fields that a batch changed are as it left them."""
    now = None if item is None else item.state()
    then = last.after()
    if (now is None) != (then is None):
        raise NotToUndo(f"{topic} came or went since")
    if now is None or then is None:
        return
    if any(entry.undo is None or entry.data is None for entry in entries):  # all of it was changed
        fields = {*then, *now}
    else:
        fields = set[str]().union(*(entry.way() for entry in entries))
    since = difference(then, now)
    for field in fields - {FIELD}:
        if field in since and _meet(since[field], [entry.way().get(field) for entry in entries]):
            raise NotToUndo(f"{topic}: {field} has changed since")


def _meet(since: Json, ways: Sequence[Json]) -> bool:
    """Whether a later change of a field touches what one of the earlier ones did."""
    for way in ways:
        if not (isinstance(since, dict) and isinstance(way, dict)):
            return True
        if any(_meet(since[name], [way[name]]) for name in since if name in way):
            return True
    return False


def _pins(batch: Iterable[Entry]) -> dict[str, set[str]]:
    """By topic the pins that a batch made, which end where it is taken back."""
    before: dict[str, JsonObject] = {}
    after: dict[str, JsonObject] = {}
    for entry in batch:
        if entry.item is not None:
            before.setdefault(entry.topic, entry.before() or {})
            after[entry.topic] = entry.after() or {}
    return {topic: begun(before[topic], state) for topic, state in after.items()}


def _back(entry: Entry, item: Item | None, ended: Iterable[str]) -> Change:
    """The change that leads back behind an entry; of `ended` pins, to what was said meanwhile."""
    before = entry.before()
    if before is None:
        return Change(topic=entry.topic, gone=True)
    now = (None if item is None else item.state()) or {}
    if entry.data is None:
        said: JsonObject = {}
        catch_up(said, now, ended)
        return Change(topic=entry.topic, data=merge(before, said))
    way = entry.way()
    catch_up(way, now, ended)
    return Change(topic=entry.topic, patch=way)


def _voided(topic: str, name: str) -> Change:
    return Change(topic=topic, event=EventChange(op="void", id=name, data={"why": WHY}))


def _event_back(topic: str, name: str, before: JsonObject | None) -> Change:
    """The correction that leads an event back to how it was told before."""
    if before is None:
        raise NotToUndo(f"the log no longer tells what {name} was")
    data = before.get("data")
    void = before["op"] == "void"
    return Change(
        topic=topic,
        event=EventChange(
            op="void" if void else "amend",
            id=name,
            kind=str(before["kind"]),
            data=data if isinstance(data, dict) else {},
        ),
    )
