"""What a refusal must look like, whatever was refused."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from tests.support.admin import Answer
from tests.support.client import parse

HTTP_DOORS = ("sse", "poll", "snapshot")


def check_problem(answer: Answer, status: int) -> None:
    """RFC 9457 with the fields and headers of the protocol, and nothing of the server's inside."""
    assert answer.status == status, answer
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert kind == "application/problem+json", answer
    assert answer.body["type"] == "about:blank"
    assert answer.body["status"] == status
    assert answer.body["title"]
    assert isinstance(answer.body["code"], str)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == "feed"
    assert answer.headers["Cache-Control"] == "no-store"
    if status in {429, 503}:
        assert 1 <= int(answer.headers["Retry-After"]) <= 300


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    query: Mapping[str, Any] | str = "",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request and its whole answer; for a stream the head only."""
    text = query if isinstance(query, str) else urlencode(query)
    target = f"{url}?{text}" if text else url
    address = URL(target, encoded=True)
    async with session.request(method, address, headers=headers, allow_redirects=False) as answer:
        if answer.content_type == "text/event-stream":
            return Answer(answer.status, answer.headers, {}, "")
        raw = await answer.read()
        body = parse(raw) if answer.content_type.endswith("json") and raw else {}
        return Answer(answer.status, answer.headers, body, raw.decode(errors="replace"))
