"""A desk with a log that takes what it gives, and what a reader makes of that log."""

from collections.abc import Sequence
from decimal import Decimal

from feed.hub.compose import NOTHING, State, by_hand, checked, compose, newly
from feed.hub.planner import checked_some
from feed.model.change import Change, EventChange
from feed.model.codec import Json, JsonObject, decode_object
from feed.model.entry import Entry, Item
from feed.sources.base import Poll
from feed.sources.desk.desk import Desk
from feed.sources.desk.gate import score
from feed.sources.policy import Policy
from tests.support.sources import T0

MATCH = "score:EPL.ARS-CHE"
COIN = "price:BTC-USD"


class Room:
    """Sources of these policies, the most preferred first, polled by hand at times by hand."""

    def __init__(self, *policies: Policy, now_ms: int = T0) -> None:
        self.policies = policies
        self.now_ms = now_ms
        self.items: dict[str, Item] = {}
        self.log: list[Entry] = []
        self._ids: set[tuple[str, str | None]] = set()
        self.desk = Desk(policies, self.items.get, now_ms)

    def poll(
        self,
        source: str,
        *changes: Change,
        after_s: float = 5,
        failure: str | None = None,
        failed: Sequence[str] | None = None,
    ) -> list[Entry]:
        """One poll of a source; what came into the log by it."""
        self.now_ms += round(after_s * 1000)
        return self.append(self.desk.heard(Poll(source, self.now_ms, changes, failure, failed)))

    def look(self, after_s: float = 1) -> list[Entry]:
        """Time passes; what came into the log by that."""
        self.now_ms += round(after_s * 1000)
        told = self.desk.look(self.now_ms)
        return self.append([change for changes in told.values() for change in changes])

    def accept(self, source: str, topic: str) -> list[Entry]:
        """An admin lets it through."""
        return self.append(self.desk.accept(source, topic, self.now_ms))

    def append(self, changes: Sequence[Change], *, is_by_hand: bool = False) -> list[Entry]:
        """As the log takes a source's changes, or an admin's."""
        new: list[Entry] = []
        assert checked_some(changes, "room") == list(changes), "a change that the log refuses"
        for change in changes:
            item = self.items.get(change.topic)
            state = NOTHING if item is None else State(item.v, item.ts, item.state())
            given = checked(change)
            hand = by_hand(given, state, self.now_ms)
            wanted = hand if is_by_hand else newly(given, state, self.now_ms)
            if wanted is None:
                continue
            event = wanted.event
            if event and event.op != "add" and (change.topic, event.id) not in self._ids:
                continue  # EventUnknown
            record, after = compose(wanted, state, self.now_ms)
            if record.event is not None:
                key = record.topic, record.event_id
                assert record.event_op != "add" or key not in self._ids, f"{key} exists"
                self._ids.add(key)
            if record.item is not None:
                self.items[change.topic] = Item(change.topic, after.v, after.ts, record.data)
            new.append(
                Entry(
                    len(self.log) + len(new) + 1, self.now_ms, record.topic, record.v, record.ts,
                    record.item, record.event, record.data, record.undo,
                )
            )  # fmt: skip
        self.log += new
        self.desk.happened(new)
        return new

    def restart(self) -> None:
        """Another leader begins, with what the log holds."""
        self.desk = Desk(self.policies, self.items.get, self.now_ms)
        self.desk.happened(self.log)
        self.desk.resume(self.items.values(), self.now_ms)

    def state(self, topic: str) -> JsonObject:
        """The item as it is shown."""
        return self.items[topic].state() or {}

    def shown(self, topic: str, *names: str) -> tuple[Json, ...]:
        """Some fields of the item."""
        state = self.state(topic)
        return tuple(state.get(name) for name in names)

    def score(self, topic: str = MATCH) -> tuple[int, int]:
        """The score as it is shown."""
        points = score(self.state(topic))
        return points["home"], points["away"]

    def held(self, source: str) -> list[tuple[str, Json, Json, int | None]]:
        """What is held of a source: field, value, what is shown, polls left."""
        held = self.desk.view(source, self.now_ms).held
        return [(each.field, each.value, each.shown, each.polls_left) for each in held]


def told(entries: Sequence[Entry]) -> list[tuple[str, str, str, Json]]:
    """Of each event: op, id, kind and the score that it says."""
    events = [decode_object(entry.event) for entry in entries if entry.event is not None]
    return [(e["op"], e["id"], e["kind"], e["data"].get("score")) for e in events]  # type: ignore[misc, union-attr]


def counted(entries: Sequence[Entry], topic: str = MATCH) -> tuple[int, int]:
    """The points that a reader counts who knows events alone."""
    counting: dict[str, tuple[str, int]] = {}
    for entry in entries:
        if entry.event is None or entry.topic != topic:
            continue
        event = decode_object(entry.event)
        data = event["data"]
        assert isinstance(data, dict)
        if event["op"] == "void":
            counting.pop(str(event["id"]), None)
        elif event["kind"] in ("goal", "score", "correction"):
            by = data.get("by", data.get("points", 1))
            assert isinstance(by, int)
            counting[str(event["id"])] = str(data["side"]), by
    home, away = (sum(by for s, by in counting.values() if s == side) for side in ("home", "away"))
    return home, away


def states(entries: Sequence[Entry], topic: str) -> list[Json]:
    """The states that the item went through, each once."""
    seen: list[Json] = []
    for entry in entries:
        if entry.topic == topic and entry.data is not None:
            state = decode_object(entry.data).get("state")
            if not seen or seen[-1] != state:
                seen.append(state)
    return seen


def match(
    home: int | None = None, away: int | None = None, phase: str = "live", **fields: Json
) -> Change:
    """What a source says of a match."""
    ts = fields.pop("ts", None)
    patch: JsonObject = {"phase": phase, **fields}
    if home is not None:
        patch |= {"home": {"score": home}, "away": {"score": away or 0}}
    return Change(topic=MATCH, patch=patch, ts=ts if isinstance(ts, int) else None)


def coin(price: str, **fields: Json) -> Change:
    """What a source says of a price."""
    ts = fields.pop("ts", None)
    at = ts if isinstance(ts, int) else None
    return Change(topic=COIN, patch={"price": price, **fields}, ts=at)


def goal(event_id: str, side: str = "home", *, by: int = 1, op: str = "add") -> Change:
    """A goal that a source lists, or takes back."""
    data: JsonObject = {"why": "offside"} if op == "void" else {"side": side, "by": by}
    event = EventChange(op=op, id=event_id, kind="goal", data=data)  # type: ignore[arg-type]
    return Change(topic=MATCH, event=event)


def recent(*prices: str) -> list[Decimal]:
    """Prices that were believed."""
    return [Decimal(price) for price in prices]
