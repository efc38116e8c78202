"""What a server writes on stderr while somebody tries it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.blackbox.conftest import Serve
from tests.support.server import TOKEN, Server

SECRET = "a-secret-for-subscribers-of-forty-chars-1"
GUESS = "a-guess-at-a-token-that-is-quite-long-001"
FORGED = "/a%0a2026-01-01%2000:00:00,000%20INFO%20all%20is%20well%1b[2J"


async def _try(server: Server, http: aiohttp.ClientSession) -> None:
    """Everything that is refused, with secrets in all places that clients put them in."""
    wrong = {"Authorization": f"Bearer {GUESS}", "Cookie": f"feed={GUESS}"}
    for path in (FORGED, f"/sse?topics=A&token={GUESS}", f"/admin/state?token={TOKEN}", "/poll"):
        for headers in ({}, wrong):
            async with http.get(f"{server.url}{path}", headers=headers) as answer:
                assert answer.status >= 400, path
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET / HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\0\r\n\r\n".encode())
    assert b" 400 " in await reader.readline()
    writer.close()


def _check(output: str) -> None:
    for secret in (TOKEN, SECRET, GUESS):
        assert secret not in output
    assert all(line.isprintable() for line in output.split("\n"))


async def test_json_is_an_object_a_line(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = serve(FEED_LOG_FORMAT="json", FEED_SUBSCRIBER_SECRET=SECRET, FEED_DRAIN_S="0")
    await _try(server, http)
    for _ in range(40):
        async with http.get(f"{server.url}/no/such/path") as answer:
            assert answer.status == 404
    assert server.stop() == 0
    _check(server.output)
    lines: list[dict[str, Any]] = [json.loads(line) for line in server.output.splitlines()]
    assert all({"time", "severity", "logger", "message"} <= line.keys() for line in lines)
    assert lines[0]["message"] == f"serving on {server.url}"
    refused = [line for line in lines if line["logger"] == "feed.web.refusal"]
    forged = "/a\n2026-01-01 00:00:00,000 INFO all is well\x1b[2J"
    assert refused[0] == refused[0] | {
        "method": "GET",
        "path": forged,
        "address": "127.0.0.1",
        "status": 404,
    }
    unknown = [line for line in refused if line.get("status") == 404]
    [counted] = [line for line in refused if "404" in line["message"] and "suppressed" in line]
    assert (len(unknown), counted["suppressed"]) == (20, 2 + 40 - 20)


async def test_text_is_a_line_too(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = serve(FEED_SUBSCRIBER_SECRET=SECRET, FEED_DRAIN_S="0")
    await _try(server, http)
    assert server.stop() == 0
    _check(server.output)
    assert not [line for line in server.output.splitlines() if line.endswith("all is well")]
    assert r"refused GET '/a\n2026-01-01" in server.output


def test_the_token_that_is_made_is_shown_once_in_the_form_of_all_lines(serve: Serve) -> None:
    server = serve(FEED_ADMIN_TOKEN="", FEED_LOG_FORMAT="json", FEED_DRAIN_S="0")
    first, *others = map(json.loads, server.output.splitlines())
    assert first["message"] == "admin token, for this run only"
    assert len(first["token"]) >= 32
    assert first["token"] not in json.dumps(others)


def test_what_ends_the_start_is_a_line_of_it_too(tmp_path: Path) -> None:
    (tmp_path / "feed.db").write_text("this is no log")
    code, output = Server(tmp_path, {"FEED_LOG_FORMAT": "json"}).refused()
    [line] = [json.loads(line) for line in output.splitlines()]
    assert (code, line["severity"], line["logger"]) == (1, "CRITICAL", "feed")
    assert "is not a database" in line["message"]


@pytest.mark.parametrize("form", ["xml", "JSON", ""])
def test_another_form_stops_the_start(form: str, serve: Serve) -> None:
    with pytest.raises(AssertionError, match="it exited with 1"):
        serve(FEED_LOG_FORMAT=form)
