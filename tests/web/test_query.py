import msgspec
import pytest

from feed.errors import BadCursor, BadQuery, Fault
from feed.hub.subscription import Options
from feed.limits import DEFAULTS
from feed.model.codec import Json
from feed.model.cursor import Cursor
from feed.model.payload import Rejected
from feed.web.parameter import WAIT
from feed.web.query import (
    change_options,
    need_filters,
    read_cursor,
    read_filters,
    read_options,
    read_topics,
)
from tests.support.request import asked

FIELDS = ",".join(f"f{n}" for n in range(64))


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("", []),
        ("topics=", []),
        ("topics=,,", []),
        ("topics=A", ["A"]),
        ("topics=A,B,A", ["A", "B", "A"]),
        ("topics=A&topics=B,C", ["A", "B", "C"]),
        ("topics=A%2CB", ["A", "B"]),
        ("topics=score:EPL.*", ["score:EPL.*"]),
        ("topics=A+B", ["A B"]),
        ("topics=%FF", ["\ufffd"]),
        ("topics=%ED%A0%80", ["\ufffd\ufffd\ufffd"]),  # no lone surrogate comes in by a URL
        ("tickers=A", []),
    ],
)
def test_topics_as_they_were_written(query: str, texts: list[str]) -> None:
    assert read_topics(asked(f"/poll?{query}")) == texts


def test_filters_are_put_in_full_and_the_bad_ones_named() -> None:
    filters, rejected = read_filters(
        ["B", "price:B", "score:X.*", "*", "a b", "fx:EUR", "A*B"], DEFAULTS
    )
    assert filters.names() == ["*", "price:B", "score:X.*"]
    assert [(each.topic, each.code) for each in rejected] == [
        ("a b", "bad_topic"),
        ("fx:EUR", "bad_topic"),
        ("A*B", "bad_topic"),
    ]


def test_the_same_list_is_read_once_for_all_who_bring_it() -> None:
    first, _ = read_filters(["B", "score:Y.*"], DEFAULTS)
    again, rejected = read_filters(["B", "score:Y.*"], DEFAULTS)
    assert again is first
    rejected.append(Rejected("x", "bad_topic", "of one client"))
    assert read_filters(["B", "score:Y.*"], DEFAULTS) == (first, [])
    narrow = msgspec.structs.replace(DEFAULTS, max_topics=0, max_wildcards=1)
    assert read_filters(["B", "score:Y.*"], narrow)[0].names() == ["score:Y.*"]


def topics(first: int, after: int) -> list[str]:
    return [f"T{n}" for n in range(first, after)]


def wildcards(first: int, after: int) -> list[str]:
    return [f"W{n}.*" for n in range(first, after)]


@pytest.mark.parametrize(
    ("had", "asked_for", "good", "refused"),
    [
        ([], topics(0, 1000), 1000, []),
        ([], topics(0, 1002), 1000, ["T1000", "T1001"]),
        (topics(0, 999), topics(999, 1001), 1000, ["T1000"]),
        (topics(0, 1000), topics(0, 1000), 1000, []),
        (topics(0, 1000), ["T7", "price:T8", "new"], 1000, ["new"]),
        ([], [*topics(0, 1000), *wildcards(0, 16)], 1016, []),
        ([], wildcards(0, 18), 16, ["W16.*", "W17.*"]),
        (wildcards(0, 15), ["W3.*", "*", "score:*"], 16, ["score:*"]),
        (wildcards(0, 16), ["A"], 17, []),
        (topics(0, 1000), ["*"], 1001, []),
    ],
)
def test_no_more_than_the_limits_with_those_had(
    had: list[str], asked_for: list[str], good: int, refused: list[str]
) -> None:
    before, _ = read_filters(had, DEFAULTS)
    filters, rejected = read_filters(asked_for, DEFAULTS, before)
    assert len(filters.names()) == good
    assert [each.topic for each in rejected] == refused
    assert {each.code for each in rejected} <= {"too_many_topics"}


def test_what_is_too_much_is_told_with_the_limit() -> None:
    _, rejected = read_filters([*topics(0, 1001), *wildcards(0, 17)], DEFAULTS)
    assert rejected == [
        Rejected("T1000", "too_many_topics", "at most 1000 a connection"),
        Rejected("W16.*", "too_many_topics", "at most 16 a connection"),
    ]


def test_a_door_needs_filters_and_good_ones_only() -> None:
    assert need_filters(asked("/poll?topics=B,A")).names() == ["price:A", "price:B"]
    with pytest.raises(BadQuery) as missing:
        need_filters(asked("/poll?topics=,"))
    assert missing.value.code == "bad_topic"
    assert missing.value.faults == (Fault("topics", "missing: which topics?"),)
    with pytest.raises(BadQuery) as bad:
        need_filters(asked("/poll?topics=A,a%20b,x:y"))
    assert bad.value.code == "bad_topic"
    assert [fault.path for fault in bad.value.faults] == ["topics=a b", "topics=x:y"]
    with pytest.raises(BadQuery) as many:
        need_filters(asked(f"/poll?topics={','.join(wildcards(0, 17))}"))
    assert many.value.code == "too_many_topics"


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", Options()),
        ("conflate_ms=&window_ms=&delay_ms=&fields=", Options()),
        ("conflate_ms=0&window_ms=0&delay_ms=0", Options()),
        ("conflate_ms=60000", Options(conflate_ms=60_000)),
        ("window_ms=1000", Options(window_ms=1000)),
        ("delay_ms=600000", Options(delay_ms=600_000)),
        ("conflate_ms=0250", Options(conflate_ms=250)),
        ("conflate_ms=250&conflate_ms=500", Options(conflate_ms=250)),  # the first counts
        ("fields=price", Options(fields=("price",))),
        ("fields=price,bid,price", Options(fields=("bid", "price"))),
        ("fields=a%20b", Options(fields=("a b",))),
        ("fields=price&fields=bid", Options(fields=("price",))),
        (f"fields={FIELDS}", Options(fields=tuple(sorted(FIELDS.split(","))))),
        ("merge=1", Options()),
    ],
)
def test_options(query: str, options: Options) -> None:
    assert read_options(asked(f"/poll?{query}").query) == options


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("conflate_ms=60001", ["conflate_ms"]),
        ("window_ms=1001", ["window_ms"]),
        ("delay_ms=600001", ["delay_ms"]),
        ("conflate_ms=-1", ["conflate_ms"]),
        ("conflate_ms=-0", ["conflate_ms"]),
        ("conflate_ms=%2B1", ["conflate_ms"]),
        ("conflate_ms=1.0", ["conflate_ms"]),
        ("conflate_ms=1e3", ["conflate_ms"]),
        ("conflate_ms=1_000", ["conflate_ms"]),
        ("conflate_ms=%20250", ["conflate_ms"]),
        ("conflate_ms=250%0A", ["conflate_ms"]),
        ("conflate_ms=٢٥٠", ["conflate_ms"]),
        ("conflate_ms=" + "9" * 5000, ["conflate_ms"]),
        ("conflate_ms=NaN", ["conflate_ms"]),
        ("fields=,", ["fields"]),
        ("fields=a,,b", ["fields"]),
        (f"fields={FIELDS},f64", ["fields"]),
        ("delay_ms=x&fields=,&conflate_ms=x", ["conflate_ms", "delay_ms", "fields"]),
    ],
)
def test_bad_options_are_all_named(query: str, paths: list[str]) -> None:
    with pytest.raises(BadQuery) as bad:
        read_options(asked(f"/poll?{query}").query)
    assert bad.value.code == "bad_option"
    assert [fault.path for fault in bad.value.faults] == paths


HAD = Options(conflate_ms=250, delay_ms=1000, fields=("price",))


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, HAD),
        ({"conflate_ms": 0}, Options(delay_ms=1000, fields=("price",))),
        ({"conflate_ms": None}, HAD),
        ({"window_ms": 5}, Options(conflate_ms=250, window_ms=5, delay_ms=1000, fields=("price",))),
        ({"fields": None}, Options(conflate_ms=250, delay_ms=1000)),
        ({"fields": ["b", "a", "b"]}, Options(conflate_ms=250, delay_ms=1000, fields=("a", "b"))),
    ],
)
def test_what_is_not_given_stays(given: dict[str, Json], options: Options) -> None:
    assert change_options(HAD, given) == options


@pytest.mark.parametrize(
    "given",
    [
        {"conflate_ms": True},
        {"conflate_ms": "250"},
        {"conflate_ms": [250]},
        {"conflate_ms": 10**100},
        {"fields": []},
        {"fields": "price"},
        {"fields": [1]},
        {"fields": [""]},
        {"fields": ["a", None]},
        {"fields": {"price": True}},
        {"fields": False},
    ],
)
def test_options_of_another_type(given: dict[str, Json]) -> None:
    with pytest.raises(BadQuery) as bad:
        change_options(HAD, given)
    assert [fault.path for fault in bad.value.faults] == [*given]


@pytest.mark.parametrize(
    ("query", "cursor"),
    [
        ("", None),
        ("cursor=", None),
        ("cursor=k3f9-18233", Cursor("k3f9", 18233)),
        ("cursor=k-0&cursor=k-1", Cursor("k", 0)),
        ("cursor=&cursor=k-1", None),
    ],
)
def test_a_cursor(query: str, cursor: Cursor | None) -> None:
    assert read_cursor(asked(f"/poll?{query}")) == cursor


@pytest.mark.parametrize("text", ["0", "k", "k-", "-1", "k-01", "K-1", "k-1%20", "k--1", "%00"])
def test_no_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        read_cursor(asked(f"/poll?cursor={text}"))


@pytest.mark.parametrize(
    ("query", "wait_s"),
    [("", 25), ("wait=", 25), ("wait=0", 0), ("wait=55", 55), ("wait=7&wait=9", 7)],
)
def test_a_wait(query: str, wait_s: int) -> None:
    assert WAIT.read(asked(f"/poll?{query}").query) == wait_s


@pytest.mark.parametrize("text", ["56", "-1", "1.5", "x", "%201", "9999999999"])
def test_a_wait_out_of_range(text: str) -> None:
    with pytest.raises(BadQuery) as bad:
        WAIT.read(asked(f"/poll?wait={text}").query)
    assert [fault.path for fault in bad.value.faults] == ["wait"]
