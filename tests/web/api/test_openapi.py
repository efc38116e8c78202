"""The OpenAPI document: by its own rules, and against the program."""

import re
from typing import Any

import msgspec
import pytest
from aiohttp import web

from feed import errors
from feed.limits import Limits
from feed.web import documents
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


def test_it_is_one() -> None:
    from openapi_spec_validator import validate  # noqa: PLC0415  (takes as long as all tests here)

    validate(DOCUMENT)


def concrete(path: str) -> str:
    """A path as somebody asks for it."""
    return re.sub("{[^}]+}", "x", path)


async def led_to(app: web.Application) -> set[web.AbstractRoute]:
    """The routes that what it names leads to."""
    found = [
        await app.router.resolve(asked(concrete(path), method=method.upper()))
        for path, methods in DOCUMENT["paths"].items()
        for method in methods
    ]
    assert [match for match in found if match.http_exception] == []
    return {match.route for match in found}


def missed(app: web.Application, named: set[web.AbstractRoute]) -> list[str]:
    """The routes that it does not name. A HEAD is answered as a GET is, without the body."""
    return [
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource and route.method != "HEAD" and route not in named
    ]


async def test_every_route_is_in_it_and_no_other() -> None:
    app = make_web()

    assert missed(app, await led_to(app)) == ["GET /static/{name}"]


async def test_a_route_that_is_new_would_be_missed() -> None:
    app = make_web()
    app.router.add_get("/admin/new", documents.page)
    app.router.add_put("/poll", documents.page)

    assert missed(app, await led_to(app)) == [
        "GET /static/{name}", "GET /admin/new", "PUT /poll",
    ]  # fmt: skip


async def test_every_way_to_steer_a_source_is_in_it() -> None:
    patterns = [resource.get_info().get("pattern") for resource in make_web().router.resources()]
    ways = [re.findall(r"\(\?P<action>([a-z|]+)\)", each.pattern) for each in patterns if each]
    names = {name for way in ways for some in way for name in some.split("|")}

    assert names == {"pause", "resume", "run", "accept", "reject"}
    assert {f"/admin/sources/{{name}}/{name}" for name in names} <= DOCUMENT["paths"].keys()


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
