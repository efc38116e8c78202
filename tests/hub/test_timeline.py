"""The events of each match, as far back as the log and some memory go."""

from feed.hub.timeline import Timelines
from feed.model.entry import Entry


def told(offset: int, event: bytes | None, topic: str = "score:A") -> Entry:
    return Entry(offset, 0, topic, 1, 0, None, event, b"{}", None)


def test_events_of_a_match_in_order_up_to_a_place() -> None:
    timelines = Timelines()
    timelines.extend([told(1, b"goal"), told(2, None), told(3, b"card", "score:B")])
    timelines.extend([told(4, b"void"), told(5, b"trade", "price:A")])
    assert timelines.of("score:A", 9) == [b"goal", b"void"]
    assert timelines.of("score:A", 3) == [b"goal"]
    assert timelines.of("score:B", 9) == [b"card"]
    assert timelines.of("score:C", 9) == []
    assert timelines.of("price:A", 9) == []


def test_what_the_log_lets_go_is_gone() -> None:
    timelines = Timelines()
    timelines.extend([told(1, b"goal"), told(3, b"card", "score:B"), told(4, b"void")])
    timelines.trim(3)
    assert timelines.of("score:A", 9) == [b"void"]
    timelines.trim(9)
    assert timelines.of("score:A", 9) == timelines.of("score:B", 9) == []
    timelines.extend([told(10, b"goal")])
    timelines.trim(10)
    assert timelines.of("score:A", 10) == [b"goal"]


def test_of_too_many_the_oldest_go() -> None:
    timelines = Timelines()
    megabyte = bytes(1 << 20)
    timelines.extend([told(n, megabyte, f"score:{n}") for n in range(40)])
    kept = [n for n in range(40) if timelines.of(f"score:{n}", 99)]
    assert kept == list(range(8, 40))
