import pytest

from feed.model.codec import Json, JsonObject, encode
from feed.model.entry import Item
from feed.web.view import age_text, price_view, score_view

NOW = 1_790_000_000_000


def item(topic: str, data: JsonObject, ts: int = NOW) -> Item:
    return Item(topic, 1, ts, encode(data))


def match(**data: object) -> dict[str, str]:
    return score_view(Item("score:EPL.ARS-CHE", 1, NOW, encode(data)), NOW)


def test_a_price_says_all_that_it_knows() -> None:
    data: JsonObject = {
        "name": "Bitcoin",
        "currency": "USD",
        "price": "97204.15",
        "bid": "97204.10",
        "ask": "97204.20",
        "low": "95791.60",
        "high": "98616.70",
        "change": "-1412.55",
        "change_pct": "-1.43",
        "volume": "88123456.5",
        "state": "stale",
        "why": "no answer",
    }
    assert price_view(item("price:BTC-USD", data, NOW - 75_000), NOW) == {
        "state": "stale",
        "age": "1 min",
        "why": "no answer",
        "held": "",
        "move": "down",
        "name": "Bitcoin",
        "detail": "BTC-USD · USD",
        "price": "97,204.15",
        "arrow": "▼",
        "change": "−1,412.55",
        "percent": "−1.43%",
        "bid": "97,204.10",
        "ask": "97,204.20",
        "low": "95,791.60",
        "high": "98,616.70",
        "volume": "88.12 M",
    }


def test_a_price_that_knows_nothing_has_its_ticker_and_a_dash() -> None:
    view = price_view(item("price:BTC-USD", {}), NOW)
    assert (view["name"], view["detail"], view["price"]) == ("BTC-USD", "", "–")
    assert {view[name] for name in ("change", "percent", "bid", "volume", "state")} == {""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("1.05", ("up", "▲", "+1.05")),
        ("-0.001", ("down", "▼", "−0.001")),
        ("0.00", ("flat", "", "0.00")),
        ("-0.00", ("flat", "", "−0.00")),
        ("<b>9", ("up", "▲", "<b>9")),
    ],
)
def test_a_change_has_a_sign_and_an_arrow(change: str, said: tuple[str, str, str]) -> None:
    view = price_view(item("price:A", {"change": change}), NOW)
    assert (view["move"], view["arrow"], view["change"]) == said


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        ("0.00012345", "0.00012345"),
        ("7.129", "7.12"),
        ("1204.5", "1,204.5"),
        ("12049", "12.04 K"),
        ("999999", "999.9 K"),
        ("1000000", "1.000 M"),
        ("3512887000.5", "3.512 B"),
        ("1234567890123456789", "1,234,567 T"),
        ("unknown", "unknown"),
    ],
)
def test_a_volume_is_cut_to_what_can_be_read_at_a_glance(volume: str, said: str) -> None:
    assert price_view(item("price:A", {"volume": volume}), NOW)["volume"] == said


def test_values_of_other_types_say_nothing() -> None:
    data: JsonObject = {"name": {"x": "1"}, "price": ["1"], "bid": True, "ask": 12}
    view = price_view(item("price:A", data), NOW)
    assert (view["name"], view["price"], view["bid"], view["ask"]) == ("A", "–", "", "12")


@pytest.mark.parametrize(
    ("age_ms", "said"),
    [
        (-5_000, "now"),
        (9_999, "now"),
        (10_000, "10 s"),
        (59_999, "50 s"),
        (60_000, "1 min"),
        (3_599_999, "59 min"),
        (3_600_000, "1 h"),
        (172_799_999, "47 h"),
        (172_800_000, "2 d"),
    ],
)
def test_an_age_is_coarse(age_ms: int, said: str) -> None:
    assert age_text(age_ms) == said


def test_a_match_in_play_has_a_clock_that_ticked_since_its_anchor() -> None:
    view = match(
        league="Premier League",
        phase="live",
        period="2H",
        clock={"ms": 4_020_000, "at": NOW - 12_900, "running": True},
        home={"name": "Arsenal", "abbr": "ARS", "score": 2},
        away={"name": "Chelsea", "abbr": "CHE", "score": 0},
    )
    assert (view["period"], view["clock"], view["league"]) == ("2H", "67:12", "Premier League")
    assert (view["home_name"], view["home_abbr"], view["home_score"]) == ("Arsenal", "ARS", "2")
    assert (view["title"], view["ahead"]) == ("Arsenal – Chelsea", "home")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"phase": "live", "clock": {"ms": 61_000, "at": NOW - 9_000, "running": False}}, "1:01"),
        ({"phase": "live", "clock": {"ms": 61_000, "at": NOW + 9_000, "running": True}}, "1:01"),
        (
            {
                "phase": "live",
                "clock": {"ms": 61_000, "at": NOW - 9_000, "running": True, "rate": 1.5},
            },
            "1:14",
        ),
        ({"phase": "break", "clock": {"ms": 61_000, "at": NOW, "running": False}}, ""),
        ({"phase": "live", "clock": "late"}, ""),
        ({"phase": "pre", "start": 1_790_001_000_000}, "Mon 14:30 UTC"),
        ({"phase": "pre", "start": 10**17}, ""),
        ({"phase": "pre"}, ""),
    ],
)
def test_a_clock_runs_only_in_play(data: dict[str, object], said: str) -> None:
    assert match(**data)["clock"] == said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"phase": "break", "period": "HT"}, "HT"),
        ({"phase": "break"}, "Break"),
        ({"phase": "post"}, "Final"),
        ({"phase": "abandoned", "period": "1H"}, "Abandoned"),
        ({"phase": "pre"}, ""),
    ],
)
def test_a_phase_has_a_word(data: dict[str, object], said: str) -> None:
    assert match(**data)["period"] == said


@pytest.mark.parametrize(
    ("penalties", "said"),
    [
        ([4, 2], ("4", "2", "home")),
        ([0, 1], ("0", "1", "away")),
        ([1, 1], ("1", "1", "")),
        (None, ("", "", "")),
        ([1], ("", "", "")),
        ("42", ("", "", "")),
    ],
)
def test_a_shoot_out_decides_and_is_no_score(penalties: object, said: tuple[str, str, str]) -> None:
    view = match(home={"score": 1}, away={"score": 1}, penalties=penalties)
    assert (view["home_kicks"], view["away_kicks"], view["ahead"]) == said
    assert (view["home_score"], view["away_score"]) == ("1", "1")


def test_a_match_without_teams_is_still_a_match() -> None:
    view = match(home="?", away={"abbr": "CHE", "score": "9" * 5000})
    assert (view["home_name"], view["home_score"]) == ("Home", "–")
    assert (view["away_name"], view["ahead"], view["league"]) == ("CHE", "", "EPL.ARS-CHE")


@pytest.mark.parametrize(
    ("pinned", "said"),
    [
        ({"/price": {"until": NOW + 60_000}}, "by hand until 14:14 UTC"),
        (
            {"/price": {"until": NOW + 60_000}, "/bid": {"until": NOW + 1}},
            "by hand until 14:14 UTC",
        ),
        ({"/price": {"until": NOW}}, ""),
        ({"/price": {"until": 10**17}}, ""),
        ({"/price": {"until": True}, "/bid": "x"}, ""),
        ("x", ""),
    ],
)
def test_what_the_admin_pinned_is_said_while_it_holds(pinned: Json, said: str) -> None:
    assert price_view(item("price:A", {"pinned": pinned}), NOW)["held"] == said
