"""Browsers of foreign origins are refused at every door; own and allowed ones are served."""

import asyncio

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from tests.blackbox.conftest import Serve
from tests.blackbox.problems import HTTP_DOORS, check_problem, fetch
from tests.support.doors import websocket
from tests.support.server import Server

FOREIGN = {
    "another": "http://evil.example",
    "null": "null",
    "another scheme": "https://{address}",
    "another port": "http://127.0.0.1:1",
    "no port": "http://127.0.0.1",
    "suffix": "http://{address}.evil.example",
    "longer port": "http://{address}0",
    "prefix": "http://evil{address}",
    "another name": "http://localhost:{port}",
    "user": "http://evil@{address}",
    "slash": "http://{address}/",
    "empty": "",
}


def _origin(case: str, server: Server) -> str:
    return FOREIGN[case].format(address=server.address, port=server.port)


@pytest.mark.parametrize("case", FOREIGN)
@pytest.mark.parametrize("door", HTTP_DOORS)
async def test_a_foreign_origin_is_refused(
    server: Server, http: aiohttp.ClientSession, door: str, case: str
) -> None:
    headers = {"Origin": _origin(case, server)}
    answer = await fetch(http, f"{server.url}/{door}", "topics=A", headers=headers)
    check_problem(answer, 403)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("case", FOREIGN)
async def test_ws_refuses_a_foreign_origin_before_the_handshake(server: Server, case: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with websocket(
            server.url, {"topics": "A"}, additional_headers={"Origin": _origin(case, server)}
        ):
            pass
    assert refused.value.response.status_code == 403


async def test_the_own_origin_is_served(server: Server, http: aiohttp.ClientSession) -> None:
    headers = {"Origin": server.url}
    for door in HTTP_DOORS:
        answer = await fetch(http, f"{server.url}/{door}", "topics=A", headers=headers)
        assert answer.status == 200
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
    async with websocket(server.url, {"topics": "A"}, additional_headers=headers) as socket:
        await socket.until("snapshot")


async def test_an_allowed_origin_is_served_with_cors_headers_and_no_other(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    allowed = "https://viewer.example"
    server = await asyncio.to_thread(serve, FEED_ALLOWED_ORIGINS=f"http://x.example:81,{allowed}")
    for door in HTTP_DOORS:
        url = f"{server.url}/{door}"
        answer = await fetch(http, url, "topics=A", headers={"Origin": allowed})
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == allowed
        assert "Origin" in answer.headers["Vary"]
        for foreign in ("https://viewer.example.org", "https://viewer.example:444", "null"):
            refused = await fetch(http, url, "topics=A", headers={"Origin": foreign})
            check_problem(refused, 403)
            assert "Access-Control-Allow-Origin" not in refused.headers
    async with websocket(
        server.url, {"topics": "A"}, additional_headers={"Origin": allowed}
    ) as socket:
        await socket.until("snapshot")
    state = await fetch(http, f"{server.url}/admin/state", headers={"Origin": allowed})
    assert "Access-Control-Allow-Origin" not in state.headers
