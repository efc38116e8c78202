"""`/openapi.json`, `/asyncapi.json`, and the page that shows both (protocol section 7)."""

from typing import Any

import aiohttp_jinja2
from aiohttp import web

from feed.web import keys
from feed.web.answer import share
from feed.web.api.document import Made


async def http_document(request: web.Request) -> web.Response:
    """`GET /openapi.json`; 304 where the client has it."""
    return share(request, (await _made(request.app)).openapi)


async def stream_document(request: web.Request) -> web.Response:
    """`GET /asyncapi.json`; 304 where the client has it."""
    return share(request, (await _made(request.app)).asyncapi)


async def page(request: web.Request) -> web.Response:
    """`GET /api`: both, to read."""
    made = await _made(request.app)
    return web.Response(body=made.page, content_type="text/html", charset="utf-8")


async def _made(app: web.Application) -> Made:
    environment = aiohttp_jinja2.get_env(app)

    def render(shown: dict[str, Any]) -> str:
        return environment.get_template("api.html").render(shown)

    return await app[keys.DOCUMENTS].made(render)
