"""What is said on `/ws` and `/sse` as one AsyncAPI 3 document, as the server sees it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from feed.model.payload import FRAMES
from feed.web.api import example
from feed.web.api.doors import DOORS, WEBSOCKET
from feed.web.api.limit import Running, limits
from feed.web.api.operation import Operation
from feed.web.api.schema import Schema, as_json, schema, schemas
from feed.web.close_code import CLOSINGS
from feed.web.command import COMMANDS
from feed.web.parameter import TOKEN

_ABOUT = """\
One frame is one JSON object with a `type`: on `/ws` a text message, on `/sse` the `data:` of an
event. Only `update`, `heartbeat`, `bye` and the last part of a `snapshot` have a `cursor`: they
move the client's place, which any door takes up again. Members may be added; what is not known is
to be passed over."""

_SSE = next(each for each in DOORS if each.path == "/sse")
_NOT_ON_SSE = ("error", "pong")
_SCHEMES = {
    "subscriber": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "HS256, with `exp` and `topics` (filters), where the feed is not public.",
    },
    "token": {
        "type": "httpApiKey",
        "in": "query",
        "name": TOKEN.name,
        "description": "The same, for those who cannot send headers.",
    },
}


def asyncapi(running: Running) -> Schema:
    """The document of a server that runs so."""
    _, components = schemas([*FRAMES, *COMMANDS])
    frames, commands = _names(FRAMES), _names(COMMANDS)
    heard = [name for name in frames if name not in _NOT_ON_SSE]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Feed",
            "version": running.version,
            "description": _ABOUT,
            "license": {"name": "Apache 2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            name: {
                "host": "{host}",
                "protocol": protocol,
                "variables": {"host": {"default": "localhost:8080"}},
                **({} if running.is_public else {"security": [*_security()]}),
            }
            for name, protocol in (("websocket", "ws"), ("events", "http"))
        },
        "channels": {
            "ws": {
                **_channel(WEBSOCKET, "websocket", [*frames, *commands]),
                "bindings": {"ws": _binding(WEBSOCKET, "0.1.0")},
                "x-close-codes": [each._asdict() for each in CLOSINGS],
            },
            "sse": _channel(_SSE, "events", heard),
        },
        "operations": {
            "say": _operation("send", "ws", "Frames to a client", frames),
            "hear": _operation("receive", "ws", "Commands of a client", commands),
            "tell": {
                **_operation("send", "sse", "Frames as events", heard),
                "bindings": {"http": _binding(_SSE, "0.3.0")},
            },
        },
        "components": {
            "messages": {name: _message(kind) for name, kind in _named((*FRAMES, *COMMANDS))},
            "schemas": components,
            "securitySchemes": _SCHEMES,
        },
        "x-limits": as_json(limits(running)),
    }


def _named(kinds: Iterable[type[msgspec.Struct]]) -> Iterable[tuple[str, type[msgspec.Struct]]]:
    return ((str(kind.__struct_config__.tag), kind) for kind in kinds)


def _names(kinds: Iterable[type[msgspec.Struct]]) -> list[str]:
    return [name for name, _ in _named(kinds)]


def _message(kind: type[msgspec.Struct]) -> Schema:
    given = [each for each in (*example.FRAMES, *example.COMMANDS) if type(each) is kind]
    return {
        "name": str(kind.__struct_config__.tag),
        "summary": (kind.__doc__ or "").partition("\n")[0],
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
        "examples": [{"payload": as_json(each)} for each in given],
    }


def _channel(door: Operation, server: str, messages: Iterable[str]) -> Schema:
    return {
        "address": door.path,
        "title": door.summary,
        "servers": [{"$ref": f"#/servers/{server}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _binding(door: Operation, version: str) -> Schema:
    """How it is asked for: the query string as an object, whose lists are written with commas."""
    parameters = [each for each in (*door.parameters, TOKEN) if each.place == "query"]
    needed = [each.name for each in parameters if each.is_needed]
    query: Schema = {
        "type": "object",
        "properties": {each.name: schema(each.kind) for each in parameters},
        **({"required": needed} if needed else {}),
    }
    return {"method": "GET", "query": query, "bindingVersion": version}


def _operation(action: str, channel: str, title: str, messages: Iterable[str]) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "title": title,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }


def _security() -> Iterable[dict[str, Any]]:
    return ({"$ref": f"#/components/securitySchemes/{name}"} for name in _SCHEMES)
