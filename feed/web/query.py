"""What a client asks for, from a query string or from a command: one rule for both."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from aiohttp import web

from feed.errors import BadQuery, BadTopic, Fault
from feed.hub.subscription import Options
from feed.limits import Limits
from feed.model.codec import Json
from feed.model.cursor import Cursor, parse_cursor
from feed.model.payload import FieldNames, Rejected
from feed.model.topic import NONE, Filters, parse_filter, parse_topic
from feed.web import keys
from feed.web.parameter import ALSO, CURSOR, FIELDS, OPTIONS, TOPIC, TOPICS, Parameter

_NAMES = (*(option.name for option in OPTIONS), FIELDS.name)

_REMEMBERED = 64
"""Lists of filters: most clients ask for the same few, again and again."""


def read_filters(
    texts: Sequence[str], limits: Limits, had: Filters = NONE
) -> tuple[Filters, list[Rejected]]:
    """The filters that are good, and the others; no more than the limits allow with those had."""
    if had == NONE and len(texts) <= limits.max_topics:
        filters = _all_good(tuple(texts))
        if filters and len(filters.prefixes) <= limits.max_wildcards:
            return filters, []
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


@lru_cache(_REMEMBERED)
def _all_good(texts: tuple[str, ...]) -> Filters | None:
    """The filters, where all of them are good; what is wrong is told to each client anew."""
    try:
        return Filters.of(parse_filter(text) for text in texts)
    except BadTopic:
        return None


def read_topics(request: web.Request, parameter: Parameter = TOPICS) -> list[str]:
    """The filters of a query string, as they were written; empty where there is none."""
    given = ",".join(request.query.getall(parameter.name, []))
    return [text for text in given.split(",") if text]


def need_filters(request: web.Request) -> Filters:
    """The filters of a door where `topics` is needed and all of them must be good."""
    filters = _good_filters(request, TOPICS, NONE)
    if filters == NONE:
        raise BadQuery([Fault(TOPICS.name, "missing: which topics?")], "bad_topic")
    return filters


def need_topic(request: web.Request) -> str:
    """The one `topic` of a query string, in its full form; raises BadQuery."""
    try:
        return parse_topic(request.query.get(TOPIC.name, ""))
    except BadTopic as error:
        raise BadQuery([Fault(TOPIC.name, str(error))], error.code) from error


def also_filters(request: web.Request, filters: Filters) -> Filters:
    """The filters of a door's `topics`, and with them those that its cursor does not vouch for."""
    return _good_filters(request, ALSO, filters)


def _good_filters(request: web.Request, parameter: Parameter, had: Filters) -> Filters:
    texts, limits = read_topics(request, parameter), request.app[keys.LIMITS]
    filters, rejected = read_filters(texts, limits, had)
    if rejected:
        faults = [Fault(f"{parameter.name}={each.topic}", each.message) for each in rejected]
        raise BadQuery(faults, rejected[0].code)
    return filters


def read_options(query: Mapping[str, str]) -> Options:
    """The options of a query string; raises BadQuery."""
    given: dict[str, Json] = {}
    for option in OPTIONS:
        if text := query.get(option.name):
            given[option.name] = option.parse(text)
    if fields := query.get(FIELDS.name):
        given[FIELDS.name] = list(fields.split(","))
    return change_options(Options(), given)


def change_options(options: Options, given: Mapping[str, Json]) -> Options:
    """The options with those that are given, by their names in the protocol; raises BadQuery."""
    chosen = {name: given[name] for name in _NAMES if given.get(name) is not None}
    faults = [
        option.fault()
        for option in OPTIONS
        if option.name in chosen and not option.admits(chosen[option.name])
    ]
    if FIELDS.name in chosen:
        try:
            names = msgspec.convert(chosen.pop(FIELDS.name), FieldNames)
            options = msgspec.structs.replace(options, fields=tuple(sorted(set(names))))
        except msgspec.ValidationError:
            faults.append(Fault(FIELDS.name, "expected 1 to 64 names of fields"))
    elif FIELDS.name in given:
        options = msgspec.structs.replace(options, fields=None)
    if faults:
        raise BadQuery(faults)
    return msgspec.structs.replace(options, **chosen)


def read_cursor(request: web.Request) -> Cursor | None:
    """The cursor of a query string; None where it is empty or absent. Raises BadCursor."""
    text = request.query.get(CURSOR.name)
    return parse_cursor(text) if text else None
