"""What a client asks for, from a query string or from a command: one rule for both."""

import re
from collections.abc import Iterable, Mapping

from aiohttp import web

from feed.errors import BadInput, BadQuery, BadTopic, Fault
from feed.hub.subscription import Options
from feed.limits import Limits
from feed.model.codec import Json
from feed.model.cursor import Cursor, parse_cursor
from feed.model.topic import NONE, Filters, parse_filter
from feed.web import keys

_RANGES_MS = {"conflate_ms": 60_000, "window_ms": 1_000, "delay_ms": 600_000}
_INTEGER = re.compile(r"[0-9]{1,9}", re.ASCII)
_WAIT_S, _LONGEST_WAIT_S = 25, 55
_MAX_FIELDS = 64


class Rejected(dict[str, Json]):
    """A filter that is not served, and why, as `subscribed` says it."""

    def __init__(self, topic: str, code: str, message: str) -> None:
        super().__init__(topic=topic, code=code, message=message)


def read_filters(
    texts: Iterable[str], limits: Limits, had: Filters = NONE
) -> tuple[Filters, list[Rejected]]:
    """The filters that are good, and the others; no more than the limits allow with those had."""
    good, rejected = set(had.names()), list[Rejected]()
    most = {True: limits.max_wildcards, False: limits.max_topics}
    room = {True: most[True] - len(had.prefixes), False: most[False] - len(had.topics)}
    for text in texts:
        try:
            name = parse_filter(text)
        except BadTopic as error:
            rejected.append(Rejected(text, error.code, str(error)))
            continue
        is_wildcard = name.endswith("*")
        if name not in good and room[is_wildcard] <= 0:
            message = f"at most {most[is_wildcard]} a connection"
            rejected.append(Rejected(text, "too_many_topics", message))
        elif name not in good:
            room[is_wildcard] -= 1
            good.add(name)
    return Filters.of(good), rejected


def read_topics(request: web.Request, name: str = "topics") -> list[str]:
    """The `topics` of a query string, as they were written; empty where there is none."""
    given = ",".join(request.query.getall(name, []))
    return [text for text in given.split(",") if text]


def need_filters(request: web.Request) -> Filters:
    """The filters of a door where `topics` is needed and all of them must be good."""
    filters = _good_filters(request, "topics", NONE)
    if filters == NONE:
        raise BadQuery([Fault("topics", "missing: which topics?")], "bad_topic")
    return filters


def also_filters(request: web.Request, filters: Filters) -> Filters:
    """The filters of a door's `topics`, and with them those that its cursor does not vouch for."""
    return _good_filters(request, "also", filters)


def _good_filters(request: web.Request, name: str, had: Filters) -> Filters:
    filters, rejected = read_filters(read_topics(request, name), request.app[keys.LIMITS], had)
    if rejected:
        faults = [Fault(f"{name}={each['topic']}", str(each["message"])) for each in rejected]
        raise BadQuery(faults, str(rejected[0]["code"]))
    return filters


def read_limit(query: Mapping[str, str], usual: int, most: int) -> int:
    """How many of a list, 1 to `most`."""
    text = query.get("limit", str(usual))
    if _INTEGER.fullmatch(text) and 0 < int(text) <= most:
        return int(text)
    raise BadInput(f"limit: expected 1 to {most}")


def read_options(query: Mapping[str, str]) -> Options:
    """The options of a query string; raises BadQuery."""
    given: dict[str, Json] = {}
    for name in _RANGES_MS:
        if text := query.get(name):
            given[name] = int(text) if _INTEGER.fullmatch(text) else text
    if fields := query.get("fields"):
        given["fields"] = list(fields.split(","))
    return change_options(Options(), given)


def change_options(options: Options, given: Mapping[str, Json]) -> Options:
    """The options with those that are given, by their names in the protocol; raises BadQuery."""
    faults = []
    for name, most in _RANGES_MS.items():
        value = given.get(name)
        if value is not None and not (type(value) is int and 0 <= value <= most):
            faults.append(Fault(name, f"expected an integer from 0 to {most}"))
    fields = given.get("fields")
    if fields is not None and not _are_names(fields):
        faults.append(Fault("fields", f"expected at most {_MAX_FIELDS} names of fields"))
    if faults:
        raise BadQuery(faults)

    def chosen(name: str, had: int) -> int:
        value = given.get(name)
        return value if isinstance(value, int) else had

    names = options.fields
    if "fields" in given:
        names = tuple(sorted({str(name) for name in fields})) if isinstance(fields, list) else None
    return Options(
        conflate_ms=chosen("conflate_ms", options.conflate_ms),
        window_ms=chosen("window_ms", options.window_ms),
        delay_ms=chosen("delay_ms", options.delay_ms),
        fields=names,
    )


def _are_names(value: Json) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= _MAX_FIELDS
        and all(isinstance(name, str) and name for name in value)
    )


def read_cursor(request: web.Request) -> Cursor | None:
    """The cursor of a query string; None where it is empty or absent. Raises BadCursor."""
    text = request.query.get("cursor")
    return parse_cursor(text) if text else None


def read_wait_s(request: web.Request) -> int:
    """How long a poll may wait."""
    text = request.query.get("wait") or str(_WAIT_S)
    if not _INTEGER.fullmatch(text) or int(text) > _LONGEST_WAIT_S:
        raise BadQuery([Fault("wait", f"expected whole seconds from 0 to {_LONGEST_WAIT_S}")])
    return int(text)
