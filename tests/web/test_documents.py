"""The documents as they are served."""

import json
import re

import pytest
from aiohttp.test_utils import TestClient, TestServer

from feed.app import running
from feed.clock import SystemClock
from feed.settings import Settings

SETTINGS = Settings(log="memory:", sources=False, drain_s=0, max_connections=7, heartbeat_s=2.5)
CLOSED = Settings(log="memory:", sources=False, drain_s=0, subscriber_secret="s" * 32)


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
async def test_a_document_is_kept_by_its_tag(path: str) -> None:
    async with running(SETTINGS, SystemClock()) as app, TestClient(TestServer(app)) as client:
        answer = await client.get(path)
        document = json.loads(await answer.read())
        tag = answer.headers["ETag"]
        again = await client.get(path, headers={"If-None-Match": tag})
        head = await client.head(path)

        assert (answer.status, again.status, head.status) == (200, 304, 200)
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
        assert tag.startswith('"')
        assert head.headers["ETag"] == again.headers["ETag"] == tag
        assert (await client.get(path)).headers["ETag"] == tag
        limits = {each["name"]: each["most"] for each in document["x-limits"]}
        assert (limits["connections"], limits["silence"]) == (7, 2.5)


async def test_the_page_is_one_and_says_what_the_documents_say() -> None:
    async with running(SETTINGS, SystemClock()) as app, TestClient(TestServer(app)) as client:
        answer = await client.get("/api")
        page = await answer.text()

        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "default-src 'none'; script-src 'self'" in answer.headers["Content-Security-Policy"]
        for words in (
            'id="poll"', 'id="frame-update"', 'id="command-subscribe"', ">4429<", "2.5 s without",
            'id="type-Problem"', "0 to 60000", "Open to all on this server",
        ):  # fmt: skip
            assert words in page
        assert "style=" not in page
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids)) > 100
        assert set(re.findall(r'href="#([^"]+)"', page)) <= {*ids, "main"}


async def test_of_a_feed_that_is_not_public_the_documents_are() -> None:
    async with running(CLOSED, SystemClock()) as app, TestClient(TestServer(app)) as client:
        assert (await client.get("/poll?topics=A")).status == 401
        document = await (await client.get("/openapi.json")).json()
        page = await (await client.get("/api")).text()

        assert {} not in document["paths"]["/poll"]["get"]["security"]
        assert {} in document["paths"]["/ws"]["get"]["security"]  # a token may come as a frame
        assert page.count("Open to all on this server") == 1
