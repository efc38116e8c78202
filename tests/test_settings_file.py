"""The file of settings: what is taken of it, and where it says what is wrong."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from feed.settings import Settings, read_settings
from feed.sources.open import demo, open_source
from tests.support.settings import refused

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "t" * 32
OTHER_TOKEN = "o" * 40

REPLAY = "[[source]]\ntype = 'replay'\nname = 'a'\npath = 'x'\nformat = 'jsonl'\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "feed.toml"


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
    line = refused({"FEED_CONFIG": str(file)})

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

    assert refused({"FEED_CONFIG": str(file)}).startswith(f"{name}: ")


def test_no_file(file: Path) -> None:
    assert str(file) in refused({"FEED_CONFIG": str(file)})


def test_a_directory_for_a_file(tmp_path: Path) -> None:
    assert str(tmp_path) in refused({"FEED_CONFIG": str(tmp_path)})


def test_a_file_that_is_no_text(file: Path) -> None:
    file.write_bytes(b'host = "\xff"')

    assert str(file) in refused({"FEED_CONFIG": str(file)})


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
