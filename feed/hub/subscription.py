"""What a subscriber wants: filters, and how they are to be sent. Equal wants are equal values."""

import msgspec

from feed.model.topic import Filters

ALWAYS = ("state", "why")
"""Fields that nobody can leave out (protocol section 3)."""


class Options(msgspec.Struct, frozen=True):
    """The protocol's options (section 3). `fields` is sorted and unique; None means all."""

    conflate_ms: int = 0
    window_ms: int = 0
    delay_ms: int = 0
    fields: tuple[str, ...] | None = None


class Subscription(msgspec.Struct, frozen=True):
    """The key of a group: who wants the same thing gets the same bytes."""

    filters: Filters = Filters()
    options: Options = Options()

    @property
    def interest(self) -> frozenset[str] | None:
        """The fields that are sent; None: all."""
        fields = self.options.fields
        return None if fields is None else frozenset(fields).union(ALWAYS)


NOTHING = Subscription()
"""What everybody begins with."""
