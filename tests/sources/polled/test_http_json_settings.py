"""What is wrong in the settings of a source that asks an API, by the place where it stands."""

from typing import Any

import pytest

from feed.sources.polled.http_json import HttpJsonConfig


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"url": "ftp://example.org/"}, "url"),
        ({"url": "/relative"}, "url"),
        ({"url": "http://[::1"}, "url"),
        ({"items": "{"}, "items"),
        ({"events": "a b"}, "events"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"timeout_s": 11}, "timeout_s"),
        ({"every_s": -5}, "every_s"),
        ({"url": "http://example.org/{ticker}"}, "tickers"),
        ({"tickers": ("A",)}, "tickers"),
        ({"url": "http://example.org/{ticker}", "tickers": ("a b",)}, "tickers[0]"),
    ],
)
def test_a_bad_value_is_named(settings: dict[str, Any], field: str) -> None:
    good = {"name": "api", "url": "http://example.org/", "items": "@"}
    [fault] = HttpJsonConfig(**(good | settings)).faults()
    assert fault.path == field
