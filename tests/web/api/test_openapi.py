"""The OpenAPI document: by its own rules, and against the program."""

import re
from typing import Any

import msgspec
import pytest
from aiohttp import web

from feed import errors
from feed.limits import Limits
from feed.web.api.openapi import openapi
from feed.web.routes import make_web
from tests.support.api import RUNNING, Judge
from tests.support.request import asked

DOCUMENT = openapi(RUNNING)
JUDGE = Judge(DOCUMENT)
OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
NOT_HERE = {"/static/{name}"}


def test_it_is_one() -> None:
    from openapi_spec_validator import validate  # noqa: PLC0415  (takes as long as all tests here)

    validate(DOCUMENT)


def concrete(path: str) -> str:
    """A path as somebody asks for it."""
    return re.sub("{[^}]+}", "x", path)


async def test_what_it_names_is_there() -> None:
    router = make_web().router
    for path, methods in DOCUMENT["paths"].items():
        for method in methods:
            found = await router.resolve(asked(concrete(path), method=method.upper()))
            assert found.http_exception is None, (method, path)


async def test_every_route_is_in_it() -> None:
    app = make_web()
    named = {
        (await app.router.resolve(asked(concrete(path), method=method.upper()))).handler
        for path, methods in DOCUMENT["paths"].items()
        for method in methods
    }
    routes = [
        route
        for route in app.router.routes()
        if route.resource and route.resource.canonical not in NOT_HERE
    ]

    assert len(routes) > 40
    missed = [f"{route.method} {route.resource}" for route in routes if route.handler not in named]
    assert missed == []
    actions = {
        action
        for route in routes
        for action in re.findall(r"{action:([^}]+)}|\(\?P<action>([^)]+)\)", _pattern(route))
        if action
    }
    steered = {name for each in actions for some in each if some for name in some.split("|")}
    assert steered == {"pause", "resume", "run", "accept", "reject"}
    assert {f"/admin/sources/{{name}}/{name}" for name in steered} <= DOCUMENT["paths"].keys()


def _pattern(route: web.AbstractRoute) -> str:
    assert route.resource
    pattern = route.resource.get_info().get("pattern")
    return pattern.pattern if pattern else ""


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_operation_says_all_of_it(path: str, method: str, operation: dict[str, Any]) -> None:
    in_path = re.findall("{([^}]+)}", path)
    parameters = operation["parameters"]

    assert [each["name"] for each in parameters if each["in"] == "path"] == in_path
    assert {"400", "405", "408", "500"} <= operation["responses"].keys()
    assert method == "get" or path.startswith("/admin/sign-") or operation["security"]
    for sample in operation.get("x-codeSamples", []):
        assert 1 <= len(sample["source"].splitlines()) <= 4


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_examples_are_what_they_are_of(path: str, method: str, operation: dict[str, Any]) -> None:
    contents = [JUDGE.resolved(each).get("content", {}) for each in operation["responses"].values()]
    contents.append(operation.get("requestBody", {}).get("content", {}))
    for content in contents:
        for media in content.values():
            for name, example in media.get("examples", {}).items():
                assert JUDGE.faults(media["schema"], example["value"]) == [], (name, path, method)
    for parameter in operation["parameters"]:
        told = parameter["schema"]
        usual = [told["default"]] if "default" in told else []
        for example in [*told.get("examples", []), *usual]:
            assert JUDGE.faults(told, example) == []


def test_an_example_that_is_wrong_would_be_seen() -> None:
    told = JUDGE.at("#/components/schemas/Polled")

    assert JUDGE.faults(told, {"cursor": "k-1", "frames": [], "more": False}) == []
    assert len(JUDGE.faults(told, {"cursor": "K", "frames": [{"type": "x"}]})) == 3


def test_every_code_of_an_error_is_in_it() -> None:
    codes = {
        code
        for answer in DOCUMENT["components"]["responses"].values()
        for content in answer["content"].values()
        for code in content["schema"]["allOf"][1]["properties"]["code"]["enum"]
    }
    ours = {
        error.code
        for error in vars(errors).values()
        if isinstance(error, type) and hasattr(error, "code")
    }

    assert ours - codes == {"bad_input", "refused"}  # of the roots, which nothing raises itself


@pytest.mark.parametrize("status", ["401", "405", "426", "429", "503"])
def test_a_refusal_says_what_to_do(status: str) -> None:
    name = {
        "401": "WWW-Authenticate", "405": "Allow", "426": "Upgrade",
        "429": "Retry-After", "503": "Retry-After",
    }[status]  # fmt: skip
    told = [
        each["headers"]
        for key, each in DOCUMENT["components"]["responses"].items()
        if key.startswith(status)
    ]

    assert told
    assert all(headers[name]["required"] for headers in told)


def test_limits_are_those_of_the_server() -> None:
    running = msgspec.structs.replace(
        RUNNING, heartbeat_s=0.5, limits=Limits(max_connections_per_ip=3)
    )
    limits = {each["name"]: each["most"] for each in openapi(running)["x-limits"]}

    assert limits["silence"] == 0.5
    assert limits["connections_per_ip"] == 3
    assert limits["topics"] == 1000
    assert "connections_per_ip" not in {each["name"] for each in DOCUMENT["x-limits"]}


def test_who_needs_a_token_is_told() -> None:
    closed = openapi(msgspec.structs.replace(RUNNING, is_public=False))

    def needs(document: dict[str, Any], path: str) -> list[dict[str, Any]]:
        method, *_ = document["paths"][path].values()
        security: list[dict[str, Any]] = method["security"]
        return security

    assert needs(DOCUMENT, "/poll") == [{}, {"subscriber": []}, {"token": []}]
    assert needs(closed, "/poll") == [{"subscriber": []}, {"token": []}]
    assert needs(closed, "/admin/inject") == [{"admin": []}, {"session": []}]
    assert needs(closed, "/metrics") == [{"admin": []}, {"metrics": []}]
    assert needs(closed, "/health/live") == []
