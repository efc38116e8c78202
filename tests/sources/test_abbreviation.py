import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.sources.abbreviation import abbreviations, initials
from feed.sources.match import fits_topic


def test_three_letters_that_people_would_choose() -> None:
    names = {
        "Mexico": "MEX",
        "South Africa": "SAF",
        "South Korea": "SKO",
        "Australia": "AUS",
        "Austria": "AUT",
        "Iran": "IRA",
        "Iraq": "IRQ",
        "Curaçao": "CUR",
        "USA": "USA",
        "Bosnia & Herzegovina": "BHE",
        "AFC Bournemouth": "BOU",
        "Arsenal FC": "ARS",
        "Manchester City FC": "MCI",
        "Manchester United FC": "MUN",
        "West Ham United FC": "WHU",
    }
    assert abbreviations(names) == names


@given(st.sets(st.text(max_size=12), max_size=40))
def test_they_differ_and_fit_a_topic_whatever_the_names(names: set[str]) -> None:
    given_names = abbreviations(names)
    assert given_names.keys() == names
    assert len(set(given_names.values())) == len(names)
    assert all(fits_topic(abbr) and len(abbr) == 3 for abbr in given_names.values())
    assert abbreviations(sorted(names, reverse=True)) == given_names


@pytest.mark.parametrize(
    ("name", "expected"),
    [("World Cup 2026", "WC"), ("English Premier League 2024/25", "EPL"), ("2026", "")],
)
def test_initials_of_a_league(name: str, expected: str) -> None:
    assert initials(name) == expected
