"""Entries → bars: which stretch they are in, which minutes are over, and what is remembered."""

import msgspec

from feed.hub.fold import SLOT_MS, Fold, Minute
from feed.model.bar import Bar
from feed.model.codec import JsonObject
from tests.support.prices import MINUTE_MS, START_MS, entries, priced
from tests.support.records import added

M = START_MS // MINUTE_MS
ONE = Bar(None, "1", "1", "1", "1")


def whole() -> Fold:
    return Fold(START_MS, is_whole=True)


def fine(fold: Fold, *topics: str) -> list[tuple[int, str, Bar]]:
    """The bars of five seconds, in seconds after the start."""
    bars = fold.fine(START_MS, topics or ("price:A",))
    return [((ms - START_MS) // 1000, topic, bar) for ms, topic, bar in bars]


def test_a_minute_is_over_with_the_first_entry_of_a_later_one() -> None:
    fold = whole()
    first = Bar(None, "1", "3", "1", "2")
    assert fold.extend(priced((0, "1"), (30_000, "3"), (59_999, "2"))) == []
    assert fold.running() == Minute(M, {"price:A": first})
    after = priced((0, "2"), (60_000, "5"))[1:]
    assert fold.extend(after) == [Minute(M, {"price:A": first})]
    assert fold.running() == Minute(M + 1, {"price:A": Bar("2", "5", "5", "5", "5")})


def test_minutes_in_which_nothing_came_are_not_told() -> None:
    fold = whole()
    over = fold.extend(priced((0, "1"), (10 * MINUTE_MS, "2"), (20 * MINUTE_MS, "3")))
    assert [minute.number for minute in over] == [M, M + 10]
    assert fold.number == M + 20


def test_a_minute_is_over_by_the_clock_too() -> None:
    fold = whole()
    fold.extend(priced((0, "1")))
    assert fold.advance(START_MS + 59_999) == []
    assert fold.advance(START_MS + 60_000) == [Minute(M, {"price:A": ONE})]
    assert fold.advance(START_MS + 60_000) == []
    assert fold.advance(START_MS) == []
    assert fold.advance(START_MS + 3 * MINUTE_MS) == [Minute(M + 1, {})]
    assert fold.running() == Minute(M + 3, {})


def test_what_comes_after_its_minute_was_over_counts_for_the_next_one() -> None:
    fold = whole()
    fold.advance(START_MS + MINUTE_MS)
    fold.extend(priced((0, "1")))
    assert fold.running() == Minute(M + 1, {"price:A": ONE})


def test_a_minute_that_was_not_read_from_its_beginning_is_not_told() -> None:
    fold = Fold(START_MS + 30_000, is_whole=False)
    over = fold.extend(priced((30_000, "1"), (60_000, "2"), (120_000, "3")))
    assert [minute.number for minute in over] == [M + 1]
    assert fold.fine_since_ms == START_MS + 35_000


def test_bars_of_five_seconds() -> None:
    fold = whole()
    fold.extend(
        entries(
            [
                (0, "price:A", {"price": "1"}),
                (1, "price:B", {"price": "7"}),
                (4_999, "price:A", {"price": "2"}),
                (5_000, "price:A", {"bid": "2"}),
                (21_000, "price:A", {"price": "3", "state": "stale"}),
            ]
        )
    )
    assert fine(fold) == [
        (0, "price:A", Bar(None, "1", "2", "1", "2")),
        (5, "price:A", Bar("2", "2", "2", "2", "2")),
        (20, "price:A", Bar("2")),
    ]
    assert fine(fold, "price:B", "price:C") == [(0, "price:B", Bar(None, "7", "7", "7", "7"))]
    assert [ms for ms, *_ in fold.fine(START_MS + 5_000, ["price:A"])] == [
        START_MS + 5_000,
        START_MS + 20_000,
    ]
    assert fold.now_ms == START_MS + 20_000


def test_what_says_no_price_leaves_a_bar_as_it_is() -> None:
    fold = whole()
    price: JsonObject = {"price": "1"}
    stale: JsonObject = {"price": "9", "state": "stale"}
    fold.extend(entries([(0, "price:A", price), (1, "price:A", stale), (2, "price:A", None)]))
    assert fine(fold) == [(0, "price:A", ONE)]
    assert fold.running().bars == {"price:A": ONE}


def test_scores_and_events_are_no_prices() -> None:
    fold = whole()
    event = priced((0, "1"))[0]
    told = msgspec.structs.replace(event, item=None, event=added("e", v=1).event)
    score = entries([(0, "score:A", {"price": "1"})])
    assert fold.extend([told, *score]) == []
    assert fold.running().bars == {}


def test_an_hour_of_five_seconds_is_remembered() -> None:
    fold = whole()
    fold.extend(priced(*((n * SLOT_MS, str(n)) for n in range(720))))
    assert fold.fine_since_ms == 0
    fold.extend(priced((720 * SLOT_MS, "1"), (721 * SLOT_MS, "2")))
    assert fold.fine_since_ms == START_MS + SLOT_MS
    assert [s for s, *_ in fine(fold)][:2] == [5, 10]


def test_of_many_topics_less_is_remembered() -> None:
    fold = whole()
    told = entries((0, f"price:{topic}", {"price": "1"}) for topic in range(25_000))
    for n in range(6):
        at = START_MS + n * SLOT_MS
        fold.extend([msgspec.structs.replace(entry, at=at) for entry in told])
    assert fold.fine_since_ms == START_MS + SLOT_MS
    assert [s for s, *_ in fine(fold, "price:7")] == [5, 10, 15, 20, 25]
    assert len(fold.running().bars) == 25_000
