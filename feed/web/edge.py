"""Where connections come in: what HTTP itself refuses is answered as everything else is.

aiohttp answers a malformed request by itself, in plain text, under its own name, and logs a trace
that quotes the request: the start of a token may stand in it. Its `handle_error` is there to be
overridden; no public argument says with what, so each new protocol is told its class (decision
0006).
"""

import logging
from http import HTTPStatus
from typing import Any

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


class _Server:
    """aiohttp's server, but that it makes an `Edge` for each connection."""

    def __init__(self, server: web.Server) -> None:
        self._server = server

    @property
    def requests_count(self) -> int:
        """How many there were; aiohttp's worker for gunicorn asks."""
        return self._server.requests_count

    def __call__(self) -> web.RequestHandler:
        """A protocol, as `loop.create_server` asks for one."""
        protocol = self._server()
        protocol.__class__ = Edge
        return protocol


class Runner(web.AppRunner):
    """Serves with `Edge` in place of aiohttp's own protocol, whoever listens."""

    @property
    def server(self) -> Any:
        """What a listener asks for a protocol for each connection; None before `setup`."""
        server = super().server
        return None if server is None else _Server(server)
