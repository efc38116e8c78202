import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import example, given
from hypothesis import strategies as st

from feed.sources.polled.fetch import PublicResolver, is_public, retry_after_s
from tests.support.sources import T0


class Names(AbstractResolver):
    """A resolver that knows these addresses for every host."""

    def __init__(self, *addresses: str) -> None:
        self.closed = False
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=host_ip, port=port, family=family, proto=0, flags=0)
            for host_ip in self._addresses
        ]

    async def close(self) -> None:
        self.closed = True


async def test_a_name_means_its_public_addresses_only() -> None:
    names = Names("10.0.0.1", "8.8.8.8", "127.0.0.1", "2606:4700::1111")
    resolver = PublicResolver(names)
    found = await resolver.resolve("example.org", 443)
    assert [result["host"] for result in found] == ["8.8.8.8", "2606:4700::1111"]
    await resolver.close()
    assert names.closed


async def test_a_name_of_private_addresses_only_is_refused() -> None:
    with pytest.raises(OSError, match="its address is private"):
        await PublicResolver(Names("10.0.0.1", "169.254.169.254")).resolve("example.org", 80)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  (an address to refuse, not to listen on)
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", False),  # Teredo, of 127.0.0.1
        ("127.1", False),
        ("2130706433", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_public_internet_are_public(address: str, public: bool) -> None:  # noqa: FBT001
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        ("0000120", 120.0),
        ("3601", 3600.0),
        ("9" * 400, 3600.0),
        ("Mon, 21 Sep 2026 14:13:30 GMT", 10.0),
        ("Monday, 21-Sep-26 14:13:30 GMT", 10.0),
        ("Mon Sep 21 14:13:30 2026", 10.0),
        ("Mon, 21 Sep 2026 16:13:30 +0200", 10.0),
        ("Mon, 21 Sep 2026 14:13:10 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
        ("Mon, 01 Jan 0001 00:00:00 +2300", 0.0),
        ("Mon, 21 Sep 99999 14:13:30 GMT", None),
        ("Mon, 21 Sep 2026 14:13:30 +99999999999", None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("\u0661\u0662", None),
        ("5, 10", None),
    ],
)
def test_when_to_come_back(text: str | None, wait_s: float | None) -> None:
    assert retry_after_s(text, T0, 3600.0) == wait_s


@given(text=st.text(st.characters(codec="latin-1"), max_size=40))
@example(text="1 Jan 1 00:00 -9999")
def test_whatever_it_says_it_is_nothing_or_within_an_hour(text: str) -> None:
    wait_s = retry_after_s(text, T0, 3600.0)
    assert wait_s is None or 0 <= wait_s <= 3600
