"""Where connections come in: what HTTP itself refuses is answered as everything else is.

aiohttp answers a malformed request by itself, in plain text, under its own name, and logs a trace
that quotes the request: the start of a token may stand in it. Its `handle_error` is there to be
overridden; no public argument says with what, so each new protocol is told its class (decision
0006).
"""

import asyncio
import logging
from collections import Counter
from http import HTTPStatus
from typing import Any, ClassVar, cast

from aiohttp import HttpVersion10, hdrs, web
from aiohttp.typedefs import Handler

from feed.limits import Limits
from feed.web import keys, raw_answer
from feed.web.answer import DATA_HEADERS, HEADERS, problem
from feed.web.doorstep import Doorstep
from feed.web.patience import Answers, Heads

log = logging.getLogger(__name__)

BACKLOG = 4096
"""Connections that may wait to be accepted, when all come back at once."""


_END = b"\r\n\r\n"
"""Of a head, and so of what comes with a request that has no body, where nothing is behind it."""

_REST_S = 0.25
"""Before the next request on a connection where one was too many: a flood of them costs little."""


class Edge(web.RequestHandler):
    """aiohttp's own protocol, but for what it says of requests that are none, and that never come.

    It has no slots of its own, since aiohttp makes it: `heads` and `answers` are its server's, and
    so is `answered`, answers by route and status; those from here have no route.
    """

    __slots__ = ()
    heads: ClassVar[Heads]
    answers: ClassVar[Answers]
    answered: ClassVar[Counter[tuple[str, int]]]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol. What it says first is read right after, and begins a head."""
        super().connection_made(transport)
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=0)  # told of any wait

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol. Between two requests a connection may be silent."""
        self.heads.expect(self, is_whole=data.endswith(_END))
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """See asyncio.Protocol."""
        self.heads.forget(self)
        self.answers.forget(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        super().pause_writing()
        self.answers.wait(self)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self.answers.forget(self)
        super().resume_writing()

    def rest(self) -> None:
        """Hear nothing more for a moment from one that asks too often.

        One that is not heard now has said more than aiohttp takes, and is aiohttp's to go on with.
        """
        transport = self.transport
        if transport is not None and transport.is_reading():
            transport.pause_reading()
            asyncio.get_running_loop().call_later(_REST_S, self._hear_again)

    def _hear_again(self) -> None:
        if self.transport is not None:
            self.transport.resume_reading()

    def give_up(self) -> None:
        """See Awaited."""
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, raw_answer.LATE)

    def refuse_version(self) -> None:
        """What is no HTTP/1 would be answered in its own version, which has no head."""
        self._refuse(HTTPStatus.BAD_REQUEST, raw_answer.OLD)

    def _refuse(self, status: HTTPStatus, answer: bytes) -> None:
        if self.transport is not None:
            self.answered["", status] += 1
            self.transport.write(answer)
            self.transport.close()

    def part(self) -> None:
        """See Awaited."""
        if self.transport is not None:
            self.transport.close()

    def cut(self) -> None:
        """See Answered."""
        if self.transport is not None:
            log.info("an answer is not read, and its connection is cut")
            self.transport.abort()

    def unsent_bytes(self) -> int:
        """See Answered."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answer as everywhere what aiohttp refuses by itself, in words that quote the request."""
        if isinstance(resp, web.HTTPExpectationFailed):
            resp = problem(400, "expectation", "nothing but 100-continue may be expected")
        return await super().finish_response(request, resp, start_time)

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
        self.answered["", status] += 1
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("a request failed beyond its handler", exc_info=exc)
            code, detail = "internal", "the server failed to answer; it was logged"
        else:
            log.info("a malformed request from %s: %s", request.remote, type(exc).__name__)
            code, detail = raw_answer.NOT_HTTP
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        response = problem(status, code, detail)
        response.headers.update({**HEADERS, **DATA_HEADERS})
        response.force_close()
        return response


@web.middleware
async def heads(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note that the head of a request has come; the next is waited for once it begins.

    Who is told that it asks too often is told so at once, and may ask again a little later.
    """
    protocol = request.protocol
    if not isinstance(protocol, Edge):
        return await handler(request)
    if request.version < HttpVersion10:
        protocol.refuse_version()
        raise ConnectionAbortedError("the request is older than HTTP/1.0")
    with protocol.heads.answering(protocol):
        response = await handler(request)
        if request.body_exists and response.status < HTTPStatus.BAD_REQUEST:
            protocol.heads.took_body(protocol)
    if request.method == hdrs.METH_CONNECT:
        response.force_close()  # to whoever opens a tunnel what follows is no HTTP
    if response.status == HTTPStatus.TOO_MANY_REQUESTS and _is_its_own(request):
        protocol.rest()
    return response


def _is_its_own(request: web.Request) -> bool:
    """Whether a connection is one client's, and no proxy's that brings others by it."""
    return request.app[keys.PEERS].address(request) == request.remote


class _Server:
    """aiohttp's server, but that it makes an `Edge` for each connection, once something comes."""

    def __init__(
        self, server: web.Server, limits: Limits, counts: Counter[tuple[str, int]]
    ) -> None:
        self.heads = waiting = Heads(limits)

        class OurEdge(Edge):
            __slots__ = ()
            heads = waiting
            answers = Answers(limits)
            answered = counts

        self._server = server
        self._edge = OurEdge

    @property
    def requests_count(self) -> int:
        """How many there were; aiohttp's worker for gunicorn asks."""
        return self._server.requests_count

    def __call__(self) -> Doorstep:
        """A protocol, as `loop.create_server` asks for one."""
        return Doorstep(self.heads, self._edge.answered, self._admit)

    def _admit(self) -> Edge:
        protocol = self._server()
        protocol.__class__ = self._edge
        return cast("Edge", protocol)


class Runner(web.AppRunner):
    """Serves with `Edge` in place of aiohttp's own protocol, whoever listens.

    `server` is what a listener asks for a protocol for each connection; None before `setup`.
    """

    def __init__(self, app: web.Application, limits: Limits, **options: Any) -> None:
        self._limits = limits
        self._ours: _Server | None = None
        options |= {"max_line_size": limits.header_bytes, "max_field_size": limits.header_bytes}
        super().__init__(app, **options)

    @property
    def server(self) -> Any:
        """See the class."""
        return self._ours

    async def setup(self) -> None:
        """See BaseRunner."""
        await super().setup()
        answered = self.app.get(keys.ANSWERED, Counter())
        self._ours = _Server(cast("web.Server", super().server), self._limits, answered)

    async def shutdown(self) -> None:
        """See BaseRunner. aiohttp closes its own connections, and knows of no others."""
        if self._ours:
            self._ours.heads.part_from_all()
        await super().shutdown()
