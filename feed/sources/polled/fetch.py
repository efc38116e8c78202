"""GET for sources: bounded in time and size, without redirects, and not into private networks."""

import errno
import hashlib
import ipaddress
import os
import socket
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from feed import __version__
from feed.sources.base import SourceFailed, Unwelcome

_BODY_BYTES = 2 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_PER_HOST = 4
_MAX_RETRY_AFTER_S = 3600.0
_MAX_BAN_S = 3 * 86_400.0  # the longest that a 418 is known to mean in earnest
_TEAPOT = 418  # of some market APIs: banned, for going on after 429
_LEFT_ALONE = (_TEAPOT, 429, 503)
_ALLOWED = "FEED_ALLOW_PRIVATE_SOURCES=on allows these"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Seen(msgspec.Struct, frozen=True):
    """What tells whether an answer is still the same."""

    etag: str | None
    modified: str | None
    digest: bytes


class Answer(msgspec.Struct, frozen=True):
    """A body, decoded, and what to ask with the next time once it is dealt with."""

    body: bytes
    seen: Seen


class PublicResolver(AbstractResolver):
    """Leaves of another resolver's addresses the public ones: only these are connected to."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError where no address of the host is public."""
        found = await self._inner.resolve(host, port, family)
        public = [result for result in found if is_public(result["host"])]
        if not public:
            raise OSError(errno.EACCES, f"its address is private; {_ALLOWED}")
        return public

    async def close(self) -> None:
        """Release the resolver within."""
        await self._inner.close()


def is_public(address: str) -> bool:
    """Whether an IP address, as text, is of the public Internet; a mapped one by what it means."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast


class Fetch:
    """Asks for URLs. `allow_private`: loopback and private addresses may be asked too.

    `headers` go with every request, and nowhere else: redirects are not followed.
    """

    def __init__(
        self, *, timeout_s: float, allow_private: bool, headers: Mapping[str, str] | None = None
    ) -> None:
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._headers = dict(headers or {})
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: URL, seen: Seen | None, now_ms: int) -> Answer | None:
        """The answer, None where it is as it was `seen`. Raises SourceFailed."""
        if not self._allow_private and _is_address(url) and not is_public(url.host or ""):
            raise SourceFailed(f"{url.host} is a private address; {_ALLOWED}")
        try:
            async with self._opened().get(
                url, headers=_conditions(seen), allow_redirects=False
            ) as response:
                if response.status == 304 and seen is not None:  # noqa: PLR2004  (HTTP)
                    return None
                if response.status != 200:  # noqa: PLR2004  (HTTP)
                    raise _refused(response, now_ms)
                body = await _body(response)
        except TimeoutError:
            raise SourceFailed(f"{url.host} did not answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SourceFailed(f"{url.host} cannot be asked: {_why(error):.200}") from error
        digest = hashlib.sha256(body).digest()
        if seen is not None and seen.digest == digest:
            return None
        headers = response.headers
        return Answer(body, Seen(headers.get("ETag"), headers.get("Last-Modified"), digest))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = None if self._allow_private else PublicResolver(DefaultResolver())
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit_per_host=_PER_HOST, resolver=resolver),
                connector_owner=True,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                auto_decompress=False,  # done here, where its size is watched
                headers=self._headers
                | {
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip",
                    "User-Agent": f"feed/{__version__}",
                },
            )
        return self._session


def _why(error: Exception) -> str:
    """What went wrong, in one line, without the URL: there may be a key in it."""
    said = str(error)
    if isinstance(error, aiohttp.ClientResponseError):
        said = error.message
    elif isinstance(error, aiohttp.ClientConnectorDNSError):
        said = error.os_error.strerror or said
    elif type(error) is aiohttp.ClientConnectorError and error.errno:  # of TLS it says more
        said = os.strerror(error.errno)
    return " ".join(said.split())


def _is_address(url: URL) -> bool:
    """Whether no resolver will be asked about the host, as aiohttp sees it."""
    host = url.host or ""
    return ":" in host or host.replace(".", "").isdigit()


def _conditions(seen: Seen | None) -> dict[str, str]:
    headers = {}
    if seen is not None and seen.etag is not None:
        headers["If-None-Match"] = seen.etag
    if seen is not None and seen.modified is not None:
        headers["If-Modified-Since"] = seen.modified
    return headers


def _refused(response: aiohttp.ClientResponse, now_ms: int) -> SourceFailed:
    status = response.status
    what = f"{response.url.host} answered {status}"
    if 300 <= status < 400:  # noqa: PLR2004  (HTTP)
        what += "; redirects are not followed"
    longest_s = _MAX_BAN_S if status == _TEAPOT else _MAX_RETRY_AFTER_S
    wait_s = retry_after_s(response.headers.get("Retry-After"), now_ms, longest_s)
    return (Unwelcome if status in _LEFT_ALONE else SourceFailed)(what, wait_s)


def retry_after_s(text: str | None, now_ms: int, longest_s: float) -> float | None:
    """Whole seconds or a date (RFC 9110 section 10.2.3), 0 to `longest_s`; None: it is neither."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), longest_s)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC)
        wait = moment - datetime.fromtimestamp(now_ms / 1000, UTC)
    except (ValueError, OverflowError):  # also a year, or a zone, beyond what a datetime can hold
        return None
    return min(max(wait.total_seconds(), 0.0), longest_s)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The decoded body. A small one may decode to a huge one, so it is never decoded further."""
    host = response.url.host
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise SourceFailed(f"{host} answered in an encoding that was not asked for")
    too_much = SourceFailed(f"{host} answered with over {_BODY_BYTES} bytes")
    if (response.content_length or 0) > _BODY_BYTES:
        raise too_much
    gzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    body = bytearray()
    received = 0
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        received += len(chunk)
        try:
            body += gzip.decompress(chunk, _BODY_BYTES + 1 - len(body)) if gzip else chunk
        except zlib.error:
            raise SourceFailed(f"{host} answered with broken gzip") from None
        if len(body) > _BODY_BYTES or received > _BODY_BYTES:
            raise too_much
        if gzip is not None and gzip.unused_data:  # it would be kept, however much comes
            raise SourceFailed(f"{host} answered with more than one gzip")
    if gzip is not None and not gzip.eof:
        raise SourceFailed(f"{host} answered with broken gzip")
    return bytes(body)
