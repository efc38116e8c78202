"""Every setting: what is taken, and the one line that names what is wrong."""

from pathlib import Path

import msgspec
import pytest

from feed.limits import Limits
from feed.settings import Settings, read_settings
from feed.sources.open import demo
from tests.support.settings import refused

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "t" * 32
OTHER_TOKEN = "o" * 40

TAKEN: list[tuple[str, str, str, object]] = [
    ("PORT", "0", "port", 0),
    ("PORT", "65535", "port", 65535),
    ("FEED_HOST", "127.0.0.1", "host", "127.0.0.1"),
    ("FEED_LOG", "memory:", "log", "memory:"),
    ("FEED_ADMIN_TOKEN", TOKEN, "admin_token", (TOKEN,)),
    ("FEED_ADMIN_TOKEN", f"{TOKEN}, {OTHER_TOKEN}", "admin_token", (TOKEN, OTHER_TOKEN)),
    ("FEED_ADMIN_TOKEN", "", "admin_token", ()),
    ("FEED_METRICS_TOKEN", TOKEN, "metrics_token", TOKEN),
    ("FEED_METRICS_TOKEN", "", "metrics_token", ""),
    ("FEED_ALLOWED_ORIGINS", "https://a.example", "allowed_origins", ("https://a.example",)),
    (
        "FEED_ALLOWED_ORIGINS",
        " https://a.example ,,https://b.example:8443,",
        "allowed_origins",
        ("https://a.example", "https://b.example:8443"),
    ),
    ("FEED_SUBSCRIBER_SECRET", "t" * 32, "subscriber_secret", "t" * 32),
    ("FEED_MAX_AGE_S", "60.5", "max_age_s", 60.5),
    ("FEED_HEARTBEAT_S", "1", "heartbeat_s", 1.0),
    ("FEED_SOURCES", "on", "sources", True),
    ("FEED_SOURCES", "off", "sources", False),
    ("FEED_RETENTION_S", "7200", "retention_s", 7200.0),
    ("FEED_RETENTION_EVENTS", "1", "retention_events", 1),
    ("FEED_HISTORY_BARS", "1", "history_bars", 1),
    ("FEED_LEASE_S", "2.5", "lease_s", 2.5),
    ("FEED_DRAIN_S", "0", "drain_s", 0.0),
    ("FEED_MAX_CONNECTIONS", "1", "max_connections", 1),
    ("FEED_MAX_CONNECTIONS_PER_IP", "0", "max_connections_per_ip", 0),
    ("FEED_MAX_TOPICS", "1", "max_topics", 1),
    ("FEED_MAX_WILDCARDS", "0", "max_wildcards", 0),
    ("FEED_MAX_LOG_TOPICS", "1", "max_log_topics", 1),
    ("FEED_COMMANDS_PER_S", "1", "commands_per_s", 1),
    ("FEED_COMMANDS_BURST", "1", "commands_burst", 1),
    ("FEED_ADMIN_CALLS_PER_S", "1", "admin_calls_per_s", 1),
    ("FEED_ADMIN_CALLS_BURST", "1", "admin_calls_burst", 1),
    ("FEED_WRONG_TOKENS_PER_MIN", "1", "wrong_tokens_per_min", 1),
    ("FEED_MESSAGE_BYTES", "1", "message_bytes", 1),
    ("FEED_ADMIN_BODY_BYTES", "1", "admin_body_bytes", 1),
    ("FEED_BODY_BYTES", "1", "body_bytes", 1),
    ("FEED_HEADER_BYTES", "1024", "header_bytes", 1024),
    ("FEED_REQUEST_S", "0.5", "request_s", 0.5),
    ("FEED_UNSUBSCRIBED_S", "0.5", "unsubscribed_s", 0.5),
    ("FEED_STALL_S", "0.5", "stall_s", 0.5),
    ("FEED_PONG_S", "0.5", "pong_s", 0.5),
    ("FEED_SEND_BUFFER_BYTES", "4096", "send_buffer_bytes", 4096),
    ("FEED_COMPRESS", "off", "compress", False),
    ("FEED_LOG_FORMAT", "json", "log_format", "json"),
    ("FEED_TRUSTED_PROXIES", "10.0.0.0/8,::1", "trusted_proxies", ("10.0.0.0/8", "::1")),
    ("FEED_ALLOW_PRIVATE_SOURCES", "on", "allow_private_sources", True),
    ("FEED_ALLOW_PRIVATE_SOURCES", "off", "allow_private_sources", False),
]

REFUSED: list[tuple[str, str]] = [
    *(("PORT", text) for text in ("", "http", "-1", "65536", "80.5")),
    *(
        (f"FEED_{name}", text)
        for name in ("MAX_AGE_S", "HEARTBEAT_S", "RETENTION_S", "LEASE_S")
        for text in ("", "soon", "0", "-1", "inf", "nan")
    ),
    *(("FEED_DRAIN_S", text) for text in ("", "soon", "-1", "inf")),
    *(
        (f"FEED_{name}", text)
        for name in ("RETENTION_EVENTS", "MAX_CONNECTIONS", "MAX_TOPICS", "MAX_LOG_TOPICS")
        for text in ("", "many", "0", "-1", "1.5")
    ),
    *((f"FEED_{name}_S", text) for name in ("REQUEST", "STALL") for text in ("", "0", "86401")),
    ("FEED_HEADER_BYTES", "1023"),
    ("FEED_SEND_BUFFER_BYTES", "4095"),
    ("FEED_MAX_WILDCARDS", "-1"),
    *(("FEED_MAX_CONNECTIONS_PER_IP", text) for text in ("", "many", "-1", "1.5")),
    *(
        (f"FEED_{name}", text)
        for name in ("SOURCES", "ALLOW_PRIVATE_SOURCES")
        for text in ("", "yes", "ON", "true", "1")
    ),
    ("FEED_ADMIN_TOKEN", "t" * 31),
    ("FEED_ADMIN_TOKEN", f"{TOKEN},short"),
    ("FEED_ADMIN_TOKEN", f"{TOKEN},{OTHER_TOKEN},{TOKEN}"),
    ("FEED_METRICS_TOKEN", "t" * 31),
    ("FEED_SUBSCRIBER_SECRET", "t" * 31),
    ("FEED_", "x"),
    ("FEED_PORT", "8080"),
    ("FEED_SOURCE", "demo"),
    ("FEED_HEARTBEATS", "15"),
    ("FEED_CONFIGURATION", "feed.toml"),
]


def test_without_any_settings() -> None:
    settings = read_settings({"HOME": "/home/feed", "PATH": "/bin", "SPORT": "football"})

    assert settings == msgspec.structs.replace(Settings(), source=demo())
    assert settings.host == "0.0.0.0"  # noqa: S104  (as protocol section 8 says)
    assert (settings.port, settings.log) == (8080, "sqlite:///feed.db")
    assert (settings.max_age_s, settings.heartbeat_s, settings.drain_s) == (3300, 15, 5)
    assert (settings.retention_s, settings.retention_events) == (3600, 1_000_000)
    assert (settings.max_connections, settings.max_connections_per_ip) == (20_000, 0)
    assert (settings.sources, settings.allow_private_sources) == (True, False)
    assert (settings.lease_s, settings.compress) == (5, True)
    assert settings.limits == Limits()


@pytest.mark.parametrize(("name", "text", "field", "value"), TAKEN)
def test_a_variable(name: str, text: str, field: str, value: object) -> None:
    settings = read_settings({name: text})

    assert getattr(settings, field) == value
    assert type(getattr(settings, field)) is type(value)
    assert settings == msgspec.structs.replace(Settings(), source=demo(), **{field: value})


def test_every_setting_has_a_variable_here() -> None:
    assert {field for _, _, field, _ in TAKEN} == set(Settings.__struct_fields__) - {"source"}


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_a_bad_variable_is_named(name: str, text: str) -> None:
    line = refused({name: text})

    assert line.startswith(f"{name}: ")


def test_a_token_that_is_refused_is_not_shown() -> None:
    assert "secret" not in refused({"FEED_ADMIN_TOKEN": "secret"})
    assert "secret" not in refused({"FEED_METRICS_TOKEN": "secret"})


def test_what_must_never_be_shown() -> None:
    settings = read_settings(
        {
            "FEED_ADMIN_TOKEN": f"{TOKEN},{TOKEN[::-1]}",
            "FEED_METRICS_TOKEN": f"{TOKEN}-m",
            "FEED_SUBSCRIBER_SECRET": f"{TOKEN}-s",
            "FEED_LOG": "redis://user:p%40ss-word@host:6379/0",
        }
    )
    assert settings.secrets == [
        TOKEN,
        TOKEN[::-1],
        f"{TOKEN}-m",
        f"{TOKEN}-s",
        "p%40ss-word",
        "p@ss-word",
    ]
    assert read_settings({"FEED_LOG": "redis://host:6379/0"}).secrets == []
