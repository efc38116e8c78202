"""Topics, filters, and sets of filters."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import BadTopic
from feed.model.topic import ALL, NONE, Filters, kind_of, parse_filter, parse_topic

KEY_RULE = "a key is 1 to 64 characters of A-Z a-z 0-9 . _ - / ^ = @"
KIND_RULE = "the kind must be one of price, score"
STAR_RULE = "`*` may only end a filter, after a prefix of a key"

TOPICS = [
    ("BTC-USD", "price:BTC-USD"),
    ("price:BTC-USD", "price:BTC-USD"),
    ("score:EPL.ARS-CHE", "score:EPL.ARS-CHE"),
    ("btc-usd", "price:btc-usd"),
    ("a", "price:a"),
    ("Az09._-/^=@", "price:Az09._-/^=@"),
    ("price", "price:price"),
    ("k" * 64, "price:" + "k" * 64),
    ("score:" + "k" * 64, "score:" + "k" * 64),
]
BAD_KEYS = [
    ("", "''"),
    ("price:", "'price:'"),
    ("score:", "'score:'"),
    (" A", "' A'"),
    ("A ", "'A '"),
    ("A\n", "'A\\n'"),
    ("A,B", "'A,B'"),
    ("A*B", "'A*B'"),
    ("*A", "'*A'"),
    ("price:A:B", "'price:A:B'"),
    ("Ä", "'\\xc4'"),
    ("A\x00", "'A\\x00'"),
    ("\ud800", "'\\ud800'"),
    ("A'B", '"A\'B"'),
    ("k" * 65, "'" + "k" * 65 + "'"),
    ("score:" + "k" * 65, "'score:" + "k" * 65 + "'"),
    ("k" * 80, "'" + "k" * 80 + "'"),
    ("k" * 81, "'" + "k" * 80 + "...'"),
    ("é" * 5000, "'" + "\\xe9" * 80 + "...'"),
]
BAD_KINDS = [
    (":A", "':A'"),
    ("Price:A", "'Price:A'"),
    ("news:A", "'news:A'"),
    ("price :A", "'price :A'"),
]


@pytest.mark.parametrize(("text", "topic"), TOPICS)
def test_topics(text: str, topic: str) -> None:
    assert parse_topic(text) == topic
    assert parse_topic(topic) == topic
    assert parse_filter(text) == topic


@pytest.mark.parametrize(("text", "shown"), BAD_KEYS)
def test_bad_keys_are_quoted(text: str, shown: str) -> None:
    for parse in (parse_topic, parse_filter):
        with pytest.raises(BadTopic) as raised:
            parse(text)
        assert str(raised.value) == f"{shown}: {KEY_RULE}"


@pytest.mark.parametrize(("text", "shown"), BAD_KINDS)
def test_bad_kinds_are_quoted(text: str, shown: str) -> None:
    for parse in (parse_topic, parse_filter):
        with pytest.raises(BadTopic) as raised:
            parse(text)
        assert str(raised.value) == f"{shown}: {KIND_RULE}"


@pytest.mark.parametrize("text", ["*", "price:*", "BTC*", "score:EPL.*"])
def test_a_topic_holds_no_star(text: str) -> None:
    with pytest.raises(BadTopic, match=KEY_RULE.replace("^", r"\^").replace(".", r"\.")):
        parse_topic(text)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("*", "*"),
        ("price:*", "price:*"),
        ("score:*", "score:*"),
        ("score:EPL.*", "score:EPL.*"),
        ("BTC*", "price:BTC*"),
        ("score*", "price:score*"),
        ("k" * 64 + "*", "price:" + "k" * 64 + "*"),
    ],
)
def test_prefixes(text: str, full: str) -> None:
    assert parse_filter(text) == full
    assert parse_filter(full) == full


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("**", STAR_RULE),
        ("price:**", STAR_RULE),
        ("A*B*", STAR_RULE),
        ("A B*", STAR_RULE),
        ("price:A:B*", STAR_RULE),
        ("Ä*", STAR_RULE),
        ("k" * 65 + "*", STAR_RULE),
        (":*", KIND_RULE),
        ("news:*", KIND_RULE),
    ],
)
def test_bad_prefixes_are_quoted(text: str, rule: str) -> None:
    with pytest.raises(BadTopic) as raised:
        parse_filter(text)
    assert str(raised.value) == f"{text!a}: {rule}"


def test_the_kind_of_a_topic() -> None:
    assert kind_of("price:BTC-USD") == "price"
    assert kind_of("score:EPL.ARS-CHE") == "score"


NAMES = st.sampled_from(
    ["*", "price:*", "score:*", "price:A*", "price:AB*", "price:A", "price:AB", "score:A"]
)
SETS = st.frozensets(NAMES)
KNOWN = ["price:A", "price:AB", "price:ABC", "price:B", "score:A", "score:AB"]


def test_filters_in_canonical_form() -> None:
    filters = Filters.of(["score:L.*", "price:B", "price:A", "price:B", "*", "price:A*"])

    assert filters == Filters(
        topics=frozenset({"price:A", "price:B"}), prefixes=("", "price:A", "score:L.")
    )
    assert filters.names() == ["*", "price:A", "price:A*", "price:B", "score:L.*"]


@given(st.lists(NAMES), st.randoms())
def test_equal_sets_are_equal_values(names: list[str], chance: Random) -> None:
    again = [*names, *names]
    chance.shuffle(again)

    assert Filters.of(again) == Filters.of(names)
    assert hash(Filters.of(again)) == hash(Filters.of(names))
    assert Filters.of(names).names() == sorted(set(names))


@given(SETS, SETS)
def test_plus_and_minus_are_of_sets(one: frozenset[str], other: frozenset[str]) -> None:
    assert Filters.of(one).plus(Filters.of(other)) == Filters.of(one | other)
    assert Filters.of(one).minus(Filters.of(other)) == Filters.of(one - other)


@given(SETS, st.sampled_from(KNOWN))
def test_matches_where_one_of_them_does(names: frozenset[str], topic: str) -> None:
    expected = any(
        topic.startswith(name[:-1]) if name.endswith("*") else topic == name for name in names
    )

    assert Filters.of(names).matches(topic) is expected


@pytest.mark.parametrize(
    ("name", "is_covered"),
    [
        ("price:A", True),
        ("price:B", False),
        ("score:EPL.ARS-CHE", True),
        ("score:EPL.*", True),
        ("score:EPL.A*", True),
        ("score:*", False),
    ],
)
def test_what_is_covered(name: str, *, is_covered: bool) -> None:
    assert Filters.of(["price:A", "score:EPL.*"]).covers(name) is is_covered


@given(SETS, NAMES)
def test_a_filter_is_covered_where_all_that_it_matches_is(names: frozenset[str], name: str) -> None:
    filters = Filters.of(names)

    expected = any(
        name.startswith(each[:-1]) if each.endswith("*") else name == each for each in names
    )
    assert filters.covers(name) is expected
    if expected:
        matched = Filters.of([name])
        assert all(filters.matches(topic) for topic in KNOWN if matched.matches(topic))


def test_minus_takes_words_away_not_topics() -> None:
    wanted = Filters.of(["price:*"]).minus(Filters.of(["price:A"]))

    assert wanted.matches("price:A")


def test_all_and_none() -> None:
    assert Filters.of(["*"]) == ALL
    assert Filters.of([]) == NONE
    assert [ALL.matches("score:X"), NONE.matches("score:X")] == [True, False]
