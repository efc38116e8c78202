"""While all the wrong input comes in, a healthy viewer misses nothing."""

import asyncio
import contextlib
from urllib.parse import urlencode

import aiohttp
from websockets.exceptions import ConnectionClosed

from tests.blackbox.bad_input import BAD_CURSORS, BAD_FILTERS, NO_JSON, TOO_BIG, WRONG
from tests.blackbox.problems import HTTP_DOORS, fetch
from tests.blackbox.test_bad_commands import NO_COMMANDS
from tests.support.admin import Admin, Ledger
from tests.support.client import Reader, offset
from tests.support.doors import visit, websocket
from tests.support.server import Server
from tests.support.traffic import Traffic, drive


async def _bad_bodies(admin: Admin) -> set[int]:
    bodies = [*NO_JSON.values(), *(wrong.body for wrong in WRONG.values()), TOO_BIG]
    return {(await admin.post("inject", body)).status for body in bodies}


async def _bad_queries(http: aiohttp.ClientSession, server: Server) -> set[int]:
    queries = [urlencode({"topics": bad}) for bad in BAD_FILTERS.values()]
    queries += [urlencode({"topics": "A", "cursor": bad}) for bad in BAD_CURSORS.values()]
    doors = HTTP_DOORS[:2]
    return {
        (await fetch(http, f"{server.url}/{door}", query)).status
        for query in queries
        for door in doors
    }


async def _bad_commands(server: Server) -> None:
    async with websocket(server.url) as socket:
        for text in NO_COMMANDS.values():
            await socket.raw.send(text)
            await socket.until("error")
        with contextlib.suppress(ConnectionClosed):
            await socket.raw.send(b"binary")
            await socket.raw.send("x" * 70_000)
            await socket.closed()


async def test_a_healthy_viewer_beside_all_of_it_misses_nothing(
    admin: Admin, http: aiohttp.ClientSession, server: Server, name: str
) -> None:
    ledger, reader = Ledger(), Reader("healthy")
    query = {"topics": f"price:{name}.*,score:{name}.*"}
    fired = False

    def done() -> bool:
        told = reader.cursor is not None and offset(reader.cursor) >= ledger.last
        return injected.done() and told

    def enough() -> bool:
        return fired and len(ledger) > 10

    await visit(http, "poll", server.url, query, reader, lambda: False)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        injected = group.create_task(drive(admin, Traffic(3, name), ledger, 100, enough))
        group.create_task(visit(http, "ws", server.url, query, reader, done))
        bodies = group.create_task(_bad_bodies(admin))
        queries = group.create_task(_bad_queries(http, server))
        await _bad_commands(server)
        await asyncio.wait([bodies, queries])
        fired = True
    assert bodies.result() == {400, 413, 422}
    assert queries.result() == {400}
    ledger.check(reader, lambda topic: f":{name}." in topic)
