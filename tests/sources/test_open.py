import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from feed.errors import SettingsError
from feed.model.change import Change
from feed.model.field import check_fields
from feed.model.topic import kind_of
from feed.sources.open import SourceConfig, demo, open_source
from tests.support.sources import T0, Table

TOML = """
[[source]]
type = "random_walk"
name = "market"
tickers = [{topic = "BTC-USD", name = "Bitcoin", price = "67250.00", lot = "0.0001"}]

[[source]]
type = "match_clock"
name = "football"
speed = 30
[[source.fixtures]]
league = "EPL"
home = {name = "Arsenal", abbr = "ARS"}
away = {name = "Chelsea", abbr = "CHE"}

[[source]]
type = "http_json"
name = "api"
url = "https://example.org/products/{ticker}/ticker"
tickers = ["BTC-USD", "ETH-USD"]
items = "{price: price, bid: bid, ask: ask, ts: time}"

[[source]]
type = "replay"
name = "tape"
path = "TAPE"
format = "csv"
topic = "BTC-USD"
columns = ["ms", "open", "high", "low", "close", "volume"]
time = "ms"
date = "2016-10-07"
fields = {close = "price", volume = "size"}
"""


def configs(text: str) -> list[SourceConfig]:
    return msgspec.convert(tomllib.loads(text)["source"], list[SourceConfig])


async def test_every_type_opens_as_it_is_written_in_toml(tmp_path: Path) -> None:
    tape = tmp_path / "tape.csv"
    tape.write_text("4000,611.78,611.87,611.78,611.87,0.60046\n")
    sources = [open_source(config) for config in configs(TOML.replace("TAPE", str(tape)))]
    assert [(source.name, source.kind, source.every_s) for source in sources] == [
        ("market", "random_walk", 1.0),
        ("football", "match_clock", 1.0),
        ("api", "http_json", 5.0),
        ("tape", "replay", 0.5),
    ]
    for source in sources:
        source.resume(lambda topic: None)
        assert not source.ended
    [change] = await sources[3].poll(T0)
    assert change.patch == {"state": "live", "price": "611.87", "size": "0.60046"}
    for source in sources:
        await source.aclose()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('type = "random_walk"', "tickers"),
        ('type = "random"', r"\$\[0\].type"),
        ('type = "match_clock"\nfixtures = []\nevery = 1', "every"),
        ('type = "replay"\npath = "x"\nformat = "xml"', "xml"),
        ('type = "http_json"\nurl = 1\nitems = "@"', r"\$\[0\].url"),
    ],
)
def test_what_does_not_fit_is_refused(line: str, message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        configs(f'[[source]]\nname = "x"\n{line}\n')


def test_a_bad_value_is_named() -> None:
    [config, *_] = demo()
    with pytest.raises(SettingsError, match=r"^\[source\.market\]\.every_s: "):
        open_source(msgspec.structs.replace(config, every_s=0.0))


async def test_the_demo_fills_the_table_at_once_and_keeps_it_moving() -> None:
    sources = [open_source(config) for config in demo()]
    table = Table()
    table.apply([change for source in sources for change in await source.poll(T0)])
    kinds = [kind_of(topic) for topic in table.items]
    assert (kinds.count("price"), kinds.count("score")) == (12, 6)
    for topic, item in table.items.items():
        assert check_fields(kind_of(topic), item, "$") == []
    assert (
        len({item["phase"] for topic, item in table.items.items() if kind_of(topic) == "score"}) > 1
    )
    quiet_s = [0.0]
    for tick in range(1, 1200):
        found: list[Sequence[Change]] = [await source.poll(T0 + tick * 500) for source in sources]
        assert 1 <= len(found[0]) <= 12
        quiet_s.append(0 if found[1] or found[2] else quiet_s[-1] + 0.5)
    assert sum(quiet_s) / len(quiet_s) < 5
    assert max(quiet_s) < 45
