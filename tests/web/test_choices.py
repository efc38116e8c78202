import pytest
from multidict import MultiDict

from feed.web.choices import Choices, read_choices


def test_nothing_said_is_the_page_as_it_is() -> None:
    assert read_choices(MultiDict()) == Choices(
        sort="name", q="", pins=frozenset(), delay_s=0, theme="", hide=False, still=False, big=False
    )


def test_everything_can_be_said_in_the_url() -> None:
    query = MultiDict(
        sort="-change", q="usd", pin="BTC-USD,score:EPL.ARS-CHE", delay="12", theme="dark"
    )
    query.extend([("pin", "ETH-USD"), ("hide", "1"), ("still", "1"), ("big", "1")])
    assert read_choices(query) == Choices(
        sort="-change",
        q="usd",
        pins=frozenset({"price:BTC-USD", "score:EPL.ARS-CHE", "price:ETH-USD"}),
        delay_s=12,
        theme="dark",
        hide=True,
        still=True,
        big=True,
    )


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "trend"},
        {"sort": "--price"},
        {"delay": "-1"},
        {"delay": "121"},
        {"delay": "9999999999"},
        {"delay": "1.5"},
        {"delay": "٣"},
        {"theme": "pink"},
        {"pin": ",,"},
        {"hide": "", "q": ""},
    ],
)
def test_what_makes_no_sense_is_as_if_it_were_not_there(query: dict[str, str]) -> None:
    assert read_choices(MultiDict(query)) == Choices()


def test_the_button_counts_before_the_field_that_keeps_the_order() -> None:
    query = MultiDict([("sort", "name"), ("q", "usd"), ("sort", "-price")])
    assert read_choices(query).sort == "-price"
