"""Which pages may read: the own origin, and those in the settings (protocol section 5)."""

import re
from collections.abc import Collection

from aiohttp import web

from feed.web.peer import Peers

_PORTS = {"http": 80, "https": 443}
_FORM = re.compile(
    r"(https?)://([a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII | re.IGNORECASE
)


class Origins:
    """Judges a request's `Origin`, whole strings only; without one it is no browser's."""

    def __init__(self, allowed: Collection[str], peers: Peers) -> None:
        self._allowed = frozenset(allowed)
        self._peers = peers

    def is_served(self, request: web.BaseRequest) -> bool:
        """Whether a request may be answered at all."""
        origins = request.headers.getall("Origin", [])
        return all(
            self._is_own(request, text) or text in self._allowed or _is_own_form(request, text)
            for text in origins
        )

    def is_same(self, request: web.BaseRequest) -> bool:
        """Whether a browser says that a page of this very origin asks (security notes, section 2).

        `Sec-Fetch-Site` says it, or the `Origin` where a browser is too old for that. A page of
        another origin may read where the settings say so, but not act in an admin's name.
        """
        if sites := request.headers.getall("Sec-Fetch-Site", []):
            return set(sites) <= {"same-origin", "none"}
        origins = request.headers.getall("Origin", [])
        return bool(origins) and all(self._is_own(request, text) for text in origins)

    def may_read(self, request: web.BaseRequest) -> str | None:
        """The foreign origin that is to get CORS headers, if any."""
        origin = request.headers.get("Origin")
        return origin if origin in self._allowed else None

    def _is_own(self, request: web.BaseRequest, text: str) -> bool:
        scheme = self._peers.scheme(request)
        own = _parts(f"{scheme}://{request.headers.get('Host', '')}")
        return own is not None and _parts(text) == own


def _is_own_form(request: web.BaseRequest, origin: str) -> bool:
    """Whether this is a form of our own pages.

    These are sent without a referrer, and a browser therefore calls their origin `null` (Fetch,
    "append a request Origin header"), but says where it comes from. A sandboxed frame, which is
    `null` too, is `cross-site`.
    """
    sites = request.headers.getall("Sec-Fetch-Site", [])
    return origin == "null" and request.method == "POST" and sites == ["same-origin"]


def _parts(text: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin that is nothing more; None for anything else."""
    form = _FORM.fullmatch(text)
    if not form:
        return None
    scheme, host, port = form.groups()
    scheme = scheme.lower()
    return scheme, host.lower(), _PORTS[scheme] if port is None else int(port)
