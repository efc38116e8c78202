from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from feed.sources.market import Market

NEW_YORK = Market(
    timezone="America/New_York", opens="09:30", closes="16:00", holidays=(date(2026, 12, 25),)
)
FUTURES = Market(
    timezone="America/Chicago", opens="17:00", closes="16:00",
    days=("sun", "mon", "tue", "wed", "thu"), holidays=(date(2026, 12, 24),),
)  # fmt: skip

OPEN: list[tuple[Market, str, bool]] = [
    (NEW_YORK, "2026-09-21T09:29:59", False),
    (NEW_YORK, "2026-09-21T09:30:00", True),
    (NEW_YORK, "2026-09-21T15:59:59", True),
    (NEW_YORK, "2026-09-21T16:00:00", False),
    (NEW_YORK, "2026-09-26T12:00:00", False),
    (NEW_YORK, "2026-03-09T09:30:00", True),
    (NEW_YORK, "2026-12-24T12:00:00", True),
    (NEW_YORK, "2026-12-25T12:00:00", False),
    (FUTURES, "2026-12-24T12:00:00", True),  # the session of the day before
    (FUTURES, "2026-12-24T17:30:00", False),
    (FUTURES, "2026-12-25T12:00:00", False),
    (FUTURES, "2026-09-20T16:59:00", False),
    (FUTURES, "2026-09-20T17:00:00", True),
    (FUTURES, "2026-09-21T15:59:00", True),
    (FUTURES, "2026-09-21T16:30:00", False),
    (FUTURES, "2026-09-25T15:59:00", True),
    (FUTURES, "2026-09-25T17:30:00", False),
    (FUTURES, "2026-09-26T10:00:00", False),
]

WRONG: list[tuple[dict[str, object], tuple[str, str]]] = [
    (
        {"timezone": "Mars/Olympus"},
        ("timezone", "unknown: 'Mars/Olympus'; expected one such as Europe/Berlin"),
    ),
    ({"timezone": ""}, ("timezone", "unknown: ''; expected one such as Europe/Berlin")),
    (
        {"timezone": "../UTC"},
        ("timezone", "unknown: '../UTC'; expected one such as Europe/Berlin"),
    ),
    ({"open": "9:30"}, ("open", "expected a time such as 09:30, not '9:30'")),
    ({"close": "25:00"}, ("close", "expected a time such as 09:30, not '25:00'")),
    ({"days": []}, ("days", "at least one is needed")),
]


@pytest.mark.parametrize(("market", "local", "expected"), OPEN)
def test_sessions(market: Market, local: str, *, expected: bool) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(market.timezone))
    assert market.is_open(int(moment.timestamp() * 1000)) is expected


def test_an_hour_of_summer_time_is_the_markets_own() -> None:
    winter, summer = 1_768_487_400_000, 1_784_122_200_000  # 14:30 and 13:30 UTC
    assert NEW_YORK.is_open(winter)
    assert NEW_YORK.is_open(summer)
    assert not NEW_YORK.is_open(winter - 60_000)
    assert not NEW_YORK.is_open(summer - 60_000)


def test_a_day_may_end_at_its_end() -> None:
    market = Market(timezone="UTC", opens="00:00", closes="24:00", days=("mon",))
    monday = 1_789_948_800_000
    assert [market.is_open(monday + ms) for ms in (-1, 0, 86_399_999, 86_400_000)] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("given", "fault"), WRONG)
def test_what_cannot_be_is_named(given: dict[str, object], fault: tuple[str, str]) -> None:
    fields = {"timezone": "UTC", "open": "09:00", "close": "17:00"} | given
    assert [*msgspec.convert(fields, Market).faults()] == [fault]


def test_what_can_be_has_no_fault() -> None:
    assert [*NEW_YORK.faults()] == []
    assert [*FUTURES.faults()] == []
