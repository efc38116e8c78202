"""Other ways to write a path or a method: none leads to what is an admin's, or out of a folder."""

import pytest

from tests.blackbox.fuzz.judge import check_answer
from tests.support.admin import Admin
from tests.support.raw_http import BEARER, JSON_TYPE, ask, written
from tests.support.server import Server

PATHS = b"""
    //admin/state /admin//state /admin/state/ /admin/state// /./admin/state /admin/./state
    /x/../admin/state /admin/x/../state /admin/state/.. /admin%2fstate /admin%2f..
    /%2fadmin/state /%61dmin/state /admin/%73tate /admin%252fstate /admin;x/state
    /admin/state;x /admin/;/state /;/admin/state /ADMIN/state /Admin/State /admin\\state
    /admin%5cstate /admin/state%00 /admin/state%20 /admin/state%0a /admin/state%3f
    /admin/state.json /adminstate /%EF%BD%81dmin/state /admin/state#x /admin/state?token=x *
    /static/../admin http://127.0.0.1/admin/state http://evil.example//admin/state
    http:///admin/state /health/live/../../admin/state /snapshot/../admin/state /admin/inject
    /admin/
""".split()

OVERRIDES = (
    (b"X-HTTP-Method-Override: DELETE", b"X-HTTP-Method: DELETE", b"X-Method-Override: DELETE"),
    (b"X-Original-URL: /admin/state", b"X-Rewrite-URL: /admin/state"),
    (b"X-Forwarded-Prefix: /admin/state", b"X-Forwarded-Path: /admin/state", b"X-Host: evil"),
    (b"X-Forwarded-For: 127.0.0.1", b"X-Real-IP: 127.0.0.1", b"Forwarded: for=127.0.0.1"),
    (b"X-Forwarded-User: admin", b"X-Remote-User: admin", b"Remote-User: admin", b"Via: 1.1 admin"),
    (b"X-Forwarded-Proto: https", b"X-Forwarded-Host: evil.example", b"Front-End-Https: on"),
)

CLIMBS = b"""
    ../app.py ..%2fapp.py %2e%2e/app.py %2e%2e%2fapp.py ..%5capp.py ..\\app.py ....//app.py
    ..;/app.py %252e%252e%252fapp.py ..%c0%afapp.py %uff0e/app.py /etc/passwd %2fetc%2fpasswd
    //etc/passwd file:///etc/passwd C:%5cx . vendor vendor/ vendor/uplot/ feed.js/
    feed.js%00.css feed.js::$DATA ./feed.js x/../feed.js FEED.JS feed.js%20 .git/config
    ../../feed.toml
""".split()


@pytest.mark.parametrize("path", PATHS)
async def test_no_way_to_write_a_path_shows_what_is_an_admins(server: Server, path: bytes) -> None:
    for method, body in (("GET", None), ("HEAD", None), ("POST", b"")):
        answer = await ask(server.port, written(method, path, body=body))
        assert answer is not None, method
        check_answer(answer, {400, 401, 404, 405})
        assert b"epoch" not in answer.body


@pytest.mark.parametrize("fields", OVERRIDES)
async def test_no_header_makes_another_request_of_it(
    server: Server, fields: tuple[bytes, ...]
) -> None:
    live = await ask(server.port, written("GET", b"/health/live", *fields))
    assert live is not None
    assert (live.status, live.body) == (200, b'{"live":true}')
    shut = await ask(server.port, written("GET", b"/admin/state", *fields))
    assert shut is not None
    check_answer(shut, {401})


async def test_the_method_is_the_one_of_the_request_line(admin: Admin, server: Server) -> None:
    before = await admin.get("state")
    for method in ("TRACE", "TRACK", "CONNECT", "PUT", "PATCH", "BREW", "get", "DELETE"):
        request = written(method, b"/admin/state", BEARER)
        answer = await ask(server.port, request)
        assert answer is not None
        check_answer(answer, {400, 404, 405})
        assert b"Bearer" not in answer.body
    override = b"X-HTTP-Method-Override: POST"
    body = b'{"topic":"price:OVERRIDE","set":{"price":"1"}}'
    for method in ("GET", "PUT"):
        request = written(method, b"/admin/inject", BEARER, JSON_TYPE, override, body=body)
        answer = await ask(server.port, request)
        assert answer is not None
        check_answer(answer, {405})
        assert answer.header("allow") == "POST"
    assert (await admin.get("state"))["head"] == before["head"]


@pytest.mark.parametrize("name", CLIMBS)
async def test_nothing_is_served_but_the_files_under_static(server: Server, name: bytes) -> None:
    answer = await ask(server.port, written("GET", b"/static/" + name))
    assert answer is not None
    check_answer(answer, {400, 404})
