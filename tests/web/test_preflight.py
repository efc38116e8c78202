"""What a browser asks before it reads with a token (Fetch, "CORS-preflight fetch")."""

import pytest

from tests.support.doors import encoded
from tests.support.talk import asked, feed
from tests.support.token import SECRET

ALLOWED = "https://viewer.example"
OTHER = "http://viewer.example:81"
READ = {
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization,last-event-id",
}
TOLD = {
    "access-control-allow-origin": ALLOWED,
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "Authorization, Cache-Control, If-None-Match, Last-Event-ID",
    "access-control-expose-headers": "Retry-After",
    "access-control-max-age": "7200",
}
DOORS = ("/sse", "/poll", "/snapshot", "/history", "/static/feed.js")


async def answer(
    port: int, target: str, method: str = "OPTIONS", **headers: str
) -> tuple[int, dict[str, str]]:
    """The status, and the headers in lower case that are CORS's, or say what an answer is for."""
    lines = [f"{method} {target} HTTP/1.1", "Host: feed.example", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    async with asked(port, "\r\n".join([*lines, "", ""]).encode()) as (reader, _):
        first, *told = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    named = dict(line.split(": ", 1) for line in told)
    kept = {name.lower(): value for name, value in named.items()}
    return int(first.split()[1]), {
        name: value
        for name, value in kept.items()
        if name.startswith("access-control-") or name in ("vary", "allow")
    }


@pytest.mark.parametrize("door", DOORS)
async def test_pages_of_allowed_origins_are_told_what_they_may_send(door: str) -> None:
    async with feed(allowed_origins=(OTHER, ALLOWED), subscriber_secret=SECRET) as (_, port):
        told = await answer(port, f"{door}?topics=A", Origin=ALLOWED, **READ)
        assert told == (204, TOLD | {"vary": "Origin"})
        status, headers = await answer(port, door, Origin=OTHER, **READ)
        assert (status, headers["access-control-allow-origin"]) == (204, OTHER)


LOOK_ALIKES = [
    "null",
    "*",
    "",
    "http://viewer.example",
    "https://viewer.example:443",
    "https://viewer.example:4430",
    "https://viewer.example.",
    "https://viewer.example/",
    "https://viewer.example.evil.example",
    "https://evil-viewer.example",
    "https://evil.viewer.example",
    "https://VIEWER.example",
    "https://viewer.example@evil.example",
    "https://viewer.example https://evil.example",
    "https://viewer.example,https://evil.example",
    "https://viewer.exampl\u0435".encode().decode("latin-1"),
    "http://feed.example",
]
"""The last is the server's own, whose pages ask nothing before."""


@pytest.mark.parametrize("origin", LOOK_ALIKES)
async def test_nobody_else_gets_any_header_of_cors(origin: str) -> None:
    async with feed(allowed_origins=(ALLOWED,)) as (_, port):
        for door in DOORS:
            for method in ("OPTIONS", "GET"):
                _, headers = await answer(port, f"{door}?topics=A", method, Origin=origin, **READ)
                assert headers.keys() <= {"vary", "allow"}, (door, method)


@pytest.mark.parametrize(
    "path", ["/admin", "/admin/inject", "/admin/state", "/metrics", "/ws", "/"]
)
async def test_no_other_path_has_one(path: str) -> None:
    async with feed(allowed_origins=(ALLOWED,)) as (_, port):
        for said in (READ, READ | {"Access-Control-Request-Method": "POST"}):
            status, headers = await answer(port, path, Origin=ALLOWED, **said)
            assert status in (401, 405)
            assert {name for name in headers if "-allow-" in name} <= (
                {"access-control-allow-origin"} if path == "/ws" else set()
            )


async def test_without_the_question_it_is_a_wrong_method() -> None:
    async with feed(allowed_origins=(ALLOWED,)) as (_, port):
        for headers in ({}, {"Origin": ALLOWED}, READ):
            status, told = await answer(port, f"/poll?{encoded({'topics': 'A'})}", **headers)
            assert (status, told["allow"]) == (405, "GET")


async def test_a_refusal_may_be_read_by_the_page_that_asked() -> None:
    async with feed(allowed_origins=(ALLOWED,), subscriber_secret=SECRET) as (_, port):
        status, headers = await answer(port, "/poll?topics=A", "GET", Origin=ALLOWED)
        assert (status, headers["access-control-allow-origin"]) == (401, ALLOWED)
