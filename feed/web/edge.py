"""Where connections come in: what HTTP itself refuses is answered as everything else is.

aiohttp answers a malformed request by itself, in plain text, under its own name, and logs a trace
that quotes the request: the start of a token may stand in it. Its `handle_error` is there to be
overridden; no public argument says with what, so each new protocol is told its class (decision
0006).
"""

import asyncio
import logging
from http import HTTPStatus
from socket import socket

from aiohttp import web

from feed.web.answer import problem
from feed.web.middlewares import DATA_HEADERS, HEADERS

log = logging.getLogger(__name__)

BACKLOG = 4096
"""Connections that may wait to be accepted, when all come back at once."""


class Edge(web.RequestHandler):
    """aiohttp's own protocol, but for what it says of requests that are none."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # not used: it quotes the request
    ) -> web.StreamResponse:
        """Answer a problem, and say one line that quotes nothing; nobody, who has gone already."""
        if isinstance(exc, ConnectionError):
            raise exc
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("a request failed beyond its handler", exc_info=exc)
            code, detail = "internal", "the server failed to answer; it was logged"
        else:
            log.info("a malformed request from %s: %s", request.remote, type(exc).__name__)
            code, detail = "malformed", "the request is not well-formed HTTP"
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        response = problem(status, code, detail)
        response.headers.update({**HEADERS, **DATA_HEADERS})
        response.force_close()
        return response


async def listen(runner: web.AppRunner, listener: socket) -> asyncio.Server:
    """Accept connections for a runner that is set up."""
    server = runner.server
    if server is None:
        raise RuntimeError("the runner is not set up")

    def accept() -> web.RequestHandler:
        protocol = server()
        protocol.__class__ = Edge
        return protocol

    loop = asyncio.get_running_loop()
    return await loop.create_server(accept, sock=listener, backlog=BACKLOG)
