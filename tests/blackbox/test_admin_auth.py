"""Who may use `/admin/…` with a bearer token, and who may not."""

import aiohttp

from tests.blackbox.conftest import SECOND
from tests.blackbox.problems import check_problem, fetch
from tests.support.admin import Admin
from tests.support.server import TOKEN, Server

BODY = '{"topic":"score:A","set":{}}'
WRONG = [
    "",
    "Bearer",
    "Bearer ",
    f"Basic {TOKEN}",
    TOKEN,
    f"Bearer {TOKEN}x",
    f"Bearer {TOKEN[1:]}",
]
ODD = [f"Bearer {TOKEN},{TOKEN}", "Bearer t\u00f6ken", "Bearer " + "x" * 4000]


async def _call(http: aiohttp.ClientSession, server: Server, authorization: str | None) -> int:
    headers = {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    url = f"{server.url}/admin/inject"
    async with http.post(url, data=BODY, headers=headers) as answer:
        await answer.read()
        return answer.status


async def test_none_or_a_wrong_token_is_401_in_one_body_for_every_reason(
    server: Server, stranger: aiohttp.ClientSession
) -> None:
    url = f"{server.url}/admin/state"
    answers = [await fetch(stranger, url)]
    answers += [await fetch(stranger, url, headers={"Authorization": wrong}) for wrong in WRONG]
    for answer in answers:
        check_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert len({answer.text for answer in answers}) == 1


async def test_odd_tokens_are_401(server: Server, stranger: aiohttp.ClientSession) -> None:
    for odd in ODD:
        assert await _call(stranger, server, odd) == 401


async def test_both_tokens_are_valid_and_the_schemes_case_does_not_matter(
    server: Server, stranger: aiohttp.ClientSession
) -> None:
    for good in (f"Bearer {TOKEN}", f"Bearer {SECOND}", f"bearer {TOKEN}", f"BEARER {SECOND}"):
        assert await _call(stranger, server, good) == 200


async def test_the_token_does_not_go_in_the_query(
    server: Server, stranger: aiohttp.ClientSession
) -> None:
    answer = await fetch(stranger, f"{server.url}/admin/state", {"token": TOKEN})
    check_problem(answer, 401)


async def test_ten_wrong_tokens_a_minute_and_then_429(
    server: Server, stranger: aiohttp.ClientSession
) -> None:
    statuses = [await _call(stranger, server, "Bearer " + "w" * 40) for _ in range(12)]
    assert statuses[:10] == [401] * 10
    assert statuses[-1] == 429


CALLS = [
    ("POST", "inject"),
    ("POST", "unpin"),
    ("POST", "undo/1"),
    ("POST", "sources/x/pause"),
    ("GET", "audit"),
    ("GET", "audit/1"),
    ("GET", "pins"),
    ("GET", "events"),
    ("POST", "session"),
    ("GET", "sources"),
    ("GET", "connections"),
    ("DELETE", "connections/1"),
    ("GET", "state"),
]


async def test_every_call_of_admin_needs_it(
    server: Server, stranger: aiohttp.ClientSession
) -> None:
    for method, path in CALLS:
        answer = await fetch(stranger, f"{server.url}/admin/{path}", method=method)
        assert answer.status in {401, 403}, (path, answer)


async def test_a_second_admin_sees_the_same(
    server: Server, stranger: aiohttp.ClientSession
) -> None:
    first = await Admin(stranger, server.url).get("state")
    second = await Admin(stranger, server.url, SECOND).get("state")
    assert first["epoch"] == second["epoch"]


DETOURS = [
    "//admin/state",
    "/admin//state",
    "/admin/state/",
    "/admin%2fstate",
    "/admin/%73tate",
    "/admin;x/state",
    "/ADMIN/state",
    "/./admin/state",
    "/static/../admin/state",
    "/static/..%2fadmin/state",
]


async def test_no_way_of_writing_the_path_goes_round_it(
    server: Server, stranger: aiohttp.ClientSession
) -> None:
    headers = {"X-Original-URL": "/admin/state", "X-HTTP-Method-Override": "GET"}
    for path in DETOURS:
        answer = await fetch(stranger, f"{server.url}{path}", headers=headers)
        assert answer.status in {400, 401, 403, 404, 429}, (path, answer)
