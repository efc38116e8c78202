"""Who is on the other end: the address and the scheme, as trusted proxies tell them."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from aiohttp import web

from feed.errors import SettingsError

Network = IPv4Network | IPv6Network


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks (`10.0.0.0/8`) → values; raises SettingsError."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise SettingsError(f"FEED_TRUSTED_PROXIES: {error}") from error


class Peers:
    """Believes `X-Forwarded-*` from trusted addresses only, from the right."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = trusted

    def address(self, request: web.BaseRequest) -> str:
        """The client's address: the first from the right that is no trusted proxy."""
        address = request.remote or ""
        hops = [hop.strip() for hop in ",".join(_all(request, "X-Forwarded-For")).split(",")]
        while hops and self._is_trusted(address):
            address = hops.pop() or address
        return address

    def scheme(self, request: web.BaseRequest) -> str:
        """`http` or `https` as the client sees it."""
        if self._is_trusted(request.remote or ""):
            told = ",".join(_all(request, "X-Forwarded-Proto")).split(",")[-1].strip().lower()
            if told in ("http", "https"):
                return told
        return request.scheme

    def _is_trusted(self, address: str) -> bool:
        if not self._trusted:
            return False
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        ip = getattr(ip, "ipv4_mapped", None) or ip
        return any(ip in network for network in self._trusted)


def _all(request: web.BaseRequest, name: str) -> Sequence[str]:
    return request.headers.getall(name, ())
