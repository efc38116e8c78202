"""`/openapi.json`, `/asyncapi.json`, and the page that shows both (protocol section 7)."""

import asyncio

import aiohttp_jinja2
from aiohttp import web

from feed.web import keys
from feed.web.answer import share


async def http_document(request: web.Request) -> web.Response:
    """`GET /openapi.json`; 304 where the client has it."""
    # In a thread: to make them takes longer than others should wait.
    one, _ = await asyncio.to_thread(lambda: request.app[keys.DOCUMENTS].shared)
    return share(request, one)


async def stream_document(request: web.Request) -> web.Response:
    """`GET /asyncapi.json`; 304 where the client has it."""
    _, other = await asyncio.to_thread(lambda: request.app[keys.DOCUMENTS].shared)
    return share(request, other)


async def page(request: web.Request) -> web.Response:
    """`GET /api`: both, to read."""
    context = await asyncio.to_thread(lambda: request.app[keys.DOCUMENTS].page)
    return aiohttp_jinja2.render_template("api.html", request, context)
