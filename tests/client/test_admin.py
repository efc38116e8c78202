import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import BaseTestServer, TestServer

from feed.client.admin import Admin, Result
from feed.client.backoff import Backoff
from feed.client.fault import NoAnswer, Problem
from tests.support.flaky_admin import Fault, FlakyAdmin

BODY = b'{"topic": "A",  "set":{"price":70000.00}}'


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


def address(server: BaseTestServer) -> str:
    return str(server.make_url("")).rstrip("/")


def admin_of(session: ClientSession, url: str, pauses: list[str]) -> Admin:
    return Admin(session, url, "token", lambda _, why: pauses.append(why), Backoff(0.001, 0.001))


@pytest.mark.parametrize(
    ("faults", "duplicate"),
    [
        ((), False),
        (("503", "502", "429"), False),
        (("cut",), False),
        (("cut after",), True),
        (("cut after", "503", "cut"), True),
    ],
)
async def test_done_once_whatever_the_network_does(
    session: ClientSession, *, faults: tuple[Fault, ...], duplicate: bool
) -> None:
    double = FlakyAdmin(faults)
    pauses: list[str] = []
    async with asyncio.timeout(5), TestServer(double.app) as server:
        injected = await admin_of(session, address(server), pauses).inject(BODY, "k-1")
    assert injected.results == (Result("price:A", 1),)
    assert injected.duplicate == duplicate
    assert double.applied == 1
    assert set(double.keys) == {"k-1"}
    assert set(double.bodies) == {BODY}
    assert len(pauses) == len(faults)


async def test_each_answer_begins_the_pauses_anew(session: ClientSession) -> None:
    double = FlakyAdmin(("503", "503", "503", "503", "503", None) * 3)
    pauses: list[float] = []

    def note(wait_s: float, _: str) -> None:
        pauses.append(wait_s)

    async with asyncio.timeout(5), TestServer(double.app) as server:
        admin = Admin(session, address(server), "token", note, Backoff(1e-6))
        for number in range(3):
            await admin.inject(BODY, f"k-{number}")
    assert len(pauses) == 15
    assert max(pauses) <= 1e-6 * 2**4


async def test_gives_up_after_six_tries(session: ClientSession) -> None:
    pauses: list[str] = []
    async with asyncio.timeout(5):
        with pytest.raises(NoAnswer, match="Connection refused"):
            await admin_of(session, "http://127.0.0.1:1", pauses).inject(BODY, "k-1")
    assert pauses == ["Connection refused"] * 5


@pytest.mark.parametrize(
    ("status", "body", "lines"),
    [
        (
            422,
            {"detail": "wrong", "errors": [
                {"path": "$.set.price", "message": "expected a decimal"},
                {"path": "$.foo", "message": "no member of this name"}]},
            "$.set.price: expected a decimal\n$.foo: no member of this name",
        ),
        (409, {"detail": "price:A is at version 3", "index": 1}, "$[1]: price:A is at version 3"),
        (400, {"detail": "the body is not JSON"}, "the body is not JSON"),
        (401, {"detail": "Unauthorized"}, "the server does not accept this token"),
        (404, ["what"], "the server answers 404 Not Found"),
    ],
)  # fmt: skip
async def test_problem(session: ClientSession, status: int, body: object, lines: str) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_post("/admin/inject", refuse)
    async with asyncio.timeout(5), TestServer(app) as server:
        with pytest.raises(Problem) as caught:
            await admin_of(session, address(server), []).inject(BODY, "k-1")
    assert str(caught.value) == lines


async def test_answer_of_something_else(session: ClientSession) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=json.dumps("hello"))

    app = web.Application()
    app.router.add_post("/admin/inject", answer)
    async with asyncio.timeout(5), TestServer(app) as server:
        with pytest.raises(Problem, match="no feed's"):
            await admin_of(session, address(server), []).inject(BODY, "k-1")
