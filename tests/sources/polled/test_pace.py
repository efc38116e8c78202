import pytest

from feed.model.codec import JsonObject
from feed.sources.polled.pace import Pace, Part, is_idle
from tests.support.sources import T0

PACE = Pace(every_s=10, idle_every_s=300, unwatched_every_s=60)
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("idle", "watched", "wait_s"),
    [(False, True, 10), (True, True, 300), (False, False, 60), (True, False, 300)],
)
def test_the_pace_follows_what_goes_on_and_who_looks(
    idle: bool,  # noqa: FBT001
    watched: bool,  # noqa: FBT001
    wait_s: float,
) -> None:
    assert PACE.wait_s(idle=idle, watched=watched) == wait_s


@pytest.mark.parametrize(
    ("item", "idle"),
    [
        (None, False),
        ({"price": "1", "state": "live"}, False),
        ({"price": "1", "state": "halted"}, False),
        ({"price": "1", "state": "closed"}, True),
        ({"phase": "live"}, False),
        ({"phase": "break"}, False),
        ({"phase": "post"}, True),
        ({"phase": "postponed"}, True),
        ({"phase": "abandoned"}, True),
        ({"phase": "pre"}, True),
        ({"phase": "pre", "start": T0 + HOUR}, True),
        ({"phase": "pre", "start": T0 + 120_001}, True),
        ({"phase": "pre", "start": T0 + 120_000}, False),  # it is about to begin
        ({"phase": "pre", "start": T0 - HOUR}, False),  # it is late, or the source is
        ({"phase": "pre", "start": T0 - 7 * HOUR}, True),
    ],
)
def test_nothing_goes_on(item: JsonObject | None, idle: bool) -> None:  # noqa: FBT001
    assert is_idle([item], T0) is idle
    assert is_idle([{"phase": "post"}, item], T0) is idle


def test_where_there_is_no_match_nothing_goes_on() -> None:
    assert is_idle([], T0) is True


class Stands:
    """Who looks at one topic, and how it stands."""

    def __init__(self) -> None:
        self.item: JsonObject = {"phase": "live"}
        self.is_watched = True

    def asked(self, part: Part, *seconds: float) -> list[float]:
        """At which of these ticks it is asked."""
        asked = []
        for after_s in seconds:
            now_ms = T0 + round(after_s * 1000)
            if part.is_due(PACE, lambda _: self.item, lambda _: self.is_watched, now_ms):
                part.asked_ms = now_ms
                asked.append(after_s)
        return asked


TICKS = [tick * 10.0 for tick in range(40)]


def test_a_match_that_goes_on_is_asked_for_at_every_tick() -> None:
    assert Stands().asked(Part(("score:A-B",)), *TICKS) == TICKS


def test_a_match_that_is_over_is_asked_for_now_and_then() -> None:
    stands = Stands()
    stands.item = {"phase": "post"}
    assert stands.asked(Part(("score:A-B",)), *TICKS) == [0, 300]


def test_ticks_that_are_early_or_late_by_a_little_change_nothing() -> None:
    stands = Stands()
    stands.item = {"phase": "post"}
    assert stands.asked(Part(("score:A-B",)), 0.4, 290, 299.9, 310) == [0.4, 299.9]


def test_what_nobody_follows_falls_to_the_floor_after_a_minute_and_comes_back_at_once() -> None:
    stands, part = Stands(), Part(("score:A-B",))
    assert stands.asked(part, 0, 10, 20) == [0, 10, 20]
    stands.is_watched = False
    assert stands.asked(part, 30, 40, 50, 60, 70) == [30, 40, 50, 60, 70]  # it may come back
    assert stands.asked(part, 80, 90, 100, 110, 120, 130, 140) == [130]
    stands.is_watched = True
    assert stands.asked(part, 150, 160) == [150, 160]


def test_what_nobody_ever_followed_is_asked_for_at_the_floor() -> None:
    stands = Stands()
    stands.is_watched = False
    assert stands.asked(Part(("score:A-B",)), *TICKS) == [0, 60, 120, 180, 240, 300, 360]


def test_a_clock_that_goes_back_keeps_nothing_from_being_asked() -> None:
    stands = Stands()
    stands.item = {"phase": "post"}
    part = Part(("score:A-B",))
    assert stands.asked(part, 0, 10, -50_000, -49_990) == [0, -50_000]
