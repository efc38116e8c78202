import pytest

from feed.errors import SettingsError
from feed.web.peer import Peers, parse_networks
from tests.support.request import asked

TRUSTED = Peers(parse_networks(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]))
FORWARDED = "X-Forwarded-For"


@pytest.mark.parametrize(
    ("remote", "hops", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # nobody whom we believe
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # the left is the client's word
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),  # as one list, in order
        ("10.0.0.1", ["198.51.100.1, 10.9.9.9,192.0.2.7"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["10.9.9.9"], "10.9.9.9"),
        ("10.0.0.1", ["10.8.8.8, 10.9.9.9"], "10.8.8.8"),
        ("192.0.2.7", ["198.51.100.1"], "198.51.100.1"),
        ("192.0.2.8", ["198.51.100.1"], "192.0.2.8"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", [" , "], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, "], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "unknown"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2:4711"], "10.0.0.2:4711"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.999"], "10.0.0.999"),
        ("2001:db8::1", ["2001:db8:ffff::9, 2a00::1"], "2a00::1"),
        ("2001:db9::1", ["2a00::1"], "2001:db9::1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),  # IPv4 on a socket of both
        ("::ffff:11.0.0.1", ["198.51.100.1"], "::ffff:11.0.0.1"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_the_first_from_the_right_that_is_not_trusted(
    remote: str, hops: list[str], address: str
) -> None:
    request = asked(headers=[(FORWARDED, hop) for hop in hops], remote=remote)
    assert TRUSTED.address(request) == address


def test_nobody_is_trusted_unless_told() -> None:
    request = asked(
        headers=[(FORWARDED, "198.51.100.1"), ("X-Forwarded-Proto", "https")], remote="127.0.0.1"
    )
    peers = Peers(())
    assert (peers.address(request), peers.scheme(request)) == ("127.0.0.1", "http")


@pytest.mark.parametrize(
    ("remote", "own", "told", "scheme"),
    [
        ("10.0.0.1", "http", [], "http"),
        ("10.0.0.1", "http", ["https"], "https"),
        ("10.0.0.1", "http", ["HTTPS"], "https"),
        ("10.0.0.1", "http", ["http, https"], "https"),
        ("10.0.0.1", "http", ["https, http"], "http"),
        ("10.0.0.1", "http", ["https", "http"], "http"),
        ("10.0.0.1", "https", ["http"], "http"),
        ("10.0.0.1", "http", ["wss"], "http"),
        ("10.0.0.1", "https", [""], "https"),
        ("203.0.113.9", "http", ["https"], "http"),
    ],
)
def test_the_scheme_as_the_client_sees_it(
    remote: str, own: str, told: list[str], scheme: str
) -> None:
    headers = [("X-Forwarded-Proto", each) for each in told]
    assert TRUSTED.scheme(asked(headers=headers, remote=remote, scheme=own)) == scheme


@pytest.mark.parametrize(
    ("texts", "networks"),
    [
        ([], []),
        (["10.0.0.1"], ["10.0.0.1/32"]),
        (["10.0.0.0/8", "::1"], ["10.0.0.0/8", "::1/128"]),
    ],
)
def test_networks(texts: list[str], networks: list[str]) -> None:
    assert [str(network) for network in parse_networks(texts)] == networks


@pytest.mark.parametrize("text", ["", "proxy", "10.0.0.256", "10.0.0.1/8", "10.0.0.0/33", "*"])
def test_what_is_no_network_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="FEED_TRUSTED_PROXIES: "):
        parse_networks(["10.0.0.0/8", text])
