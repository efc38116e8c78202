"""All that is wrong with the settings, and not only the first of it."""

from pathlib import Path

import pytest

from feed.errors import SettingsError
from feed.settings import examine, read_settings


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "feed.toml"
    file.write_text(
        """
        port = "a"
        colour = 1
        trusted_proxies = ["gateway", "10.0.0.0/8"]
        heartbeat_s = 0
        retention_s = 60

        [[source]]
        type = "random_walk"
        name = "market"
        every_s = -1
        moving = 2
        tickers = [{ topic = "score:A", price = "1", decimals = 20 }, { topic = "A", name = "A" }]

        [[source]]
        type = "random_walks"
        name = "other"

        [[source]]
        type = "http_json"
        name = "api"
        url = "ftp://example.org"
        items = "{"
        timeout_s = 60
        market = { timezone = "Mars/Base", open = "9", close = "17:00" }

        [[source]]
        type = "match_clock"
        name = "good"
        [[source.fixtures]]
        league = "A"
        home = { abbr = "A", name = "A" }
        away = { abbr = "B", name = "B" }
        """
    )
    given = {"FEED_CONFIG": str(file), "FEED_SOURCES": "yes", "FEED_X": "1", "FEED_LOG": "x"}
    settings, wrong = examine(given | {"FEED_RETENTON_S": "1"})

    assert [line.removeprefix(f"{file}: ") for line in wrong] == [
        "FEED_SOURCES: 'yes': expected on or off",
        "FEED_X: no setting of this name",
        "FEED_RETENTON_S: no setting of this name; is FEED_RETENTION_S meant?",
        "FEED_LOG: 'x' is not memory:, sqlite:///path or redis://host:port/db",
        "FEED_TRUSTED_PROXIES: 'gateway' does not appear to be an IPv4 or IPv6 network",
        "colour: there is no such field",
        "port: Expected `int`, got `str`",
        "heartbeat_s: Expected `float` >= 0.05",
        "[source.market].tickers[0]: `name` is missing",
        "[source.market].tickers[1]: `price` is missing",
        "[source.other].type: there is no 'random_walks'; is random_walk meant?",
        "[source.api].market.timezone: unknown: 'Mars/Base'; expected one such as Europe/Berlin",
        "[source.api].market.open: expected a time such as 09:30, not '9'",
        "[source.api].timeout_s: expected more than 0 and at most 10",
        "[source.api].url: expected http://… or https://…",
        '[source.api].items: Invalid jmespath expression: Incomplete expression: "{" ^',
    ]
    assert [source.name for source in settings.source] == ["good"]
    assert (settings.retention_s, settings.heartbeat_s) == (60, 15)
    with pytest.raises(SettingsError) as raised:
        read_settings(given)
    assert str(raised.value) == (
        "FEED_SOURCES: 'yes': expected on or off (and 14 more; `python -m feed check` says all)"
    )
    assert len(raised.value.mistakes) == 15
