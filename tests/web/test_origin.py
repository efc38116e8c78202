import pytest

from feed.web.origin import Origins
from feed.web.peer import Peers, parse_networks
from tests.support.request import asked

PROXY = "10.0.0.1"
ALLOWED = "https://viewer.example"
ORIGINS = Origins([ALLOWED, "http://viewer.example:81"], Peers(parse_networks([PROXY])))


def is_served(host: str, *origins: str, scheme: str = "http") -> bool:
    headers = [("Host", host), *(("Origin", origin) for origin in origins)]
    return ORIGINS.is_served(asked(headers=headers, scheme=scheme))


@pytest.mark.parametrize(
    ("host", "scheme", "origin"),
    [
        ("feed.example", "http", "http://feed.example"),
        ("feed.example", "http", "http://feed.example:80"),
        ("feed.example:80", "http", "http://feed.example"),
        ("feed.example", "https", "https://feed.example"),
        ("feed.example:443", "https", "https://feed.example"),
        ("feed.example:8080", "http", "http://feed.example:8080"),
        ("feed.example:8080", "https", "https://feed.example:8080"),
        ("Feed.Example", "http", "http://feed.example"),
        ("feed.example", "http", "HTTP://FEED.example"),
        ("my_feed:8080", "http", "http://my_feed:8080"),
        ("127.0.0.1:8080", "http", "http://127.0.0.1:8080"),
        ("[::1]:8080", "http", "http://[::1]:8080"),
        ("[2001:DB8::1]", "http", "http://[2001:db8::1]"),
    ],
)
def test_the_own_origin(host: str, scheme: str, origin: str) -> None:
    assert is_served(host, origin, scheme=scheme)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "feed.example",
        "//feed.example",
        "https://feed.example",
        "https://feed.example:80",
        "ws://feed.example",
        "file://",
        "http://",
        "http://:80",
        "http://feed.example:8080",
        "http://feed.example:0",
        "http://feed.example:",
        "http://feed.example:080x",
        "http://feed.example:65616",
        "http://feed.example:٨٠",
        "http://feed.example/",
        "http://feed.example/x",
        "http://feed.example?",
        "http://feed.example?x",
        "http://feed.example#",
        "http://user@feed.example",
        "http://user:80@feed.example",
        "http://feed.example@evil.example",
        "http://feed.example:80@evil.example",
        "http://feed.example.evil.example",
        "http://evilfeed.example",
        "http://evil.feed.example",
        "http://feed.example.",
        "http://feed.examplé",
        "http://feed\u3002example",
        "http://\ufb00eed.example",
        "http://feed.example\\.evil.example",
        "http://feed.example%2eevil.example",
        "http://feed.example, http://feed.example",
        "http://feed.example http://evil.example",
        " http://feed.example",
        "http://feed.example ",
        "http://feed.example\t",
        "http:/feed.example",
        "http:feed.example",
        "http:///feed.example",
        "http://[feed.example]",
        "http://feed.example[::1]",
        "http://[::1",
    ],
)
def test_look_alikes_are_foreign(origin: str) -> None:
    assert not is_served("feed.example", origin)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("[::1]", "http://[::1]evil"),
        ("[::1]", "http://evil[::1]"),
        ("[::1]", "http://::1"),
        ("[::1]", "http://[::2]"),
        ("[::1]", "http://[0:0:0:0:0:0:0:1]"),  # browsers write the shortest form only
        ("kiwi.example", "http://\u212aiwi.example"),  # a Kelvin sign's lower case is a k
        ("feed.example:0", "http://feed.example"),
        ("", "http://"),
        ("", "null"),
        ("null", "null"),
        ("evil@feed.example", "http://feed.example"),
        ("evil@feed.example", "http://evil@feed.example"),
        ("feed.example/", "http://feed.example/"),
    ],
)
def test_no_host_makes_them_own(host: str, origin: str) -> None:
    assert not is_served(host, origin)


def test_without_an_origin_it_is_no_browsers() -> None:
    assert is_served("feed.example")


def test_without_a_host_there_is_no_own_origin() -> None:
    assert not ORIGINS.is_served(asked(headers=[("Origin", "http://feed.example")]))


@pytest.mark.parametrize(
    ("origin", "served"),
    [
        (ALLOWED, True),
        ("http://viewer.example:81", True),
        ("http://viewer.example", False),
        ("https://viewer.example:443", False),  # compared as whole strings
        ("https://Viewer.example", False),
        ("https://viewer.example/", False),
        ("https://viewer.example:81", False),
        ("https://viewer.example.org", False),
        ("https://a.viewer.example", False),
    ],
)
def test_origins_in_the_settings_are_whole_strings(origin: str, *, served: bool) -> None:
    request = asked(headers=[("Host", "feed.example"), ("Origin", origin)])
    assert ORIGINS.is_served(request) is served
    assert ORIGINS.may_read(request) == (origin if served else None)


def test_the_own_origin_needs_no_cors_header() -> None:
    own = [("Host", "feed.example"), ("Origin", "http://feed.example")]
    assert ORIGINS.may_read(asked(headers=own)) is None
    assert ORIGINS.may_read(asked()) is None


@pytest.mark.parametrize(
    ("origins", "served"),
    [
        (["http://feed.example", ALLOWED], True),
        (["http://feed.example", "http://evil.example"], False),
        (["http://evil.example", "http://feed.example"], False),
        ([ALLOWED, "null"], False),
        ([ALLOWED, ""], False),
    ],
)
def test_of_several_every_one_must_be_served(origins: list[str], *, served: bool) -> None:
    assert is_served("feed.example", *origins) is served


@pytest.mark.parametrize(
    ("remote", "origin", "served"),
    [
        (PROXY, "https://feed.example", True),
        (PROXY, "http://feed.example", False),
        ("192.0.2.9", "https://feed.example", False),
        ("192.0.2.9", "http://feed.example", True),
    ],
)
def test_the_scheme_is_what_a_trusted_proxy_says(remote: str, origin: str, *, served: bool) -> None:
    headers = [("Host", "feed.example"), ("Origin", origin), ("X-Forwarded-Proto", "https")]
    assert ORIGINS.is_served(asked(headers=headers, remote=remote)) is served


@pytest.mark.parametrize(
    ("method", "origins", "sites", "served"),
    [
        ("POST", ["null"], ["same-origin"], True),
        ("POST", ["null"], ["none"], False),
        ("POST", ["null"], ["cross-site"], False),
        ("POST", ["null"], ["same-site"], False),
        ("POST", ["null"], ["same-origin", "same-origin"], False),
        ("POST", ["null"], [], False),
        ("POST", ["null", "http://evil.example"], ["same-origin"], False),
        ("POST", ["http://evil.example"], ["same-origin"], False),
        ("GET", ["null"], ["same-origin"], False),
    ],
)
def test_a_form_of_our_own_is_sent_without_its_origin(
    method: str, origins: list[str], sites: list[str], *, served: bool
) -> None:
    headers = [("Host", "feed.example"), *(("Origin", origin) for origin in origins)]
    headers += [("Sec-Fetch-Site", site) for site in sites]
    assert ORIGINS.is_served(asked(headers=headers, method=method)) is served


@pytest.mark.parametrize(
    ("sites", "origins", "is_same"),
    [
        (["same-origin"], [], True),
        (["none"], [], True),
        (["same-origin"], ["null"], True),
        (["same-site"], ["http://feed.example"], False),
        (["cross-site"], ["http://feed.example"], False),
        (["same-origin", "cross-site"], [], False),
        (["SAME-ORIGIN"], [], False),
        ([""], ["http://feed.example"], False),
        ([], ["http://feed.example"], True),
        ([], ["http://feed.example", "http://evil.example"], False),
        ([], [ALLOWED], False),
        ([], ["null"], False),
        ([], [], False),
    ],
)
def test_only_the_own_page_acts_in_an_admins_name(
    sites: list[str], origins: list[str], *, is_same: bool
) -> None:
    headers = [("Host", "feed.example"), *(("Origin", origin) for origin in origins)]
    headers += [("Sec-Fetch-Site", site) for site in sites]
    assert ORIGINS.is_same(asked(headers=headers, method="POST")) is is_same
