"""Which URLs `FEED_LOG` takes, and that a password in one that is wrong is not shown."""

import pytest

from feed.errors import SettingsError
from feed.settings import read_settings


def refused(url: str) -> str:
    """The one line that the start stops with."""
    with pytest.raises(SettingsError, match=r"^FEED_LOG: ") as raised:
        read_settings({"FEED_LOG": url})
    line = str(raised.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    "url",
    [
        "memory:",
        "sqlite:///feed.db",
        "sqlite:////var/lib/feed/feed.db",
        "redis://localhost",
        "redis://10.0.0.3:6379/0",
        "redis://user:p%40ss%2Fword@valkey.example:6380/15",
        "redis://:pass@[::1]:6379",
        "rediss://user:pass@valkey.example:6380/4095",
    ],
)
def test_what_is_taken(url: str) -> None:
    assert read_settings({"FEED_LOG": url}).log == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "memory:x",
        "sqlite://feed.db",
        "sqlite:///",
        "sqlite:///feed.db?mode=ro",
        "redis:",
        "redis://",
        "redis:///0",
        "redis://localhost/feed",
        "redis://localhost/0/1",
        "redis://localhost/0?socket_timeout=1",
        "redis://localhost/123456",
        "unix:///run/redis.sock",
        "http://localhost",
    ],
)
def test_what_is_not(url: str) -> None:
    assert refused(url) == (
        f"FEED_LOG: {url!r} is not memory:, sqlite:///path or redis://host:port/db"
    )


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:secret@valkey.example/0/1",
        "redis://:secret@valkey.example/0?db=1",
        "rediss://user:se/cret@valkey.example/0",
        "redis://user:x@secret@valkey.example/feed",
        "redis://user:?secret#@valkey.example",
        "valkey://secret@valkey.example",
    ],
)
def test_a_password_in_a_url_that_is_refused_is_not_shown(url: str) -> None:
    line = refused(url)

    assert "cret" not in line
    assert "valkey.example" in line, "which is enough to know what was given"
