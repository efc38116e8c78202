"""JMESPath over JSON with exact numbers: from somebody's answer to changes of the feed."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature

from feed.errors import BadChange, BadInput, Fault
from feed.model.change import Change, EventChange
from feed.model.codec import Json, JsonObject, encode
from feed.model.field import exact
from feed.model.topic import kind_of, parse_topic
from feed.sources.base import SourceFailed
from feed.sources.moments import to_ms

Kind: TypeAlias = Literal["price", "score"]

_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)


class _ExactFunctions(Functions):  # type: ignore[misc]  # jmespath ships no types
    """The functions of JMESPath, where a Decimal is a number too.

    Of themselves they know int and float only, and `to_number` would make floats of texts and
    cut a Decimal down to an int.
    """

    @signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_to_number(self, value: Json) -> Json:
        if isinstance(value, str):
            if not _NUMBER.fullmatch(value):
                return None
            return Decimal(value) if set(value) & set(".eE") else int(value)
        return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None

    @signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_to_string(self, value: Json) -> str:
        return value if isinstance(value, str) else encode(value).decode()

    @signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_type(self, value: Json) -> str:
        return str(self._convert_to_jmespath_type(type(value).__name__))

    def _get_allowed_pytypes(self, types: Iterable[str]) -> tuple[list[str], list[tuple[str, ...]]]:
        names, elements = super()._get_allowed_pytypes(types)
        return (
            [*names, "Decimal"] if "float" in names else names,
            [(*names, "Decimal") if "float" in names else names for names in elements],
        )

    def _convert_to_jmespath_type(self, name: str) -> Any:
        return "number" if name == "Decimal" else super()._convert_to_jmespath_type(name)


_OPTIONS = jmespath.Options(custom_functions=_ExactFunctions())


class Mapped(NamedTuple):
    """What an answer said, and what of it could not be taken, each with its place."""

    changes: list[Change]
    faults: list[str]


class Mapping:
    """Expressions of JMESPath that give an object, or a list of them, for each item and event.

    An item: its fields, and `topic` and `ts` where they are known. An event: `topic`, `id`,
    `kind`, `ts` and `data`. A `topic` without a kind is of `kind`; `ts` is milliseconds or ISO
    8601. What an expression does not find (null) is left as it is in the feed.
    """

    def __init__(self, kind: Kind, items: str, events: str | None = None) -> None:
        """Raises BadInput where an expression is not JMESPath."""
        self._kind = kind
        self._items = _compiled(items)
        self._events = None if events is None else _compiled(events)

    def changes(self, answer: Json, topic: str | None) -> Mapped:
        """The changes that an answer tells; `topic` is meant where it names none.

        Raises SourceFailed where an expression does not fit the answer at all.
        """
        mapped = Mapped([], [])
        for name, expression in (("items", self._items), ("events", self._events)):
            if expression is None:
                continue
            for index, value in enumerate(_search(expression, answer, name)):
                try:
                    mapped.changes.append(self._change(name, value, topic))
                except BadInput as error:
                    mapped.faults.append(f"{name}[{index}]: {error}{_called(value)}")
        return mapped

    def _change(self, name: str, value: Json, topic: str | None) -> Change:
        if not isinstance(value, dict):
            raise BadInput("expected an object")
        fields = _without_nulls(value)
        named = fields.pop("topic", topic)
        if not isinstance(named, str):
            raise BadInput("no topic")
        full = parse_topic(named if ":" in named else f"{self._kind}:{named}")
        ts = _time(fields.pop("ts", None))
        if name == "events":
            return Change(topic=full, event=_event(fields, ts), ts=ts)
        faults: list[Fault] = []
        patch = exact(kind_of(full), fields, "$", faults)
        if faults:
            raise BadChange(faults)
        return Change(topic=full, patch=patch, ts=ts)


class Rows:
    """An expression of JMESPath that gives a list of what a preset goes on with."""

    def __init__(self, expression: str) -> None:
        self._expression = _compiled(expression)

    def of(self, answer: Json) -> list[Json]:
        """The elements. Raises SourceFailed where the expression does not fit the answer."""
        return _search(self._expression, answer, "items")


def _called(value: Json) -> str:
    """The topic of an element, where it has one, as a fault may show it."""
    topic = value.get("topic") if isinstance(value, dict) else None
    return f" ({topic!a:.80})" if isinstance(topic, str) else ""


def _event(fields: JsonObject, ts: int | None) -> EventChange:
    event_id, kind, data = fields.get("id"), fields.get("kind"), fields.get("data", {})
    if isinstance(event_id, int) and not isinstance(event_id, bool):
        event_id = str(event_id)
    if not isinstance(event_id, str) or not isinstance(kind, str) or not isinstance(data, dict):
        raise BadInput("an event has an id, a kind and an object as data")
    return EventChange(id=event_id, kind=kind, data=data, ts=ts)


def _compiled(expression: str) -> Any:
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        raise BadInput(" ".join(str(error).split())) from None


def _search(expression: Any, answer: Json, name: str) -> list[Json]:
    try:
        found: Json = expression.search(answer, options=_OPTIONS)
    except (JMESPathError, ArithmeticError, TypeError, ValueError) as error:
        raise SourceFailed(
            f"the expression `{name}` does not fit the answer: {error!s:.200}"
        ) from None
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _time(value: Json) -> int | None:
    if value is None:
        return None
    return to_ms(value, "iso" if isinstance(value, str) and not value.isdigit() else "ms")


def _without_nulls(value: JsonObject) -> JsonObject:
    return {
        name: _without_nulls(inner) if isinstance(inner, dict) else inner
        for name, inner in value.items()
        if inner is not None
    }
