"""When a market is open: its own wall clock, so that summer time is its own affair."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from feed.errors import Fault

Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)


class Market(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A session on each of some `days`, from `open` to before `close`, as clocks of `timezone` say.

    On `holidays` there is none.

    Where `close` is not after `open` the session goes over midnight, and is of the day on which
    it opens.
    """

    timezone: str
    opens: str = msgspec.field(name="open")
    closes: str = msgspec.field(name="close")
    days: tuple[Day, ...] = _WEEK
    holidays: tuple[date, ...] = ()

    def faults(self) -> Iterator[Fault]:
        """Every field that cannot be."""
        try:
            ZoneInfo(self.timezone)
        except (KeyError, OSError, ValueError):  # unknown, a folder, or no name at all
            message = f"unknown: {self.timezone!r}; expected one such as Europe/Berlin"
            yield Fault("timezone", message)
        for field, text in (("open", self.opens), ("close", self.closes)):
            if not _TIME.fullmatch(text):
                yield Fault(field, f"expected a time such as 09:30, not {text!r}")
        if not self.days:
            yield Fault("days", "at least one is needed")

    def is_open(self, now_ms: int) -> bool:
        """Whether there is a session now. The fields must have no fault."""
        now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(self.timezone))
        minute = now.hour * 60 + now.minute
        opens, closes = _minute(self.opens), _minute(self.closes)
        today = self._trades(now.date())
        if opens < closes:
            return today and opens <= minute < closes
        yesterday = self._trades(now.date() - timedelta(days=1))
        return (today and minute >= opens) or (yesterday and minute < closes)

    def _trades(self, day: date) -> bool:
        """Whether a session opens on a day."""
        return _DAYS[day.weekday()] in self.days and day not in self.holidays


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
