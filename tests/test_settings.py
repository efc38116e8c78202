"""Every setting: what is taken, and the one line that names what is wrong."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from feed.errors import SettingsError
from feed.limits import Limits
from feed.settings import Settings, read_settings
from feed.sources.open import demo, open_source

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

REPLAY = "[[source]]\ntype = 'replay'\nname = 'a'\npath = 'x'\nformat = 'jsonl'\n"

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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "feed.toml"


def _refused(environment: dict[str, str]) -> str:
    """The one line that the start stops with."""
    with pytest.raises(SettingsError) as raised:
        read_settings(environment)
    line = str(raised.value)
    assert "\n" not in line
    return line


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
    line = _refused({name: text})

    assert line.startswith(f"{name}: ")


def test_a_token_that_is_refused_is_not_shown() -> None:
    assert "secret" not in _refused({"FEED_ADMIN_TOKEN": "secret"})
    assert "secret" not in _refused({"FEED_METRICS_TOKEN": "secret"})


def test_a_file(file: Path) -> None:
    file.write_text(
        f"""
        port = 9000
        heartbeat_s = 2
        sources = false
        admin_token = ["{TOKEN}", "{OTHER_TOKEN}"]

        [[source]]
        type = "replay"
        name = "last-season"
        path = "season.jsonl"
        format = "jsonl"

        [[source]]
        type = "random_walk"
        name = "market"
        every_s = 0.5
        tickers = [{{ topic = "A", name = "A", price = "1.00", currency = "USD" }}]
        """
    )
    settings = read_settings({"FEED_CONFIG": str(file)})

    assert (settings.port, settings.heartbeat_s, settings.sources) == (9000, 2, False)
    assert settings.admin_token == (TOKEN, OTHER_TOKEN)
    assert [(source.name, source.every_s) for source in settings.source][1] == ("market", 0.5)
    assert settings.log == "sqlite:///feed.db"


def test_a_file_without_sources_has_none(file: Path) -> None:
    file.write_text("")

    assert read_settings({"FEED_CONFIG": str(file)}) == Settings()


def test_no_name_of_a_file_is_no_file() -> None:
    assert read_settings({"FEED_CONFIG": ""}).source == demo()


def test_the_environment_wins_over_the_file(file: Path) -> None:
    file.write_text('port = 9000\nhost = "::1"\nsources = true\nadmin_token = ["short"]\n')
    settings = read_settings(
        {
            "FEED_CONFIG": str(file),
            "PORT": "9001",
            "FEED_SOURCES": "off",
            "FEED_ADMIN_TOKEN": TOKEN,
        }
    )

    assert (settings.port, settings.host, settings.sources) == (9001, "::1", False)
    assert settings.admin_token == (TOKEN,)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("port = \n", "line 1"),
        ('host = "a"\nhost = "b"\n', "line 2"),
        ("port = 65536", "port"),
        ('port = "8080"', "port"),
        ("max_age_s = 0", "max_age_s"),
        ('sources = "on"', "sources"),
        ('trusted_proxies = "10.0.0.0/8"', "trusted_proxies"),
        ("trusted_proxies = [1]", "trusted_proxies[0]"),
        ("heartbeats = 1", "heartbeats"),
        ("source = 1", "source"),
        ("[[source]]\nname = 'a'", "[source.a]"),
        ("[[source]]\ntype = 'astrology'\nname = 'a'", "[source.a].type"),
        ("[[source]]\ntype = 'random_walk'\nname = 'a'\nevery_s = 'x'", "[source.a].every_s"),
        (
            "[[source]]\ntype = 'replay'\nname = 'a'\npath = 'x'\nformat = 'jsonl'\nspeedy = 1",
            "[source.a].speedy: there is no such field; is speed meant?",
        ),
        ("[[source]]\ntype = 'scenario'\npath = 'x'", "[[source]] 1: `name` is missing"),
        ("source = [1]", "[[source]] 1: "),
        ("[source]\nname = 'a'", "source: expected [[source]]"),
        (REPLAY * 2, "[source.a]: another source has this name"),
        (REPLAY + "every_s = 0", "[source.a].every_s: expected more than 0"),
        (REPLAY + "market = {open = 1}", "[source.a].market: `timezone` is missing"),
    ],
)
def test_a_fault_of_the_file_is_named_with_its_place(file: Path, text: str, place: str) -> None:
    file.write_text(text)
    line = _refused({"FEED_CONFIG": str(file)})

    assert line.startswith(f"{file}: ")
    assert place in line


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f'admin_token = ["{TOKEN}", "short"]', "FEED_ADMIN_TOKEN"),
        ('metrics_token = "short"', "FEED_METRICS_TOKEN"),
        ('subscriber_secret = "short"', "FEED_SUBSCRIBER_SECRET"),
    ],
)
def test_what_types_cannot_say_holds_for_the_file_too(file: Path, text: str, name: str) -> None:
    file.write_text(text)

    assert _refused({"FEED_CONFIG": str(file)}).startswith(f"{name}: ")


def test_no_file(file: Path) -> None:
    assert str(file) in _refused({"FEED_CONFIG": str(file)})


def test_a_directory_for_a_file(tmp_path: Path) -> None:
    assert str(tmp_path) in _refused({"FEED_CONFIG": str(tmp_path)})


def test_a_file_that_is_no_text(file: Path) -> None:
    file.write_bytes(b'host = "\xff"')

    assert str(file) in _refused({"FEED_CONFIG": str(file)})


def test_the_file_of_this_project_says_the_defaults(file: Path) -> None:
    ours = ROOT / "feed.toml"
    if not ours.exists():
        pytest.skip("feed.toml is not written yet")
    settings = read_settings({"FEED_CONFIG": str(ours)})
    names = [name for name in Settings.__struct_fields__ if name != "source"]
    whole = re.sub(rf"(?m)^# ?(?=({'|'.join(names)}) = )", "", ours.read_text(encoding="utf-8"))
    file.write_text(whole, encoding="utf-8")

    assert msgspec.structs.replace(settings, source=()) == Settings()
    assert settings.source
    assert [open_source(each).name for each in settings.source] == [
        each.name for each in settings.source
    ]
    assert set(names) - tomllib.loads(whole).keys() == set()
    given = read_settings({"FEED_CONFIG": str(file)})
    assert msgspec.structs.replace(given, source=()) == Settings()


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
