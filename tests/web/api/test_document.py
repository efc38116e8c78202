import asyncio
import json
from typing import Any

from feed.web.api.document import Documents
from tests.support.api import RUNNING


async def test_all_is_made_once_whoever_asks() -> None:
    shown = []

    def render(what: dict[str, Any]) -> str:
        shown.append(what)
        return "the page"

    documents = Documents(RUNNING)
    one, other = await asyncio.gather(documents.made(render), documents.made(render))

    assert one is other is await documents.made(render)
    assert len(shown) == 1
    assert one.page == b"the page"
    assert json.loads(one.openapi.body)["openapi"] == "3.1.0"
    assert json.loads(one.asyncapi.body)["asyncapi"] == "3.0.0"
    assert shown[0]["closings"][0] == {
        "code": 1002,
        "why": "no well-formed WebSocket frame",
        "then": "mend the client",
    }
