"""`POST /admin/inject`: a body of JSON → changes, with every fault named by its path.

What is right is read in one go, by types. What is not is read again, to say all that is wrong.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NoReturn, TypeAlias

import msgspec
from aiohttp import web
from msgspec import Meta

from feed.errors import BadChange, BadInput, BadTopic, Fault
from feed.model.change import OPS, Change, EventChange, Op
from feed.model.codec import Json, decoder
from feed.model.field import check_value
from feed.model.payload import GivenTopic
from feed.model.topic import parse_topic
from feed.web.limits import BATCH
from feed.web.parameter import IDEMPOTENCY_KEY

_MEMBERS = {"topic", "set", "data", "event", "gone", "ts", "if_v", "why", "pin_s"}
_EVENT_MEMBERS = {"op", "kind", "id", "ts", "data"}
_MAX_DIGITS = 64
_WHY = 500
_ABSENT: Any = None
"""What a member is that was not given; null is no value of any of them."""

_Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class NotJson(BadInput):
    """A body that is no JSON; the message says what is wrong with it."""

    code = "not_json"


class GivenEvent(
    msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True
):
    """An event of a change: added, replaced (`amend`) or taken back (`void`)."""

    op: Op = "add"
    kind: Annotated[str, Meta(examples=["goal"])] = _ABSENT
    id: Annotated[str, Meta(description="Else the server gives an `add` one.")] = _ABSENT
    ts: _Integer = _ABSENT
    data: dict[str, Any] = {}


class Given(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """A change of one topic: one of `set`, `data` and `gone` at the most, and an event."""

    topic: GivenTopic
    set: Annotated[dict[str, Any], Meta(description="A JSON merge patch (RFC 7396).")] = _ABSENT
    data: Annotated[dict[str, Any], Meta(description="The whole new state.")] = _ABSENT
    event: GivenEvent = _ABSENT
    gone: Annotated[bool, Meta(description="End the topic.")] = False
    ts: Annotated[_Integer, Meta(description="When it happened, milliseconds.")] = _ABSENT
    if_v: Annotated[
        _Integer, Meta(description="Refuse unless the item has this version; 0: no item.")
    ] = _ABSENT
    why: Annotated[str, Meta(max_length=_WHY, description="For the audit.")] = _ABSENT
    pin_s: Annotated[
        float, Meta(description="Sources do not overwrite the fields of `set` for so long.")
    ] = _ABSENT


class OfTopic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator decides about."""

    topic: GivenTopic


GivenChanges: TypeAlias = Given | Annotated[list[Given], Meta(min_length=1, max_length=BATCH)]

_decode = decoder(GivenChanges)


def read(body: bytes) -> list[Change]:
    """One object or an array of them → changes; raises NotJson, or BadChange with all faults."""
    try:
        given = _decode(body)
        each = given if isinstance(given, list) else [given]
        return [
            Change(
                topic=parse_topic(one.topic),
                patch=one.set,
                data=one.data,
                gone=one.gone,
                event=one.event and _event_of(one.event),
                ts=one.ts,
                if_v=one.if_v,
                pin_s=one.pin_s,
                why=one.why,
            )
            for one in each
        ]
    except (msgspec.DecodeError, BadTopic):
        return read_changes(read_body(body))


def read_topic(body: bytes) -> str:
    """`{"topic": …}` → the topic; raises NotJson, BadChange."""
    value, faults = read_body(body), list[Fault]()
    if not isinstance(value, dict):
        raise BadChange([Fault("$", "expected an object")])
    members = _Members(value, "$", faults)
    members.only({"topic"})
    topic = _topic(members.take("topic", str, "a topic"), value, "$", faults)
    if faults:
        raise BadChange(faults)
    return topic


def _event_of(given: GivenEvent) -> EventChange:
    return EventChange(op=given.op, kind=given.kind, id=given.id, ts=given.ts, data=given.data)


def read_body(body: bytes) -> Json:
    """Bytes → values, numbers exact; raises NotJson, or BadChange where it is nested too deep."""
    try:
        value: Json = json.loads(
            body.decode(), parse_float=_number, parse_int=_integer, parse_constant=_constant
        )
    except UnicodeDecodeError as error:
        raise NotJson("the body is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise NotJson(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise BadChange([Fault("$", "nested too deep")]) from error
    return value


def _integer(text: str) -> int | Decimal:
    # Python refuses integers of thousands of digits; as a Decimal they are refused by their path.
    return int(text) if len(text) <= _MAX_DIGITS else Decimal(text)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond any Decimal: beyond a double as well
        return Decimal("Infinity")


def _constant(text: str) -> NoReturn:
    raise NotJson(f"the body is not JSON: {text} is no number of it")


def read_changes(value: Json) -> list[Change]:
    """One object or an array of them → changes; raises BadChange with all faults of form."""
    given = value if isinstance(value, list) else [value]
    if not 0 < len(given) <= BATCH:
        raise BadChange([Fault("$", f"expected 1 to {BATCH} changes")])
    faults: list[Fault] = []
    changes = [_change(each, f"$[{index}]", faults) for index, each in enumerate(given)]
    if faults:
        raise BadChange(faults)
    return [change for change in changes if change]


class _Members:
    """The members of one object, taken out by name and type; what is wrong is noted."""

    def __init__(self, given: dict[str, Json], path: str, faults: list[Fault]) -> None:
        self._given = given
        self._path = path
        self._faults = faults

    def take(self, name: str, kind: type | tuple[type, ...], words: str) -> Any:
        """The member, or None where it is absent or of another type."""
        if name not in self._given:
            return None
        value = self._given[name]
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        self._faults.append(Fault(f"{self._path}.{name}", f"expected {words}"))
        return None

    def only(self, names: set[str]) -> None:
        """Note members of other names: a misspelt one must not be passed over in silence."""
        for name in (given for given in self._given if given not in names):
            shown = name if name.isprintable() else ascii(name)  # also a lone surrogate
            self._faults.append(Fault(f"{self._path}.{shown}", "no member of this name"))


def _change(value: Json, path: str, faults: list[Fault]) -> Change | None:
    if not isinstance(value, dict):
        faults.append(Fault(path, "expected an object"))
        return None
    members = _Members(value, path, faults)
    members.only(_MEMBERS)
    why = members.take("why", str, "a string")
    if why is not None:
        faults += check_value(why, f"{path}.why")
        if len(why) > _WHY:
            faults.append(Fault(f"{path}.why", f"over {_WHY} characters"))
    event = members.take("event", dict, "an object")
    return Change(
        topic=_topic(members.take("topic", str, "a topic"), value, path, faults),
        patch=members.take("set", dict, "an object"),
        data=members.take("data", dict, "an object"),
        gone=members.take("gone", bool, "true") or False,
        event=None if event is None else _event(event, f"{path}.event", faults),
        ts=members.take("ts", int, "milliseconds, an integer"),
        if_v=members.take("if_v", int, "a version, an integer"),
        pin_s=_seconds(members.take("pin_s", (int, Decimal), "seconds, a number")),
        why=why,
    )


def _seconds(value: int | Decimal | None) -> float | None:
    return None if value is None else float(value)


def _topic(text: str | None, value: dict[str, Json], path: str, faults: list[Fault]) -> str:
    if text is None:
        if "topic" not in value:
            faults.append(Fault(f"{path}.topic", "missing"))
        return ""
    try:
        return parse_topic(text)
    except BadTopic as error:
        faults.append(Fault(f"{path}.topic", str(error)))
        return ""


def _event(value: dict[str, Json], path: str, faults: list[Fault]) -> EventChange:
    members = _Members(value, path, faults)
    members.only(_EVENT_MEMBERS)
    op = members.take("op", str, f"one of {', '.join(OPS)}") or "add"
    if op not in OPS:
        faults.append(Fault(f"{path}.op", f"expected one of {', '.join(OPS)}"))
    return EventChange(
        op=op if op in OPS else "add",
        kind=members.take("kind", str, "a string"),
        id=members.take("id", str, "a string"),
        ts=members.take("ts", int, "milliseconds, an integer"),
        data=members.take("data", dict, "an object") or {},
    )


def idempotency_key(request: web.Request) -> str | None:
    """The `Idempotency-Key`; raises BadChange where it is not 1 to 128 visible ASCII characters."""
    key = request.headers.get(IDEMPOTENCY_KEY.name)
    if key is None:
        return None
    try:
        good: str = msgspec.convert(key, IDEMPOTENCY_KEY.kind)
    except msgspec.ValidationError:
        message = "expected 1 to 128 visible ASCII characters"
        raise BadChange([Fault(IDEMPOTENCY_KEY.name, message)]) from None
    return good
