"""`check`: what is wrong with the settings, and what the good ones are."""

import os
from pathlib import Path

import pytest

from feed.__main__ import main

GOOD = """
[[source]]
type = "random_walk"
name = "market"
every_s = 0.5
tickers = [{ topic = "A", name = "A", price = "1" }]

[[source]]
type = "coinbase"
name = "coins"
tickers = ["BTC-USD"]
"""
BAD = """
[[source]]
type = "replay"
name = "tape"
format = "jsonl"
path = "nowhere.jsonl"

[[source]]
type = "replay"
name = "day"
format = "jsonl"
path = "day"
speed = -1
"""


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name == "PORT" or name.startswith("FEED_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FEED_CONFIG", "feed.toml")
    return tmp_path / "feed.toml"


def test_good_settings(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD)
    assert main(["check"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "the settings are good: 2 sources",
        "  market  random_walk, every 0.5 s",
        "  coins   coinbase, every 5 s",
    ]


def test_every_mistake_also_of_what_is_opened(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(f"port = 0.5\n{GOOD}{BAD}")
    assert main(["check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "3 mistakes in the settings:",
        "  feed.toml: port: Expected `int`, got `float`",
        "  feed.toml: [source.day].speed: expected 0 to 1000000",
        "  feed.toml: [source.tape].path: nowhere.jsonl: No such file or directory",
    ]


def test_one_mistake(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("port = \n")
    assert main(["check"]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert (first, second.startswith("  feed.toml: ")) == ("1 mistake in the settings:", True)


def test_the_start_says_the_first(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("colour = 1\nsources = 2\n")
    assert main(["serve"]) == 1
    assert capsys.readouterr().err == (
        "feed: feed.toml: colour: there is no such field"
        " (and 1 more; `python -m feed check` says all)\n"
    )
