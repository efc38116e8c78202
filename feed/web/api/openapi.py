"""All of HTTP as one OpenAPI 3.1 document."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from feed.web.answer import DATA_HEADERS, HEADERS
from feed.web.api import example
from feed.web.api.admin import CALLS
from feed.web.api.doors import DOORS, OTHERS
from feed.web.api.limit import Running, limits
from feed.web.api.operation import HTML, OF_STATUS, POLICY, Answer, Header, Operation, text
from feed.web.api.schema import Schema, as_json, schema, schemas
from feed.web.body import Problem
from feed.web.parameter import Parameter

OPERATIONS = (*DOORS, *OTHERS, *CALLS)

_ALWAYS = HEADERS | DATA_HEADERS
_PROBLEM = "application/problem+json"
_PAGE: Schema = {"content": {HTML: {"schema": {"type": "string"}}}}
_TAGS = {
    "doors": "The feed: whoever goes by one may go on at another with the cursor of its last"
    " frame.",
    "health": "For those who run it.",
    "documents": "These documents.",
    "pages": "What browsers show.",
    "admin": "Changing the feed by hand, and what there is to see for that.",
}
_ABOUT = """\
Live prices and scores: one log of all changes, and four doors to it. Prices are exact decimals,
as strings. The promise: a client that applies frames in order and comes back with the last cursor
sees every event once and in order, and every item's versions without a hidden gap, or an explicit
`reset` with a snapshot.

Fields may be added to any answer; none is changed or removed. Every refusal is
`application/problem+json` (RFC 9457): `code` is for programs, `detail` for people."""

_SCHEMES = {
    "admin": {
        "type": "http",
        "scheme": "bearer",
        "description": "`FEED_ADMIN_TOKEN`. After ten wrong ones a minute an address gets 429.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-feed",
        "description": "Of the admin page; on plain http from loopback it is `feed`.",
    },
    "metrics": {"type": "http", "scheme": "bearer", "description": "`FEED_METRICS_TOKEN`."},
    "subscriber": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "HS256, with `exp` and `topics` (filters), where the feed is not public.",
    },
    "token": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The same, for an EventSource, which cannot send headers.",
    },
}


def openapi(running: Running) -> Schema:
    """The document of a server that runs so."""
    kinds = list(_kinds(OPERATIONS))
    found, components = schemas(kinds)
    bodies = dict(zip(map(repr, kinds), found, strict=True))
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        told = _operation(operation, bodies, is_public=running.is_public)
        paths.setdefault(operation.path, {})[operation.method] = told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Feed",
            "version": running.version,
            "description": _ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": _SCHEMES,
            "responses": _refusals(OPERATIONS),
            "headers": {name: _const(name, value) for name, value in _ALWAYS.items()},
        },
        "x-limits": as_json(limits(running)),
    }


def _kinds(operations: Iterable[Operation]) -> Iterable[Any]:
    """Every type that a request or an answer has, each once."""
    every: dict[str, Any] = {repr(Problem): Problem}
    for operation in operations:
        bodies = [kind for answer in operation.answers.values() for kind in answer.bodies]
        if operation.body:
            bodies.append(operation.body.kind)
        every |= {repr(kind): kind for kind in bodies}
    return every.values()


def _operation(operation: Operation, bodies: Mapping[str, Schema], *, is_public: bool) -> Schema:
    responses = {
        str(status): _answer(status, answer, bodies) for status, answer in operation.answers.items()
    }
    for status, codes in operation.refusals.items():
        if status in operation.answers or status in operation.pages:
            refusal = _refusal(status, codes)
            good = responses.get(str(status), _PAGE)
            refusal["content"] = good["content"] | refusal["content"]
            if HTML in refusal["content"]:
                refusal["headers"][POLICY.name] = _header(POLICY)
            responses[str(status)] = refusal
        else:
            responses[str(status)] = {"$ref": f"#/components/responses/{_name(status, codes)}"}
    told: Schema = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        **({"description": operation.words} if operation.words else {}),
        "security": _security(operation, is_public=is_public),
        "parameters": [_parameter(each) for each in operation.parameters],
        "responses": dict(sorted(responses.items())),
    }
    if body := operation.body:
        told["requestBody"] = {
            "required": True,
            "content": {body.media: _content(bodies[repr(body.kind)], body.examples)},
        }
    if operation.samples:
        told["x-codeSamples"] = [
            {"lang": each.language, "label": each.title, "source": each.text}
            for each in operation.samples
        ]
    return told


def _security(operation: Operation, *, is_public: bool) -> list[Schema]:
    match operation.who:
        case "admin":
            return [{"admin": []}, {"session": []}]
        case "metrics":
            return [{"admin": []}, {"metrics": []}]
        case "subscriber":
            open_: list[Schema] = [{}] if is_public or operation.path == "/ws" else []
            return [*open_, {"subscriber": []}, {"token": []}]
        case "public":
            return []


def _parameter(parameter: Parameter) -> Schema:
    told = schema(parameter.kind)
    if parameter.usual is not None:
        told["default"] = parameter.usual
    written = {"style": "form", "explode": False} if told.get("type") == "array" else {}
    words = told.pop("description", "")
    return {
        "name": parameter.name,
        "in": parameter.place,
        **({"description": words} if words else {}),
        **({"required": True} if parameter.is_needed else {}),
        **written,
        "schema": told,
    }


def _answer(status: int, answer: Answer, bodies: Mapping[str, Schema]) -> Schema:
    headers = _headers((*answer.headers, *((POLICY,) if answer.media == HTML else ())))
    if status == HTTPStatus.SWITCHING_PROTOCOLS:  # RFC 6455's own headers only
        headers = {each.name: _header(each) for each in answer.headers}
    told: Schema = {"description": answer.words, "headers": headers}
    if answer.media:
        some = [bodies[repr(kind)] for kind in answer.bodies] or [{"type": "string"}]
        body = some[0] if len(some) == 1 else {"anyOf": some}
        told["content"] = {answer.media: _content(body, answer.examples)}
    return told


def _content(body: Schema, examples: Mapping[str, Any]) -> Schema:
    given = {name: {"value": as_json(each)} for name, each in examples.items()}
    return {"schema": body, **({"examples": given} if given else {})}


def _name(status: int, codes: Sequence[str]) -> str:
    return "-".join([str(status), *codes])


def _refusals(operations: Iterable[Operation]) -> Schema:
    """Every refusal there is, by its name."""
    return {
        _name(status, codes): _refusal(status, codes)
        for operation in operations
        for status, codes in operation.refusals.items()
    }


def _refusal(status: int, codes: Sequence[str]) -> Schema:
    """A problem of one of these codes, and of no other."""
    title = HTTPStatus(status).phrase
    narrowed = {"properties": {"status": {"const": status}, "code": {"enum": [*codes]}}}
    shown = {code: example.problem(status, title, code) for code in codes[:1]}
    words = ", ".join(f"`{code}`" for code in codes)
    cache = text("Cache-Control", "Never.", pattern="^no-store$")
    return {
        "description": f"{title}: {words}",
        "headers": _headers((cache, *OF_STATUS.get(status, ()))),
        "content": {_PROBLEM: _content({"allOf": [schema(Problem), narrowed]}, shown)},
    }


def _headers(headers: Sequence[Header]) -> Schema:
    told = {name: {"$ref": f"#/components/headers/{name}"} for name in _ALWAYS}
    return told | {each.name: _header(each) for each in headers}


def _header(header: Header) -> Schema:
    told = schema(header.kind)
    return {
        "description": told.pop("description"),
        "required": header.is_always,
        "schema": told,
    }


def _const(name: str, value: str) -> Schema:
    return {
        "description": f"{name} of every answer.",
        "required": True,
        "schema": {"type": "string", "const": value},
    }
