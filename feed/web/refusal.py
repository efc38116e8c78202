"""Every answer is counted; one that refuses is logged as well. There is no other access log."""

import logging
from http import HTTPStatus

from aiohttp import web

from feed.web import keys

log = logging.getLogger(__name__)


async def note(request: web.Request, response: web.StreamResponse) -> None:
    """Count an answer by its route, which no client names, and its status, as its head is sent.

    The query is not logged: a token may be in it.
    """
    status, resource = response.status, request.match_info.route.resource
    request.app[keys.ANSWERED][resource.canonical if resource else "", status] += 1
    if status >= HTTPStatus.BAD_REQUEST:
        address = request.app[keys.PEERS].address(request)
        words = f"refused %s %r from %s with {status:d}"  # a flood of one hides no other
        fields = {
            "method": request.method,
            "path": request.path,
            "address": address,
            "status": status,
        }
        log.info(words, request.method, request.path, address, extra=fields)
