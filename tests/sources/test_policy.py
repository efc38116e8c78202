"""How far a source is believed, as its settings say."""

import tomllib

import msgspec
import pytest

from feed.errors import SettingsError
from feed.sources.market import Market
from feed.sources.open import SourceConfig, demo
from feed.sources.policy import Policy

HTTP = 'type = "http_json"\nname = "api"\nurl = "https://example.org"\nitems = "@"\n'
TAPE = 'type = "replay"\nname = "tape"\npath = "x"\nformat = "jsonl"\n'
MARKET = 'market = {timezone = "America/New_York", open = "09:30", close = "16:00"'

WRONG = [
    (HTTP + "stale_after_s = 5", "stale_after_s: expected more than every_s and at most 604800"),
    (HTTP + "stale_after_s = 1e9", "stale_after_s: expected more than every_s and at most 604800"),
    (HTTP + "stale_after_s = nan", "stale_after_s: expected more than every_s and at most 604800"),
    (HTTP + MARKET.replace("09:30", "9.30") + "}", "market.open: expected a time such as 09:30"),
    (HTTP + MARKET.replace("York", "Yorck") + "}", "market.timezone: unknown"),
    (HTTP + MARKET + ", days = []}", "market.days: at least one is needed"),
    (TAPE + "stale_after_s = 60", "stale_after_s: means nothing for replay"),
    (TAPE + MARKET + "}", "market: means nothing for replay"),
]

WRONG_TYPES = [
    (MARKET + ', days = ["monday"]}', "market.days[0]"),
    (MARKET + ", shut = 1}", "market"),
    ('market = {timezone = "UTC", open = "09:30"}', "market"),
    ('stale_after_s = "soon"', "stale_after_s"),
]


def config(text: str) -> SourceConfig:
    made: SourceConfig = msgspec.convert(tomllib.loads(text), SourceConfig)
    return made


def test_what_others_say_is_checked() -> None:
    given = config(HTTP + "stale_after_s = 30\n" + MARKET + ', days = ["mon", "sat"]}')
    given.check()
    market = Market(timezone="America/New_York", opens="09:30", closes="16:00", days=("mon", "sat"))
    assert given.policy == Policy(
        name="api", trust="checked", every_s=5, stale_after_s=30, market=market
    )


def test_what_is_made_up_or_recorded_is_not() -> None:
    assert {each.policy.trust for each in demo()} == {"made"}
    assert config(TAPE).policy == Policy(name="tape", trust="recorded", every_s=0.5)


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_bad_value_is_named(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        config(text).check()
    assert str(raised.value).startswith(f"[source.{config(text).name}].{message}")


@pytest.mark.parametrize(("text", "place"), WRONG_TYPES)
def test_a_bad_type_is_named(text: str, place: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        config(HTTP + text)
    assert f"at `$.{place}`" in str(raised.value)


@pytest.mark.parametrize(
    ("policy", "kind", "expected"),
    [
        (Policy(name="x"), "price", 60_000),
        (Policy(name="x"), "score", 120_000),
        (Policy(name="x", every_s=90), "price", 270_000),
        (Policy(name="x", every_s=90, stale_after_s=91), "score", 91_000),
    ],
)
def test_the_silence_after_which_an_item_is_stale(policy: Policy, kind: str, expected: int) -> None:
    assert policy.stale_ms(kind) == expected
