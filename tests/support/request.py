"""Requests without a server, as middlewares and handlers get them."""

from collections.abc import Sequence

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from feed.limits import DEFAULTS
from feed.web import keys

APP = web.Application()
APP[keys.LIMITS] = DEFAULTS

Headers = Sequence[tuple[str, str]]


def asked(
    path: str = "/",
    headers: Headers = (),
    *,
    remote: str = "192.0.2.1",
    scheme: str = "http",
    method: str = "GET",
) -> web.Request:
    """A request from `remote`; headers may come several times."""
    request = make_mocked_request(method, path, CIMultiDict(headers), app=APP)
    return request.clone(remote=remote, scheme=scheme)
